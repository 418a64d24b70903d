"""A workflow's own autoencoder and refiner, from its row to the record of the picture."""

import pytest

from strategies.services.generations import generation_replay
from tests.factories import make_workflow
from tests.workers.drawing import POCKET, asked, pixels, run_chain

PROMPT = "a red circle on a blue background"
pytestmark = pytest.mark.django_db(transaction=True)


def test_the_record_names_them_and_a_replay_draws_with_them(pocket, owner):
    recipe = {**POCKET, "scheduler": "dpmpp_2m"}  # a refiner begins without what it remembers of steps
    plain = run_chain(asked(owner, make_workflow(**recipe), prompt=PROMPT), "generation")
    models = {"vae": "pocket:pocket-sdxl/vae", "refiner": "pocket:pocket-sdxl", "refiner_start": 0.5}
    generation = asked(owner, make_workflow(**recipe, **models), prompt=PROMPT)
    picture = run_chain(generation, "generation")

    record = generation.predictions.get().provenance
    assert record["vae"]["location"] == "vae"
    assert (record["refiner"]["location"], record["refiner"]["start"]) == ("pocket-sdxl", 0.5)
    assert record["refiner"]["sha256"] == record["checkpoint"]["sha256"]
    assert (pixels(picture) != pixels(plain)).any()

    again = run_chain(generation_replay(generation.predictions.get()).generation, "generation")
    assert (pixels(again) == pixels(picture)).all()
