"""A family's own page: its table of tuples, what an axis would do, many tuples at once, and two authors."""

import pytest
from django.urls import reverse

from families.admin.rehearsal import TOLD
from families.models import Family, Member, Workflow
from families.services import (
    axis_update,
    family_update,
    member_retuple,
    workflow_archive,
    workflow_update,
)

from .building import draft, dropdown, family, member, published
from .pages import filled_in
from .test_admin import (
    WORKFLOW,
    address,
    asked,
    axis_fields,
    axis_row,
    delete,
    errors_of,
    family_fields,
    rows,
    save_knowingly,
    seen,
    told,
)
from .test_stale_versions import picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("author"))
    return client


@pytest.fixture
def photo():
    return family("photo", model="likeness realism", size="small large")


NEW = {"key": "mood", "display_name": "Mood", "control": "dropdown", "options": "calm\nwild", "position": 0}


def with_axis(photo, **fields):
    """The page of the family with a row more."""
    stored = [axis_row(axis) for axis in photo.axes.all()]
    data = family_fields(photo) | rows("axes", stored, new=[NEW | fields])
    return address("family_change", photo.pk), data


def add_axis(author, photo, **fields):
    return author.post(*with_axis(photo, **fields))


# --- the table ----------------------------------------------------------------------------------------
def test_a_cell_links_to_its_member_and_a_hole_to_the_page_that_fills_it(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    page = author.get(address("family_change", photo.pk)).content.decode()
    assert address("member_change", stored.pk) in page
    hole = f"{address('member_add')}?family={photo.pk}&amp;axis-model=likeness&amp;axis-size=large"
    assert hole in page
    form = author.get(hole.replace("&amp;", "&")).context["adminform"].form
    assert (form["axis-model"].value(), form["axis-size"].value()) == ("likeness", "large")


def test_the_page_lists_what_is_incomplete_and_what_leads_nowhere(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    member(photo, "two", model="likeness", size="small")
    dropdown(photo, "mood", "calm")
    page = author.get(address("family_change", photo.pk))
    assert [row.workflow.key for row, _ in page.context["incomplete"]] == ["one", "two"]
    assert [axis.key for axis, _ in page.context["unreachable"]] == ["model", "size", "mood"]
    assert page.context["hole_count"] == 4
    assert "Re-tuple them all at once" in page.content.decode()
    assert stored.workflow.key in page.content.decode()


def test_the_page_lists_who_is_unavailable_and_that_users_start_at_a_dead_end(author, photo):
    stored = member(photo, "one", model="likeness", size="small")
    member(photo, "two", model="realism", size="small")
    assert author.get(address("family_change", photo.pk)).context["dead_start"] is None
    workflow_archive(workflow=stored.workflow)
    page = author.get(address("family_change", photo.pk))
    assert page.context["dead_start"] == {"model": "likeness", "size": "small"}
    assert "The starting selection leads nowhere" in page.content.decode()
    assert "<code>one</code> is archived" in page.content.decode()


def test_a_saved_member_leads_back_to_the_table(author, photo):
    data = {
        "family": photo.pk,
        "workflow": published("one").pk,
        "axis-model": "realism",
        "axis-size": "small",
        **seen(photo),
    }
    response = author.post(address("member_add") + f"?family={photo.pk}", data)
    assert response.headers["Location"] == address("family_change", photo.pk) + "#tuples"
    response = delete(author, "member", Member.objects.get())
    assert response.headers["Location"] == address("family_change", photo.pk) + "#tuples"


def test_the_preview_follows_the_picks(author, photo):
    member(photo, "one", model="realism", size="small")
    page = reverse("admin:families_family_preview", args=[photo.pk])
    dead_end = author.get(page).content.decode()
    assert "Unavailable" in dead_end and 'href="?model=realism&amp;size=small"' in dead_end
    assert "<code>one</code>" in author.get(page, {"model": "realism"}).content.decode()
    assert author.get(page, {"model": "gone"}).status_code == 200


# --- an axis and its consequence ----------------------------------------------------------------------
def test_an_axis_that_makes_members_incomplete_says_so_before_it_is_saved(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    page = add_axis(author, photo)
    errors = errors_of(page)
    assert list(errors) == ["fill", "rows"]
    assert "1 member would have no full tuple" in errors["fill"][0]
    assert address("member_change", stored.pk) in errors["fill"][0]
    assert "calm\nwild" in page.content.decode()
    assert photo.axes.count() == 2


def test_the_members_get_the_option_chosen_with_the_axis(author, photo):
    member(photo, "one", model="realism", size="small")
    assert save_knowingly(author, *with_axis(photo, fill="wild")).status_code == 302
    assert Member.objects.get().selection == {"model": "realism", "size": "small", "mood": "wild"}


def test_the_members_may_be_left_incomplete_on_purpose(author, photo):
    member(photo, "one", model="realism", size="small")
    assert save_knowingly(author, *with_axis(photo, fill="@leave")).status_code == 302
    assert "mood" not in Member.objects.get().selection


def test_an_option_that_does_not_exist_cannot_fill(author, photo):
    member(photo, "one", model="realism", size="small")
    errors = errors_of(add_axis(author, photo, fill="angry"))
    assert "has no option" in errors["fill"][0]
    assert photo.axes.count() == 2


def test_an_axis_of_a_family_without_members_asks_nothing(author, photo):
    assert add_axis(author, photo).status_code == 302
    assert [option.value for option in photo.axes.get(key="mood").options.all()] == ["calm", "wild"]


def test_an_axis_is_deleted_on_the_page_unless_a_member_uses_it(author, photo):
    mood = dropdown(photo, "mood", "calm")
    stored = [axis_row(axis) for axis in photo.axes.all()]
    data = family_fields(photo) | rows("axes", stored, deleted=[str(mood.pk)])
    assert author.post(address("family_change", photo.pk), data).status_code == 302
    member(photo, "one", model="realism", size="small")
    stored = [axis_row(axis) for axis in photo.axes.all()]
    data = family_fields(photo) | rows("axes", stored, deleted=[stored[0]["id"]])
    errors = errors_of(author.post(address("family_change", photo.pk), data))
    assert "is used by one" in errors["rows"][0]
    assert photo.axes.count() == 2


# --- many tuples at once ------------------------------------------------------------------------------
@pytest.fixture
def grown(photo):
    for key, size in (("one", "small"), ("two", "large")):
        member(photo, key, model="realism", size=size)
    dropdown(photo, "mood", "calm wild")
    return photo


def tuples_page(photo):
    return reverse("admin:families_family_tuples", args=[photo.pk])


def tuple_fields(photo, **picks):
    """Every select of the page as a browser sends it: `one_mood="calm"` picks, `fill_mood` fills."""
    data = seen(photo)
    for axis in photo.axes.all():
        data[f"fill-{axis.key}"] = picks.get(f"fill_{axis.key}", "")
        for each in photo.members.select_related("workflow"):
            chosen = picks.get(f"{each.workflow.key}_{axis.key}", each.selection.get(axis.key, ""))
            data[f"tuple-{each.pk}-{axis.key}"] = chosen
    return data


def test_one_choice_fills_the_axis_for_every_member(author, grown):
    author.post(tuples_page(grown), tuple_fields(grown, fill_mood="wild"))
    assert {each.selection["mood"] for each in grown.members.all()} == {"wild"}


def test_each_member_may_get_its_own_option(author, grown):
    author.post(tuples_page(grown), tuple_fields(grown, one_mood="calm", fill_mood="wild"))
    stored = {each.workflow.key: each.selection["mood"] for each in grown.members.all()}
    assert stored == {"one": "calm", "two": "wild"}


def test_a_blank_is_blamed_where_it_is_and_nothing_is_saved(author, grown):
    response = author.post(tuples_page(grown), tuple_fields(grown, one_mood="calm"))
    two = grown.members.get(workflow__key="two")
    assert list(response.context["form"].errors) == [f"tuple-{two.pk}-mood"]
    assert all("mood" not in each.selection for each in grown.members.all())


def test_a_shared_tuple_is_blamed_on_the_member_and_names_the_other(author, grown):
    picks = tuple_fields(grown, two_size="small", fill_mood="wild")
    response = author.post(tuples_page(grown), picks)
    assert any("“one”" in str(errors) for errors in response.context["form"].errors.values())
    assert all("mood" not in each.selection for each in grown.members.all())


def test_the_page_shows_the_incomplete_first_and_everybody_when_asked(author, grown):
    one = grown.members.get(workflow__key="one")
    member_retuple(member=one, selection={"model": "realism", "size": "small", "mood": "calm"})
    page = author.get(tuples_page(grown))
    assert [row.workflow.key for row, _ in page.context["form"].rows()] == ["two"]
    page = author.get(tuples_page(grown) + "?all")
    assert len(list(page.context["form"].rows())) == 2


# --- two authors --------------------------------------------------------------------------------------
def resent(page, data):
    """What the browser sends when the refused page is saved as it is shown, its hidden version included."""
    shown = page.context.get("adminform")
    form = shown.form if shown else page.context["form"]
    return data | {"seen_version": form["seen_version"].value()}


def test_the_second_of_two_authors_is_told_who_changed_what_and_keeps_what_was_typed(author, photo):
    data = family_fields(photo, display_name="Mine") | rows("axes")
    axis_update(axis=photo.axes.get(key="model"), display_name="Style")
    page = author.post(address("family_change", photo.pk), data)
    message = str(errors_of(page)["__all__"])
    assert "a command changed the axis “model” (display name)" in message
    assert address("family_history", photo.pk) in message and "reload this page" in message
    assert 'value="Mine"' in page.content.decode()
    assert Family.objects.get().display_name == "Photo"


PAGES = ["family", "axis", "member", "new member", "tuples"]
# What does not tell a version: no field, an empty one, a word.
UNTOLD = [{}, {"seen_version": ""}, {"seen_version": "latest"}]


def changed_page(photo, page):
    """The address of a page about the family, and what a browser would send of it with a change."""
    stored = member(photo, "one", model="realism", size="small")
    axis, two = photo.axes.first(), published("two")
    pages = {
        "family": (
            address("family_change", photo.pk),
            family_fields(photo, display_name="Mine") | rows("axes", [axis_row(axis, display_name="Mine")]),
        ),
        "axis": (address("axis_change", axis.pk), axis_fields(axis, display_name="Mine")),
        "member": (
            address("member_change", stored.pk),
            {"workflow": stored.workflow.pk, "axis-model": "realism", "axis-size": "large"},
        ),
        "new member": (
            address("member_add") + f"?family={photo.pk}",
            {"family": photo.pk, "workflow": two.pk, "axis-model": "likeness", "axis-size": "large"},
        ),
        "tuples": (tuples_page(photo) + "?all", tuple_fields(photo, one_size="large")),
    }
    where, data = pages[page]
    return where, data | seen(photo)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("untold", UNTOLD, ids=str)
def test_a_page_about_a_family_that_does_not_tell_its_version_is_refused(author, photo, page, untold):
    where, data = changed_page(photo, page)
    before = picture(photo)
    del data["seen_version"]
    refused = author.post(where, data | untold)
    assert refused.status_code == 200 and "Which version of this family" in refused.content.decode()
    assert picture(photo) == before


@pytest.mark.parametrize("untold", UNTOLD, ids=str)
def test_a_page_of_a_workflow_that_does_not_tell_its_version_is_refused(author, untold):
    workflow = draft("one")
    where = address("workflow_change", workflow.pk)
    refused = author.post(where, WORKFLOW | {"display_name": "Mine"} | untold)
    assert "Which version of this workflow" in str(errors_of(refused)["__all__"])
    assert Workflow.objects.get().display_name == "One"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_about_a_family_that_somebody_changed_is_refused_until_it_is_reloaded(author, photo, page):
    where, data = changed_page(photo, page)
    family_update(family=photo, description="changed by somebody else")
    before = picture(photo)
    for _ in range(3):
        refused = author.post(where, data)
        assert "changed the family “photo” (description)" in refused.content.decode()
        assert picture(photo) == before
        data = resent(refused, data)
    reloaded = resent(author.get(where), data) | {"description": "changed by somebody else"}
    answer = author.post(where, reloaded)
    if page in ("member", "tuples"):  # these leave a hole, and say so first
        answer = author.post(where, reloaded | {TOLD: filled_in(answer)[TOLD]})
    assert answer.status_code == 302
    assert picture(photo) != before
    assert Family.objects.get().description == "changed by somebody else"


@pytest.mark.parametrize("make", [draft, published])
def test_a_page_of_a_workflow_that_somebody_changed_is_refused_until_it_is_reloaded(author, make):
    workflow = make("one")
    workflow_update(workflow=workflow, description="theirs")
    where = address("workflow_change", workflow.pk)
    data = WORKFLOW | {"display_name": "Mine", "seen_version": workflow.revision}
    for _ in range(3):
        refused = author.post(where, data)
        message = str(errors_of(refused)["__all__"])
        assert "changed the workflow “one” (description)" in message
        assert address("workflow_history", workflow.pk) in message
        assert 'value="Mine"' in refused.content.decode()
        stored = Workflow.objects.get()
        assert (stored.display_name, stored.description) == ("One", "theirs")
        data = resent(refused, data)
    reloaded = resent(author.get(where), data)
    assert author.post(where, reloaded | {"description": "theirs"}).status_code == 302
    stored = Workflow.objects.get()
    assert (stored.display_name, stored.description) == ("Mine", "theirs")


@pytest.mark.parametrize("name", ["family", "axis", "member", "workflow"])
def test_what_somebody_changed_meanwhile_is_not_deleted(author, photo, name):
    axis, workflow = dropdown(photo, "mood", "calm"), draft("two")
    stored = member(photo, "one", model="realism", size="small", mood="calm")
    row = {"family": photo, "axis": axis, "member": stored, "workflow": workflow}[name]
    if name == "axis":
        Member.objects.all().delete()
    where = asked(author, name, row)
    family_update(family=photo, description="theirs")
    workflow_update(workflow=workflow, description="theirs")
    for refused in (author.get(where), author.post(where, {"post": "yes"})):
        assert "was changed meanwhile" in told(refused)[0]
    assert type(row).objects.filter(pk=row.pk).exists()

    # Without a version it is asked again, at the one there is now
    again = author.post(address(f"{name}_delete", row.pk), {"post": "yes"})
    assert type(row).objects.filter(pk=row.pk).exists()
    author.post(address(f"{name}_delete", row.pk) + again.headers["Location"], {"post": "yes"})
    assert not type(row).objects.filter(pk=row.pk).exists()


def test_a_deleted_family_leads_to_the_list(author, photo):
    response = delete(author, "family", photo)
    assert response.headers["Location"] == address("family_changelist")
    assert "was deleted" in told(response)[0]
