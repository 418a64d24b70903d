"""People, and families with every kind of control and with holes: run inside the stack."""

from django.utils import timezone

from api.models import User
from families.demo import CHECKPOINT, contract
from families.models import Axis, Workflow
from families.services import axis_add, family_create, member_assign, workflow_create, workflow_publish
from families.services.axes import NewOption
from strategies.models import Subject

RATIOS = {"1:1": (128, 128), "3:4": (96, 128), "16:9": (192, 112)}
AXES = (
    ("is_nsfw", "18+", Axis.Control.TOGGLE, {"sfw": "SFW", "nsfw": "18+"}),
    ("input_model", "Your flavour", Axis.Control.DROPDOWN, {"likeness": "Likeness", "realism": "Realism"}),
    ("aspect_ratio", "Format", Axis.Control.DROPDOWN, {ratio: ratio for ratio in RATIOS}),
)
# Kinds that no strategy takes yet: optional, so that whoever leaves them alone can draw.
EXTRA = (
    {"key": "subject", "kind": "character", "label": "Character"},
    {"key": "hires", "kind": "toggle", "label": "Sharper edges"},
)
# Realism is made in two ratios; 16:9 has nothing but likeness, and 18+ one workflow.
MEMBERS = {
    ("sfw", "likeness", "1:1"): "sfw",
    ("sfw", "likeness", "3:4"): "sfw",
    ("sfw", "likeness", "16:9"): "sfw",
    ("sfw", "realism", "1:1"): "sfw",
    ("nsfw", "likeness", "1:1"): "adult",
    ("nsfw", "realism", "3:4"): "adult",
}


def seed() -> None:
    family = family_create(
        key="portrait", display_name="Portrait", description="Every kind of control.", position=9
    )
    for key, label, control, options in AXES:
        new = [NewOption(value, text) for value, text in options.items()]
        axis_add(family=family, key=key, display_name=label, control=control, options=new)
    for number, (values, rating) in enumerate(MEMBERS.items()):
        workflow = _workflow(number, values[-1], rating)
        member_assign(
            family=family,
            workflow=workflow,
            selection={axis[0]: value for axis, value in zip(AXES, values, strict=True)},
        )
    _plain_input_family()
    _family_that_starts_nowhere()


def _workflow(number: int, ratio: str, rating: str) -> Workflow:
    document = contract(steps=30)
    for spec in document["inputs"]:
        if spec["key"] in ("width", "height"):
            spec["default"] = RATIOS[ratio][spec["key"] == "height"]
    workflow = workflow_create(
        key=f"portrait-{number}", display_name=f"Portrait {number}", checkpoint=CHECKPOINT,
        contract=document, rating=rating, price="0.0125",
    )  # fmt: skip
    published = workflow_publish(workflow=workflow)
    # Past the service, which publishes only what the strategy takes.
    published.contract["inputs"] += EXTRA
    published.save(update_fields=["contract"])
    return published


def _plain_input_family() -> None:
    """`aspect_ratio` as an input of the only workflow, not as an axis."""
    ratio = {"key": "aspect_ratio", "kind": "aspect_ratio", "label": "Format", "default": "1:1"}
    document = contract({**ratio, "options": [{"value": value} for value in RATIOS]})
    workflow = workflow_create(
        key="postcard", display_name="Postcard", checkpoint=CHECKPOINT, contract=document
    )
    family = family_create(key="postcard", display_name="Postcard", description="", position=10)
    member_assign(family=family, workflow=workflow_publish(workflow=workflow), selection={})


def _family_that_starts_nowhere() -> None:
    """Its author has added the size that is the default, and not yet what makes it."""
    family = family_create(key="poster", display_name="Poster", position=11)
    options = [NewOption("a2", "A2"), NewOption("a3", "A3")]
    axis_add(family=family, key="size", display_name="Size", control=Axis.Control.DROPDOWN, options=options)
    workflow = workflow_create(
        key="poster-a3", display_name="Poster, A3", checkpoint=CHECKPOINT, contract=contract(steps=30)
    )
    workflow = workflow_publish(workflow=workflow)
    member_assign(family=family, workflow=workflow, selection={"size": "a3"})


def seed_people(**passwords: str) -> None:
    """Accounts that can sign in and have subjects; the age of the one called `grace` is verified."""
    for name, password in passwords.items():
        verified = timezone.now() if name == "grace" else None
        user = User.objects.create_user(username=name, password=password, age_verified_at=verified)
        for subject in ("Rover", "A dog whose name is as long as its tail"):
            Subject.objects.create(owner=user, name=subject)
