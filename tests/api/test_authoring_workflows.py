"""Authoring workflows over REST."""

import pytest

from strategies.services.generations import GenerationAsk, generation_create

from .authoring import CONTRACT, made, refused


def test_a_workflow_is_a_draft_then_published_then_archived(author):
    assert author.draft("one")["reasons"] == ["is a draft"]
    published = made(author.client.post("/v1/workflows/one/publish"), 200)
    assert (published["state"], published["version"], published["available"]) == ("published", 2, True)
    again = made(author.client.post("/v1/workflows/one/publish"), 200)
    assert (again["version"], again["revision"]) == (published["version"], published["revision"])
    archived = made(author.client.post("/v1/workflows/one/archive"), 200)
    assert (archived["state"], archived["reasons"]) == ("archived", ["is archived"])


def test_a_workflow_reads_as_it_was_written(author):
    fields = {
        "key": "one",
        "display_name": "One",
        "description": "draws",
        "strategy": "generate",
        "generator": "mock",
        "checkpoint": "org/model",
        "checkpoint_revision": "a" * 40,
        "vae": "org/autoencoder",
        "vae_revision": "b" * 40,
        "refiner": "org/refiner",
        "refiner_revision": "c" * 40,
        "refiner_start": 0.75,
        "loras": [{"lora": "pocket:pocket-lora-outline", "weight": 0.5, "name": "outline"}],
        "controlnets": [{"model": "pocket:pocket-controlnet-canny", "preprocessor": "canny", "scale": 0.5}],
        "scheduler": "ddim",
        "prompt_prefix": "outlined ",
        "contract": CONTRACT,
        "rating": "adult",
        "price": 0.0125,
    }
    written = made(author.client.post("/v1/workflows", fields))
    assert {name: written[name] for name in fields} == fields
    assert author.client.get("/v1/workflows/one").json() == written


def test_a_change_of_a_published_workflow_is_a_new_version(author):
    version = author.published("one")["version"]
    changed = made(author.client.patch("/v1/workflows/one", {"price": "2"}), 200)
    assert (changed["version"], changed["price"]) == (version + 1, 2.0)


def test_a_default_workflow_runs_for_its_strategy(author, account):
    author.published("one")
    assert made(author.client.post("/v1/workflows/one/make-default"), 200)["is_default_for_strategy"]
    author.draft("two")
    refused(
        author.client.post("/v1/workflows/two/make-default"), 409, "workflow_unavailable",
        "is_default_for_strategy",
    )  # fmt: skip


def test_a_workflow_in_use_is_not_deleted(author, photo, account):
    body = refused(author.client.delete("/v1/workflows/one"), 409, "workflow_in_use", "workflow")
    assert body["families"] == ["photo"]
    author.published("three")
    generation_create(owner=account.user, ask=GenerationAsk(workflow="three", inputs={"prompt": "a"}))
    refused(author.client.delete("/v1/workflows/three"), 409, "workflow_in_use", "workflow")
    assert author.client.delete("/v1/workflows/two").status_code == 204


@pytest.mark.parametrize(
    ("change", "code", "loc"),
    [
        ({"contract": {"inputs": [{"key": "a", "kind": "magic", "label": "A"}]}}, "invalid_contract",
         ["contract", "inputs", 0, "kind"]),
        ({"contract": {"nonsense": 1}}, "invalid_contract", ["contract", "nonsense"]),
        ({"contract": {"inputs": [{"key": "n", "kind": "number", "label": "N", "minimum": 2, "maximum": 1}]}},
         "invalid_contract", ["contract", "inputs", 0]),
        ({"contract": []}, "invalid_request", ["contract"]),
        ({"loras": [{"weight": 1}]}, "invalid_recipe", ["loras", 0, "lora"]),
        ({"controlnets": [{"model": "a", "scale": 9}]}, "invalid_recipe", ["controlnets", 0, "scale"]),
        ({"refiner_start": 1.0}, "invalid_fields", ["refiner_start"]),
        ({"rating": "mild"}, "invalid_request", ["rating"]),
        ({"strategy": "nonsense"}, "invalid_request", ["strategy"]),
        ({"price": "-1"}, "invalid_fields", ["price"]),
        ({"price": "much"}, "invalid_request", ["price"]),
        ({"display_name": "x" * 121}, "invalid_fields", ["display_name"]),
        ({"display_name": ""}, "invalid_request", ["display_name"]),
        ({"state": "published"}, "invalid_request", ["state"]),
        ({"version": 9}, "invalid_request", ["version"]),
    ],
    ids=str,
)  # fmt: skip
def test_a_workflow_that_is_not_valid_is_refused_on_the_field(author, change, code, loc):
    stored = author.draft("one")
    refused(author.client.patch("/v1/workflows/one", change), 422, code, *loc)
    assert author.client.get("/v1/workflows/one").json() == stored
    fresh = {"key": "two", "display_name": "Two", **change}
    refused(author.client.post("/v1/workflows", fresh), 422, code, *loc)
