"""The demo catalogue: families over the pocket models, ready to draw on a bare machine.

Seeding twice changes nothing. What an author has changed since is left as it is: a workflow that exists is
skipped, and a family that exists only gets members that it has never had, with the options they need. The
history tells what an author has taken away, and that stays away.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from . import demo_adjust, demo_editing, demo_refine, demo_video
from .demo_inputs import contract, mask, number, picture
from .demo_wording import WORDING
from .errors import CatalogueError
from .models import Axis, Family, Member, Option, Workflow
from .services import (
    axis_add,
    family_create,
    member_assign,
    option_add,
    workflow_create,
    workflow_make_default,
    workflow_publish,
)
from .services.axes import NewOption

CHECKPOINT = "pocket:pocket-sdxl"
OUTLINE = {"lora": "pocket:pocket-lora-outline", "weight": 1.0, "name": "outline"}


def _controlnet(preprocessor: str | None) -> dict[str, Any]:
    return {
        "model": "pocket:pocket-controlnet-canny",
        "revision": None,
        "preprocessor": preprocessor,
        "scale": 1.0,
    }


OUTLINED = {"loras": [OUTLINE], "prompt_prefix": "outlined "}
STRENGTH = number("strength", "Strength", 0, 1, 0.8, placement="main")
CONTROL = picture("control_images", "Picture to trace", multiple=True, max_items=1)

WORKFLOWS: dict[str, dict[str, Any]] = {
    "pocket-solid-fine": {"display_name": "Solid shapes, fine", "contract": contract()},
    "pocket-solid-fast": {"display_name": "Solid shapes, fast", "contract": contract(steps=8)},
    "pocket-outlined-fine": {"display_name": "Outlined shapes, fine", "contract": contract(), **OUTLINED},
    "pocket-outlined-fast": {
        "display_name": "Outlined shapes, fast",
        "contract": contract(steps=8),
        **OUTLINED,
    },
    "pocket-worded": {"display_name": "Shapes, in written words", "contract": contract(*WORDING)},
    "pocket-trace-photo": {
        "display_name": "Trace the edges of a picture",
        "contract": contract(CONTROL),
        "controlnets": [_controlnet("canny")],
    },
    "pocket-trace-lines": {
        "display_name": "Follow a line drawing",
        "contract": contract(CONTROL),
        "controlnets": [_controlnet(None)],
    },
    "pocket-remix": {
        "display_name": "Remix a picture",
        "contract": contract(picture("image", "Picture"), STRENGTH),
    },
    "pocket-fill": {
        "display_name": "Fill in part of a picture",
        "contract": contract(
            picture("image", "Picture"),
            mask(over="image", required=True, help="what is painted is drawn anew"),
        ),
    },
    **demo_adjust.WORKFLOWS,
    **demo_video.WORKFLOWS,
    **demo_editing.WORKFLOWS,
    **demo_refine.WORKFLOWS,
}
# What runs when a request names only the strategy; one for each.
# fmt: off
DEFAULTS = (
    "pocket-solid-fine", "adjust", "pocket-video", *demo_editing.WORKFLOWS, *demo_refine.WORKFLOWS,
)
# fmt: on
# Costs the machinery and draws nothing: what a benchmark of the machinery runs.
BENCHMARKS: dict[str, dict[str, Any]] = {
    "noop": {"display_name": "No operation", "generator": "mock", "contract": contract()},
}


@dataclass(frozen=True)
class DemoFamily:
    """A family to seed: its drop-downs, and the workflow for each tuple (in the order of the axes)."""

    display_name: str
    description: str
    axes: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    members: Mapping[tuple[str, ...], str] = field(default_factory=dict)


FAMILIES = {
    "shapes": DemoFamily(
        "Shapes",
        "Coloured shapes from a sentence.",
        {
            "input_model": ("Choose your flavour", {"solid": "Solid", "outlined": "Outlined"}),
            "quality": ("Quality", {"fine": "Fine", "fast": "Fast"}),
        },
        {
            ("solid", "fine"): "pocket-solid-fine",
            ("solid", "fast"): "pocket-solid-fast",
            ("outlined", "fine"): "pocket-outlined-fine",
            ("outlined", "fast"): "pocket-outlined-fast",
        },
    ),
    "trace": DemoFamily(
        "Trace",
        "A new picture along the edges of yours.",
        {"source": ("Your picture is", {"photo": "A picture", "lines": "White lines on black"})},
        {("photo",): "pocket-trace-photo", ("lines",): "pocket-trace-lines"},
    ),
    "remix": DemoFamily(
        "Remix",
        "Change a picture you have.",
        {"mode": ("Mode", {"remix": "All of it", "fill": "Inside a mask"})},
        {("remix",): "pocket-remix", ("fill",): "pocket-fill"},
    ),
    "retouch": DemoFamily(
        "Retouch",
        "Change a part of a picture, or what is behind its subject.",
        {"task": ("What to do", {"edit": "Change a part", "background": "Another background"})},
        {("edit",): "pocket-edit", ("background",): "pocket-background"},
    ),
    "improve": DemoFamily(
        "Improve",
        "A picture made larger, its faces drawn again, or its light and colours adjusted.",
        {
            "task": (
                "What to do",
                {"refine": "Make it larger", "faces": "Redraw faces", "adjust": "Adjust"},
            )
        },
        {("refine",): "pocket-refine", ("faces",): "pocket-face-fix", ("adjust",): "adjust"},
    ),
    "motion": DemoFamily("Motion", "A picture set in motion: a short clip.", {}, {(): "pocket-video"}),
    "cast": DemoFamily("Cast", "Your own subjects, drawn again.", {}, {(): "pocket-subject"}),
}


@transaction.atomic
def seed(*, benchmarks: bool = False) -> list[str]:
    """Write what is missing of the demo catalogue; the keys of the workflows and families written."""
    wanted = {**WORKFLOWS, **BENCHMARKS} if benchmarks else WORKFLOWS
    existing = set(Workflow.objects.values_list("key", flat=True))
    workflows = [key for key in wanted if key not in existing]
    for key in workflows:
        checkpoint = CHECKPOINT if key in WORKFLOWS else ""
        workflow_publish(workflow=workflow_create(key=key, **{"checkpoint": checkpoint, **wanted[key]}))
    for workflow in Workflow.objects.filter(key__in=set(DEFAULTS) & set(workflows)):
        taken = Workflow.objects.filter(strategy=workflow.strategy, is_default_for_strategy=True)
        if not taken.exists():
            workflow_make_default(workflow=workflow)
    families = [key for position, key in enumerate(FAMILIES) if _seed_family(key, position=position)]
    return workflows + families


def _seed_family(key: str, *, position: int) -> bool:
    """Whether anything of it was missing and could be written."""
    demo, family = FAMILIES[key], Family.objects.filter(key=key).first()
    if created := family is None:
        family = _new_family(key, demo, position=position)
    added = [
        _add_member(family, demo, workflow, dict(zip(demo.axes, values, strict=True)))
        for values, workflow in demo.members.items()
    ]
    return created or any(added)


def _new_family(key: str, demo: DemoFamily, *, position: int) -> Family:
    family = family_create(
        key=key, display_name=demo.display_name, description=demo.description, position=position
    )
    for axis, (label, options) in demo.axes.items():
        axis_add(
            family=family,
            key=axis,
            display_name=label,
            control=Axis.Control.DROPDOWN,
            options=[NewOption(value, text) for value, text in options.items()],
        )
    return family


def _add_member(family: Family, demo: DemoFamily, workflow: str, selection: Mapping[str, str]) -> bool:
    """Add a member that the family has never had, with the options it needs; whether it could be.

    An author may have archived the workflow, rated it adult, given its tuple to another or changed the axes.
    """
    same_key = Workflow.history.filter(key=workflow).values("id")
    if Member.history.filter(family_id=family.pk, workflow_id__in=same_key).exists():
        return False
    with suppress(CatalogueError), transaction.atomic():
        for axis in family.axes.filter(key__in=selection):
            value = selection[axis.key]
            if not Option.history.filter(axis_id=axis.pk, value=value).exists():
                _, labels = demo.axes[axis.key]
                option_add(axis=axis, value=value, label=labels[value])
        member_assign(family=family, workflow=Workflow.objects.get(key=workflow), selection=selection)
        return True
    return False
