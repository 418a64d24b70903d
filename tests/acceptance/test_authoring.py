"""A product authored over REST alone, and a person's subject drawn with it."""

from gpu import pocket

PROMPT = "a large green square on a white background"
COPIED = (
    "strategy", "generator", "checkpoint", "checkpoint_revision", "loras", "controlnets", "scheduler",
    "prompt_prefix", "rating", "price",
)  # fmt: skip


def made(answer, status: int = 201) -> dict:
    assert answer.status_code == status, answer.text
    return answer.json()


def authored(staff) -> None:
    """The family `portraits`: the plain shapes, with somebody to cast."""
    shapes = made(staff.get("/v1/workflows/pocket-solid-fine"), 200)
    hero = {"key": "subject", "kind": "character", "label": "Who"}
    contract = {**shapes["contract"], "inputs": [*shapes["contract"]["inputs"], hero]}
    workflow = {"key": "portrait", "display_name": "Portrait", "contract": contract}
    made(staff.post("/v1/workflows", json=workflow | {name: shapes[name] for name in COPIED}))
    made(staff.post("/v1/workflows/portrait/publish"), 200)
    made(staff.post("/v1/families", json={"key": "portraits", "display_name": "Portraits"}))
    axis = {"key": "mood", "display_name": "Mood", "control": "dropdown", "options": [{"value": "calm"}]}
    made(staff.post("/v1/families/portraits/axes", json=axis))
    member = {"workflow": "portrait", "tuple": {"mood": "calm"}}
    made(staff.post("/v1/families/portraits/members", json=member))


def test_a_subject_is_drawn_by_a_family_that_was_authored_over_rest(stack, client, draw):
    with stack.client("admin") as staff:
        authored(staff)
    with next(pocket.LORA.glob("*.safetensors")).open("rb") as file:
        lora = made(client.post("/v1/loras", files={"file": file}, data={"name": "Outline"}))["id"]
    ada = {"name": "Ada", "trigger_word": "outlined", "lora": lora}
    subject = made(client.post("/v1/subjects", json=ada))["id"]

    cast, with_subject = draw(PROMPT, family="portraits", inputs={"subject": subject}, seed=3)
    _, without = draw(PROMPT, family="portraits", seed=3)
    # The demo's workflow of the same LoRA and prompt draws the same picture.
    _, outlined = draw(PROMPT, seed=3, selection={"input_model": "outlined"})

    assert cast["workflow"] == "portrait" and cast["inputs"]["subject"] == subject
    assert with_subject[0].tobytes() == outlined[0].tobytes() != without[0].tobytes()
