"""Who changed what: recorded whoever writes and however, and shown in the admin."""

import pytest
from django.test import RequestFactory
from django.urls import reverse
from simple_history.models import HistoricalRecords

from families.history import family_history, row_history, workflow_version
from families.models import Family, Member, Workflow
from families.services import (
    family_delete,
    member_remove,
    member_retuple,
    workflow_archive,
    workflow_make_default,
    workflow_publish,
    workflow_update,
)

from .building import IMAGE_CONTRACT, draft, dropdown, family, member, published
from .test_admin import delete, family_fields, seen

pytestmark = pytest.mark.django_db
OTHER_CONTRACT = {**IMAGE_CONTRACT, "outputs": [{"key": "clip", "kind": "video"}]}


@pytest.fixture
def photo():
    return family("photo", model="likeness realism", size="small large")


@pytest.fixture
def anna(django_user_model):
    return django_user_model.objects.create_superuser("anna")


@pytest.fixture
def author(client, anna):
    client.force_login(anna)
    return client


def told(page):
    return [str(change) for change in page.changes]


def test_a_family_s_history_tells_of_its_axes_options_and_members(photo):
    stored = member(photo, "one", model="realism", size="small")
    member_retuple(member=stored, selection={"model": "realism", "size": "large"})
    member_remove(member=stored)
    changes = family_history(photo).changes
    assert [str(change) for change in changes[:3]] == [
        "removed the member “one” (tuple)",
        "changed the member “one” (tuple)",
        "added the member “one” (tuple)",
    ]
    assert "size=small" in changes[1].fields[0].old
    assert "size=large" in changes[1].fields[0].new
    assert "added the option “model=likeness”" in told(family_history(photo))
    assert told(family_history(photo))[-1] == "added the family “photo”"


def test_the_history_names_who_was_signed_in(author, photo, anna):
    page = reverse("admin:families_family_change", args=[photo.pk])
    rows = {"axes-TOTAL_FORMS": 0, "axes-INITIAL_FORMS": 0}
    author.post(page, family_fields(photo, display_name="Pictures") | rows)
    latest = family_history(photo).changes[0]
    assert (latest.by, latest.fields[0].old, latest.fields[0].new) == ("anna", "Photo", "Pictures")


def test_a_command_has_no_name_and_the_page_says_so(author, photo):
    response = author.get(reverse("admin:families_family_history", args=[photo.pk]))
    assert "a command" in response.content.decode()


def test_the_history_shows_what_changed_inside_a_contract(author):
    workflow = draft("one")
    workflow_update(workflow=workflow, contract=OTHER_CONTRACT)
    diff = row_history(workflow).changes[0].fields[0].diff
    assert any('-      "kind": "image"' in line for line in diff)
    assert any('+      "kind": "video"' in line for line in diff)
    page = author.get(reverse("admin:families_workflow_history", args=[workflow.pk])).content.decode()
    assert "&quot;video&quot;" in page


def test_a_version_keeps_what_ran_then_whatever_happens_later():
    workflow = published("one", prompt_prefix="first ")
    first = workflow.version
    workflow = workflow_update(workflow=workflow, contract=OTHER_CONTRACT, prompt_prefix="second ")
    second = workflow.version
    workflow_archive(workflow=workflow)
    workflow_update(workflow=workflow, prompt_prefix="never ran ")
    assert workflow_version(workflow, first).prompt_prefix == "first "
    assert workflow_version(workflow, first).contract == IMAGE_CONTRACT
    assert workflow_version(workflow, second).prompt_prefix == "second "
    third = workflow_publish(workflow=workflow).version
    assert workflow_version(workflow, third).prompt_prefix == "never ran "
    assert third == second + 1


def test_the_pages_of_versions_show_the_recipe_and_deny_what_never_ran(author):
    workflow = published("one", checkpoint="pocket:pocket-sdxl")
    page = author.get(reverse("admin:families_workflow_history", args=[workflow.pk])).content.decode()
    address = reverse("admin:families_workflow_version", args=[workflow.pk, workflow.version])
    assert address in page
    assert "pocket:pocket-sdxl" in author.get(address).content.decode()
    missing = reverse("admin:families_workflow_version", args=[workflow.pk, 99])
    assert author.get(missing).status_code == 404


def test_the_former_default_s_change_is_recorded():
    former, latter = published("former"), published("latter")
    workflow_make_default(workflow=former)
    workflow_make_default(workflow=latter)
    assert row_history(former).changes[0].fields[0].name == "is default for strategy"
    assert Workflow.objects.filter(is_default_for_strategy=True).get() == latter


def test_deleting_a_family_records_the_end_of_everything_in_it(photo):
    member(photo, "one", model="realism", size="small")
    family_delete(family=photo)
    assert Member.history.filter(family_id=photo.pk, history_type="-").count() == 1
    assert "removed the family “photo”" in told(family_history(photo))
    assert not Family.objects.exists()


def test_what_a_service_refuses_leaves_no_trace(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    before = len(family_history(photo).changes)
    delete(author, "axis", photo.axes.first())
    author.post(
        reverse("admin:families_member_change", args=[stored.pk]),
        {"family": photo.pk, "workflow": stored.workflow.pk, "axis-model": "", **seen(photo)},
    )
    assert len(family_history(photo).changes) == before


def test_a_long_history_is_read_page_by_page(photo, monkeypatch):
    monkeypatch.setattr("families.history.PAGE", 3)
    first = family_history(photo)
    second = family_history(photo, before=first.older)
    assert not set(told(first)) & set(told(second))
    assert len(second.changes) <= 3


def test_whoever_holds_a_key_is_named_as_the_signed_in_are(photo, anna):
    request = RequestFactory().post("/")
    request.user = anna  # as the REST framework leaves it, whichever way a client proves who it is
    HistoricalRecords.context.request = request
    try:
        dropdown(photo, "mood", "calm")
    finally:
        del HistoricalRecords.context.request
    assert family_history(photo).changes[0].by == "anna"
