"""Subjects, products and styles: an owner's own, and what they add to a picture."""

import base64

import pytest

from strategies.models import Asset, Lora, Product, Style, Subject, Task
from strategies.params import parse
from tests.factories import make_workflow, spec, text_to_image_contract

from .test_bad_input import assert_problem, locations
from .test_uploads import LORA, upload
from .work import finish, png

KINDS = {"subjects": Subject, "products": Product, "styles": Style}


@pytest.fixture(params=KINDS)
def path(request) -> str:
    return f"/v1/{request.param}"


@pytest.fixture
def lora(client) -> str:
    return upload(client, "/v1/loras", LORA.read_bytes(), name="Outline").json()["id"]


@pytest.fixture
def picture(client) -> str:
    return upload(client, "/v1/assets", png()).json()["id"]


def made(client, path="/v1/subjects", **fields) -> dict:
    answer = client.post(path, {"name": "Ada", **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


@pytest.fixture
def casting():
    """A workflow whose author asks for a hero, a product and a style."""
    contract = text_to_image_contract()
    contract["inputs"] += [spec(key, "character") for key in ("hero", "product", "style")]
    return make_workflow(contract=contract, prompt_prefix="photo of ")


def ask(client, workflow, prompt="a red circle", **inputs):
    return client.post("/v1/generations", {"workflow": workflow.key, "inputs": {"prompt": prompt, **inputs}})


def task_params(answer):
    assert answer.status_code == 202, answer.content
    return parse(Task.objects.get(generation_id=answer.json()["id"]).params)


# --- the rows -----------------------------------------------------------------------------------------
def test_one_is_made_read_changed_and_deleted(client, path, lora, picture):
    concept = made(client, path, trigger_word="outlined", lora=lora, weight=0.7, picture=picture)
    assert (concept["name"], concept["trigger_word"], concept["lora"], concept["weight"]) == (
        "Ada", "outlined", lora, 0.7,
    )  # fmt: skip
    assert concept["picture"]["id"] == picture and client.get(concept["picture"]["url"]).status_code == 200
    address = f"{path}/{concept['id']}"
    assert client.get(address).json() == concept
    changed = client.patch(address, {"name": "Grace", "lora": None, "picture": None}).json()
    assert (changed["name"], changed["lora"], changed["picture"]) == ("Grace", None, None)
    assert (changed["trigger_word"], changed["weight"]) == ("outlined", 0.7)
    assert [row["name"] for row in client.get(path).json()["results"]] == ["Grace"]
    assert client.delete(address).status_code == 204
    assert_problem(client.get(address), 404, "not_found")
    assert Asset.objects.count() == Lora.objects.count() == 1


def test_a_name_is_enough(client, path):
    concept = made(client, path)
    assert (concept["trigger_word"], concept["lora"], concept["weight"], concept["picture"]) == (
        "", None, 1.0, None,
    )  # fmt: skip


def test_a_picture_may_be_inlined(client, path):
    inline = "data:image/png;base64," + base64.b64encode(png(size=24)).decode()
    assert made(client, path, picture=inline)["picture"]["width"] == 24


def test_another_accounts_do_not_exist(client, stranger, path):
    address = f"{path}/{made(client, path)['id']}"
    assert stranger.client.get(path).json()["results"] == []
    for method in (stranger.client.get, stranger.client.patch, stranger.client.delete):
        assert_problem(method(address), 404, "not_found")
    assert client.get(address).status_code == 200


def test_what_is_another_accounts_cannot_be_used(client, stranger, path, lora, picture):
    answer = stranger.client.post(path, {"name": "Ada", "lora": lora})
    assert locations(assert_problem(answer, 422, "invalid_inputs")) == [["lora"]]
    answer = stranger.client.post(path, {"name": "Ada", "picture": picture})
    assert locations(assert_problem(answer, 422, "invalid_image")) == [["picture"]]
    assert all(kind.objects.count() == 0 for kind in KINDS.values())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", None),
        ("trigger_word", "x" * 81),
        ("trigger_word", ["a"]),
        ("lora", "nonsense"),
        ("weight", 11),
        ("weight", "nan"),
        ("weight", None),
        ("picture", ""),
        ("owner", 1),
        ("id", "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_a_field_that_cannot_be_kept_is_named(client, field, value):
    answer = client.post("/v1/subjects", {"name": "Ada", field: value})
    assert [field] in locations(assert_problem(answer, 422, "invalid_request"))
    address = f"/v1/subjects/{made(client)['id']}"
    answer = client.patch(address, {field: value})
    assert [field] in locations(assert_problem(answer, 422, "invalid_request"))


def test_one_is_made_once_under_one_key(client, path):
    answers = [client.post(path, {"name": "Ada"}, headers={"Idempotency-Key": "ada"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(client.get(path).json()["results"]) == 1


def test_a_list_goes_by_cursor_in_as_many_queries_however_long(client, picture, django_assert_num_queries):
    for number in range(5):
        made(client, name=f"n{number}", picture=picture)
    page = client.get("/v1/subjects?limit=3").json()
    assert [row["name"] for row in page["results"]] == ["n4", "n3", "n2"]
    assert [row["name"] for row in client.get(page["next"]).json()["results"]] == ["n1", "n0"]
    with django_assert_num_queries(2):  # the key, the page
        client.get("/v1/subjects")


# --- in use -------------------------------------------------------------------------------------------
def test_a_lora_in_use_is_not_deleted_and_says_by_whom(client, path, lora):
    concept = made(client, path, lora=lora)
    body = assert_problem(client.delete(f"/v1/loras/{lora}"), 409, "lora_in_use")
    assert f"the {path[4:-1]} “Ada”" in body["detail"] and locations(body) == [["lora"]]
    stored = Lora.objects.get()
    assert stored.file.storage.exists(stored.file.name)
    client.patch(f"{path}/{concept['id']}", {"lora": None})
    assert client.delete(f"/v1/loras/{lora}").status_code == 204
    assert not stored.file.storage.exists(stored.file.name)


def test_a_generation_whose_picture_is_in_use_is_not_deleted(client, workflow, path):
    generation = ask(client, workflow).json()["id"]
    output = finish()
    concept = made(client, path, picture=str(output.id))
    body = assert_problem(client.delete(f"/v1/generations/{generation}"), 409, "asset_in_use")
    assert "“Ada”" in body["detail"]
    client.delete(f"{path}/{concept['id']}")
    assert client.delete(f"/v1/generations/{generation}").status_code == 204


# --- in a picture -------------------------------------------------------------------------------------
def test_a_subject_brings_its_trigger_word_and_its_lora(client, casting, lora):
    subject = made(client, trigger_word="sks", lora=lora, weight=0.7)["id"]
    answer = ask(client, casting, hero=subject)
    params = task_params(answer)
    assert params.prompt == "photo of sks a red circle"
    assert [(str(each.lora), each.weight) for each in params.loras] == [(lora, 0.7)]
    assert answer.json()["inputs"]["hero"] == subject


def test_a_trigger_word_that_the_prompt_has_is_not_repeated(client, casting):
    subject = made(client, trigger_word="sks")["id"]
    for prompt, told in {"a circle by SKS.": "a circle by SKS.", "asks": "sks asks"}.items():
        assert task_params(ask(client, casting, prompt, hero=subject)).prompt == f"photo of {told}"


def test_a_subject_a_product_and_a_style_speak_in_turn(client, casting, lora):
    picks = {
        "hero": made(client, trigger_word="ada", lora=lora)["id"],
        "product": made(client, "/v1/products", trigger_word="mug")["id"],
        "style": made(client, "/v1/styles", trigger_word="inked", lora=lora, weight=0.5)["id"],
    }
    params = task_params(ask(client, casting, loras=[{"lora": lora, "weight": 0.1}], **picks))
    assert params.prompt == "photo of ada mug inked a red circle"
    assert [each.weight for each in params.loras] == [1.0, 0.5, 0.1]


def test_no_pick_adds_nothing(client, casting):
    params = task_params(ask(client, casting, hero=None))
    assert params.prompt == "photo of a red circle" and params.loras == ()


def test_a_subject_that_is_not_there_or_not_yours_is_named(client, stranger, casting):
    foreign = made(stranger.client)["id"]
    product = made(client, "/v1/products")["id"]
    for reference in (foreign, product, "00000000-0000-0000-0000-000000000000", "nonsense"):
        body = assert_problem(ask(client, casting, hero=reference), 422, "invalid_inputs")
        assert locations(body) == [["inputs", "hero"]] and body["errors"][0]["type"] == "unknown_subject"
    body = assert_problem(ask(client, casting, hero=foreign, style=foreign), 422, "invalid_inputs")
    assert locations(body) == [["inputs", "hero"], ["inputs", "style"]]
    assert_problem(ask(client, casting, hero=12), 422, "invalid_inputs")


def test_too_many_loras_together_are_refused(client, casting, lora):
    subject = made(client, lora=lora)["id"]
    loras = [{"lora": lora}] * 8
    body = assert_problem(ask(client, casting, hero=subject, loras=loras), 422, "invalid_inputs")
    assert locations(body) == [["inputs", "loras"]] and "not 9" in body["detail"]
    assert ask(client, casting, hero=subject, loras=loras[:7]).status_code == 202


def test_what_was_accepted_stays_as_it_was_asked_for(client, casting, lora):
    subject = made(client, trigger_word="sks", lora=lora)["id"]
    answer = ask(client, casting, hero=subject)
    client.patch(f"/v1/subjects/{subject}", {"trigger_word": "other"})
    client.delete(f"/v1/subjects/{subject}")
    assert task_params(answer).prompt == "photo of sks a red circle"
    generation = client.get(f"/v1/generations/{answer.json()['id']}").json()
    assert generation["inputs"]["hero"] == subject
