"""Random families under random authors, against a brute-force model: over the pages of the admin."""

import json
from collections import Counter
from typing import Any

import pytest
from django.contrib.messages import ERROR, get_messages
from django.db.models import Model
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from hypothesis.stateful import run_state_machine_as_test

from families.admin.rehearsal import TOLD
from families.models import Axis, Family, Member, Workflow

from .building import IMAGE_CONTRACT, NO_OUTPUTS
from .histories import REFUSALS, Histories, profile
from .pages import filled_in
from .test_admin import asked

# A page has a box for every axis of its family, and none for another.
UNASKABLE = {"unknown_axis"}
# What Django refuses before any service is asked, because the row was never there.
BY_DJANGO = {("workflow", "invalid_choice"): "unknown_workflow"}


def address(page: str, *arguments: object) -> str:
    return reverse(f"admin:families_{page}", args=arguments)


def told(page: HttpResponse) -> str | None:
    """The code of the first thing that a page says about its fields or rows; None if it is saved."""
    if page.status_code == 302:
        return None
    assert page.status_code == 200, page.content
    form = page.context["adminform"].form
    formsets = [inline.formset for inline in page.context["inline_admin_formsets"]]
    errors = [each.errors.as_data() for each in [form, *(row for rows in formsets for row in rows.forms)]]
    errors += [{"rows": rows.non_form_errors().as_data()} for rows in formsets]
    [code, *_] = [
        BY_DJANGO.get((field, mistake.code), mistake.code)
        for fields in errors
        for field, mistakes in fields.items()
        for mistake in mistakes
    ]
    return code


class ByPages:
    """Opens the page, changes what it shows, and saves it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def _save(self, where: str, **changes: Any) -> str | None:
        return self._insist(where, filled_in(self.client.get(where)) | changes)

    def _insist(self, where: str, data: dict[str, Any]) -> str | None:
        """Also where the page says first that there will be dead ends."""
        page = self.client.post(where, data)
        if TOLD in (shown := filled_in(page)):
            page = self.client.post(where, data | {TOLD: shown[TOLD]})
        return told(page)

    def _change(self, row: Model, **changes: Any) -> str | None:
        return self._save(address(f"{row._meta.model_name}_change", row.pk), **changes)

    def _delete(self, row: Model, refusal: str) -> str | None:
        """Deletes on a page of its own, whose refusal is a message."""
        where = asked(self.client, row._meta.model_name, row)
        said = get_messages(self.client.post(where, {"post": "yes"}).wsgi_request)
        return refusal if any(message.level == ERROR for message in said) else None

    # --- families, axes, options ------------------------------------------------------------------------
    def family_create(self, key):
        return self._save(address("family_add"), key=key, display_name=key)

    def axis_add(self, family, key, control, options, default):
        """In a new row of the family's page."""
        where = address("family_change", Family.objects.get(key=family).pk)
        shown = filled_in(self.client.get(where))
        place = int(shown["axes-TOTAL_FORMS"])
        row = {
            "key": key, "display_name": key, "control": control, "options": "\n".join(options),
            "default": default or "", "fill": "@leave", "position": place,
        }  # fmt: skip
        new = {f"axes-{place}-{name}": value for name, value in row.items()}
        return self._insist(where, shown | new | {"axes-TOTAL_FORMS": place + 1})

    def axis_update(self, family, key, control, default):
        changes = {"default": default} if default is not None else {}
        return self._change(axis(family, key), control=control, **changes)

    def axis_delete(self, family, key):
        """By the box of its row on the family's page."""
        where = address("family_change", Family.objects.get(key=family).pk)
        shown = filled_in(self.client.get(where))
        [row] = [name for name, value in shown.items() if value == str(axis(family, key).pk)]
        return self._insist(where, shown | {row.replace("-id", "-DELETE"): "on"})

    def option_add(self, family, of, value):
        options = [option.value for option in axis(family, of).options.all()]
        return self._change(axis(family, of), options="\n".join([*options, value]))

    def option_delete(self, family, of, value):
        options = [option.value for option in axis(family, of).options.all() if option.value != value]
        return self._change(axis(family, of), options="\n".join(options))

    # --- members ----------------------------------------------------------------------------------------
    def member_assign(self, family, workflow, selection):
        row = Workflow.objects.filter(key=workflow).first()
        where = f"{address('member_add')}?family={Family.objects.get(key=family).pk}"
        return self._save(where, workflow=row.pk if row else Family().pk, **_picks(selection))

    def member_retuple(self, family, workflow, selection):
        cleared = dict.fromkeys(Axis.objects.filter(family__key=family).values_list("key", flat=True), "")
        return self._change(of_family(family, workflow), **_picks(cleared | selection))

    def member_remove(self, family, workflow):
        return self._delete(of_family(family, workflow), "refused")

    # --- workflows --------------------------------------------------------------------------------------
    def workflow_create(self, key, adult):
        recipe = {"generator": "mock", "contract": json.dumps(IMAGE_CONTRACT)}
        return self._save(address("workflow_add"), key=key, display_name=key, rating=_rating(adult), **recipe)

    def workflow_publish(self, key):
        return self._act(key, "publish")

    def workflow_archive(self, key):
        return self._act(key, "archive")

    def workflow_delete(self, key):
        return self._delete(Workflow.objects.get(key=key), "workflow_in_use")

    def workflow_rate(self, key, adult):
        return self._change(Workflow.objects.get(key=key), rating=_rating(adult))

    def workflow_outputs(self, key, outputs):
        contract = IMAGE_CONTRACT if outputs else NO_OUTPUTS
        return self._change(Workflow.objects.get(key=key), contract=json.dumps(contract))

    def _act(self, key, action):
        where = address("workflow_changelist")
        chosen = {"action": action, "_selected_action": str(Workflow.objects.get(key=key).pk)}
        page = self.client.post(where, filled_in(self.client.get(where)) | chosen)
        if TOLD in (shown := filled_in(page)):
            page = self.client.post(where, shown)
        said = get_messages(page.wsgi_request)
        return "refused" if any(message.level == ERROR for message in said) else None


def axis(family: str, key: str) -> Axis:
    return Axis.objects.get(family__key=family, key=key)


def of_family(family: str, workflow: str) -> Member:
    return Member.objects.get(family__key=family, workflow__key=workflow)


def _picks(selection: dict[str, str]) -> dict[str, str]:
    return {f"axis-{key}": value for key, value in selection.items()}


def _rating(adult: bool) -> str:
    return "adult" if adult else "sfw"


@pytest.mark.django_db
def test_random_authors_over_the_admin_never_leave_what_the_model_says(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("author"))

    class OverPages(Histories):
        author, seen, unaskable = ByPages(client), Counter(), UNASKABLE

    run_state_machine_as_test(OverPages, settings=profile(histories=1))
    assert OverPages.seen.keys() == {None, *REFUSALS} - UNASKABLE, "some rule was never kept or never broken"
