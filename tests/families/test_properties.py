"""Random families under random authors, against a brute-force model: over the services."""

from collections import Counter

import pytest
from hypothesis.stateful import run_state_machine_as_test

from families.errors import CatalogueError
from families.models import Axis, Family, Member, Option, Workflow
from families.services import (
    axis_add,
    axis_delete,
    axis_update,
    family_create,
    member_assign,
    member_remove,
    member_retuple,
    option_add,
    option_delete,
    workflow_archive,
    workflow_create,
    workflow_delete,
    workflow_publish,
    workflow_update,
)
from families.services.axes import NewOption

from .building import IMAGE_CONTRACT, NO_OUTPUTS
from .histories import REFUSALS, Histories, profile

pytestmark = pytest.mark.django_db


def told(service, **arguments) -> str | None:
    try:
        service(**arguments)
    except CatalogueError as error:
        return error.code
    return None


def axis(family: str, key: str) -> Axis:
    return Axis.objects.get(family__key=family, key=key)


def of_family(family: str, workflow: str) -> Member:
    return Member.objects.get(family__key=family, workflow__key=workflow)


class ByServices:
    """Calls the services, as the admin does."""

    def family_create(self, key):
        return told(family_create, key=key, display_name=key)

    def axis_add(self, family, key, control, options, default):
        return told(
            axis_add, family=Family.objects.get(key=family), key=key, display_name=key, control=control,
            options=[NewOption(value) for value in options], default=default,
        )  # fmt: skip

    def axis_update(self, family, key, control, default):
        return told(axis_update, axis=axis(family, key), control=control, default=default)

    def axis_delete(self, family, key):
        return told(axis_delete, axis=axis(family, key))

    def option_add(self, family, of, value):
        return told(option_add, axis=axis(family, of), value=value)

    def option_delete(self, family, of, value):
        return told(option_delete, option=Option.objects.get(axis=axis(family, of), value=value))

    def member_assign(self, family, workflow, selection):
        row = Workflow.objects.filter(key=workflow).first() or Workflow(key=workflow)
        return told(member_assign, family=Family.objects.get(key=family), workflow=row, selection=selection)

    def member_retuple(self, family, workflow, selection):
        return told(member_retuple, member=of_family(family, workflow), selection=selection)

    def member_remove(self, family, workflow):
        return told(member_remove, member=of_family(family, workflow))

    def workflow_create(self, key, adult):
        rating = "adult" if adult else "sfw"
        recipe = {"generator": "mock", "contract": IMAGE_CONTRACT}
        return told(workflow_create, key=key, display_name=key, rating=rating, **recipe)

    def workflow_publish(self, key):
        return told(workflow_publish, workflow=Workflow.objects.get(key=key))

    def workflow_archive(self, key):
        return told(workflow_archive, workflow=Workflow.objects.get(key=key))

    def workflow_delete(self, key):
        return told(workflow_delete, workflow=Workflow.objects.get(key=key))

    def workflow_rate(self, key, adult):
        rating = "adult" if adult else "sfw"
        return told(workflow_update, workflow=Workflow.objects.get(key=key), rating=rating)

    def workflow_outputs(self, key, outputs):
        contract = IMAGE_CONTRACT if outputs else NO_OUTPUTS
        return told(workflow_update, workflow=Workflow.objects.get(key=key), contract=contract)


def test_random_authors_never_leave_what_the_model_says():
    class OverServices(Histories):
        author, seen = ByServices(), Counter()

    run_state_machine_as_test(OverServices, settings=profile(histories=4))
    assert OverServices.seen.keys() == {None, *REFUSALS}, "some rule was never kept or never broken"
