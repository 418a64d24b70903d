"""How often a picture shows all that its prompt says: at the first attempt, and with more of them.

Held-out prompts of the shape world, the pocket checkpoint, the pixel evaluator. The first attempt of an
agentic prediction is the picture that a base one with the same seed gets, so one run gives both rates.
"""

from statistics import mean

from gpu.pocket import world
from tests.stack import RunningStack, finished

PROMPTS = 40
ATTEMPTS = 6
RULES = {"max_attempts": ATTEMPTS, "min_confidence_score": 1.0, "evaluation_provider": "pixel"}


def run(stack: RunningStack) -> None:
    scenes = [world.scene_at(index, held_out=True, pair=index % 8 == 0) for index in range(PROMPTS)]
    with stack.client() as client:
        accepted = [
            client.post(
                "/v1/generations",
                json={
                    "workflow": "pocket-solid-fine", "type": "agentic", "agentic": RULES, "seed": 1000,
                    "inputs": {"prompt": world.caption(scene)},
                },
            ).json()["id"]
            for scene in scenes
        ]  # fmt: skip
        predictions = [finished(client, each, 900)["predictions"][0] for each in accepted]
    tries = [len(prediction["attempts"]) for prediction in predictions]
    first = mean(prediction["attempts"][0]["score"] >= 1 for prediction in predictions)
    reached = mean(not prediction["below_threshold"] for prediction in predictions)
    print(f"single shot  {first:6.1%} of {PROMPTS} prompts reach the threshold, 1 attempt each")
    print(f"agentic      {reached:6.1%} with at most {ATTEMPTS} attempts, {mean(tries):.2f} on average")
    for place in range(2, ATTEMPTS + 1):
        share = mean(any(each["score"] >= 1 for each in one["attempts"][:place]) for one in predictions)
        print(f"             {share:6.1%} within {place} attempts")
    _corrections(predictions)


def _corrections(predictions: list[dict]) -> None:
    """What other seeds and corrected prompts reached, each among the attempts that were made with them."""
    later = [
        (each["prompt"] != one["attempts"][0]["prompt"], each["score"] >= 1)
        for one in predictions
        for each in one["attempts"][1:]
    ]
    for is_corrected, name in ((False, "another seed"), (True, "corrected")):
        hits = [hit for corrected, hit in later if corrected is is_corrected]
        if hits:
            print(f"{name:<12} {mean(hits):6.1%} of {len(hits)} attempts")
