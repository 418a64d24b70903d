"""Rows that tests of several rooms start from."""

import itertools
from copy import deepcopy
from typing import Any

from PIL import Image

from api.models import User
from families import demo_editing, demo_refine
from families.models import Workflow
from strategies.assets import asset_create
from strategies.models import Generation, Task
from strategies.services.generations import GenerationAsk, generation_create
from tests.pictures import png

NUMBERS = itertools.count(1)


def spec(key: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "kind": kind, "label": key, **more}


def text_to_image_contract() -> dict[str, Any]:
    """The contract of a workflow over the pocket models."""
    side = {"default": 128, "integer": True, "minimum": 64, "maximum": 256, "multiple_of": 8}
    return {
        "inputs": [
            spec("prompt", "text", required=True, max_length=2000),
            spec("negative_prompt", "text", default=""),
            spec("width", "number", **side),
            spec("height", "number", **side),
            spec("num_inference_steps", "number", default=4, integer=True, minimum=1, maximum=100),
            spec("guidance_scale", "number", default=3.0, minimum=0, maximum=15),
            spec("image", "media"),
            spec("mask", "media"),
            spec("strength", "number", minimum=0, maximum=1),
            spec("control_images", "media", multiple=True),
            spec("loras", "lora", multiple=True),
        ],
        "outputs": [{"key": "image", "kind": "image"}],
    }


def make_owner(**fields: Any) -> User:
    return User.objects.create_user(username=f"owner-{next(NUMBERS)}", **fields)


def uploaded(owner: User, image: Image.Image) -> str:
    """The id of the picture, stored as this owner's."""
    return str(asset_create(owner, png(image)).id)


def make_workflow(**fields: Any) -> Workflow:
    """A published workflow on the mock generator, unless told otherwise."""
    number = next(NUMBERS)
    defaults = {
        "key": f"workflow-{number}",
        "display_name": f"Workflow {number}",
        "generator": "mock",
        "contract": text_to_image_contract(),
        "state": Workflow.State.PUBLISHED,
    }
    return Workflow.objects.create(**{**defaults, **fields})


def editing_workflow(**fields: Any) -> Workflow:
    """The demo's own contract of an edit."""
    return _of_the_demo("pocket-edit", **fields)


def background_workflow(**fields: Any) -> Workflow:
    """The demo's own contract of a background."""
    return _of_the_demo("pocket-background", **fields)


def refine_workflow(**fields: Any) -> Workflow:
    """The demo's own contract of an enlargement."""
    return _of_the_demo("pocket-refine", **fields)


def face_workflow(**fields: Any) -> Workflow:
    """The demo's own contract of a face fix."""
    return _of_the_demo("pocket-face-fix", **fields)


def _of_the_demo(key: str, **fields: Any) -> Workflow:
    demo = deepcopy({**demo_editing.WORKFLOWS, **demo_refine.WORKFLOWS}[key])
    return make_workflow(strategy=demo["strategy"], contract=demo["contract"], **fields)


def make_generation(owner: User, workflow: Workflow, **ask: Any) -> Generation:
    """An accepted generation, through the service that clients reach."""
    inputs = {"prompt": "a red circle on a blue background", **ask.pop("inputs", {})}
    return generation_create(owner=owner, ask=GenerationAsk(workflow=workflow.key, inputs=inputs, **ask))


def the_task(generation: Generation, index: int = 0) -> Task:
    return generation.tasks.get(prediction__index=index)
