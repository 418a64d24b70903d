"""Authoring in the admin, page by page."""

import json

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from families.admin.rehearsal import TOLD
from families.models import Axis, Family, Member, Workflow
from families.services import workflow_archive, workflow_delete

from .building import IMAGE_CONTRACT, NO_OUTPUTS, adult, draft, dropdown, family, member, published
from .pages import filled_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def author(client, django_user_model):
    client.force_login(django_user_model.objects.create_superuser("author"))
    return client


def address(page, *arguments):
    return reverse(f"admin:families_{page}", args=arguments)


def errors_of(response):
    """The messages on every field of a page that was not accepted."""
    assert response.status_code == 200, "the page was accepted"
    found = dict(response.context["adminform"].form.errors)
    for inline in response.context["inline_admin_formsets"]:
        for row in inline.formset.errors:
            found.update(row)
        if inline.formset.non_form_errors():
            found["rows"] = inline.formset.non_form_errors()
    return found


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def rows(prefix, stored=(), new=(), deleted=()):
    """The fields of an inline: `stored` rows with their ids, then `new` ones."""
    data = {f"{prefix}-TOTAL_FORMS": len(stored) + len(new), f"{prefix}-INITIAL_FORMS": len(stored)}
    for index, row in enumerate([*stored, *new]):
        data |= {f"{prefix}-{index}-{name}": value for name, value in row.items()}
        if row.get("id") in deleted:
            data[f"{prefix}-{index}-DELETE"] = "on"
    return data


def save_knowingly(author, where, data):
    """Saved the second time, once the page has told what the change would break."""
    warned = author.post(where, data)
    return author.post(where, data | {TOLD: filled_in(warned)[TOLD]})


def asked(author, name, row):
    """The page that asks whether the row is to be deleted, under the version it shows."""
    where = address(f"{name}_delete", row.pk)
    return where + author.get(where).headers["Location"]


def delete(author, name, row):
    return author.post(asked(author, name, row), {"post": "yes"})


def lines(axis: Axis) -> str:
    return "\r\n".join(f"{option.value} = {option.label}" for option in axis.options.all())


def axis_row(axis: Axis, **changes):
    fields = {
        "id": str(axis.pk), "key": axis.key, "display_name": axis.display_name, "control": axis.control,
        "options": lines(axis), "default": axis.default_option.value, "position": axis.position,
    }  # fmt: skip
    return fields | changes


def seen(row: Family | Workflow) -> dict[str, int]:
    """What a page opened now sends back of the version it shows."""
    row.refresh_from_db()
    return {"seen_version": row.version if isinstance(row, Family) else row.revision}


def family_fields(of: Family, **changes):
    return seen(of) | {"key": of.key, "display_name": of.display_name, "position": 0} | changes


def axis_fields(axis: Axis, **changes):
    fields = {name: value for name, value in axis_row(axis).items() if name != "id"}
    return seen(axis.family) | fields | changes


@pytest.fixture
def photo():
    return family("photo", model="likeness realism", size="small large")


# --- pages --------------------------------------------------------------------------------------------
def test_every_page_opens(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    pages = {"workflow": stored.workflow, "family": photo, "axis": photo.axes.first(), "member": stored}
    for name, row in pages.items():
        assert author.get(address(f"{name}_changelist"), {"q": "o"}).status_code == 200
        assert author.get(address(f"{name}_add")).status_code == 200
        assert author.get(address(f"{name}_change", row.pk)).status_code == 200
        assert author.get(address(f"{name}_history", row.pk)).status_code == 200


# --- workflows ----------------------------------------------------------------------------------------
WORKFLOW = {
    "key": "one", "display_name": "One", "strategy": "generate", "generator": "mock", "rating": "sfw",
    "price": "0.01", "prompt_prefix": "outlined ", "contract": json.dumps(IMAGE_CONTRACT),
    "refiner_start": "0.8", "loras": "", "controlnets": "[]",
}  # fmt: skip


def test_a_workflow_is_written_as_a_draft(author):
    author.post(address("workflow_add"), WORKFLOW)
    workflow = Workflow.objects.get(key="one")
    assert (workflow.state, workflow.contract, workflow.loras) == ("draft", IMAGE_CONTRACT, [])
    assert workflow.prompt_prefix == "outlined "


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("key", "Not A Slug", "lower case"),
        (
            "contract",
            '{"inputs": [{"key": "x", "kind": "dropdown", "label": "X"}]}',
            "inputs.0: dropdown needs options",
        ),
        ("contract", "{", "valid JSON"),
        ("loras", '[{"weight": 1}]', "0.lora: Field required"),
        ("price", "-1", "greater than or equal"),
    ],
)
def test_a_mistake_in_a_workflow_is_shown_on_its_field(author, field, value, message):
    errors = errors_of(author.post(address("workflow_add"), WORKFLOW | {field: value}))
    assert list(errors) == [field]
    assert message in errors[field][0]
    assert not Workflow.objects.exists()


def test_a_taken_key_is_shown_on_the_key(author):
    draft("one")
    assert list(errors_of(author.post(address("workflow_add"), WORKFLOW))) == ["key"]


def test_a_rating_that_makes_a_default_adult_is_shown_on_the_rating(author, photo):
    stored = member(photo, published("one"), model="likeness", size="small")
    page = address("workflow_change", stored.workflow.pk)
    errors = errors_of(author.post(page, WORKFLOW | seen(stored.workflow) | {"rating": "adult"}))
    assert "photo" in errors["rating"][0]


def test_saving_without_a_change_keeps_the_version(author):
    workflow = published("one", display_name="One", price="0.01", prompt_prefix="outlined ")
    data = WORKFLOW | seen(workflow) | {"loras": "[]"}
    response = author.post(address("workflow_change", workflow.pk), data)
    assert response.status_code == 302
    assert Workflow.objects.get().version == workflow.version


def act(author, action, *workflows):
    """The action for these, from the list as it is now."""
    return author.post(address("workflow_changelist"), chosen(author, action, *workflows))


def chosen(author, action, *workflows):
    shown = filled_in(author.get(address("workflow_changelist")))
    return shown | {"action": action, "_selected_action": [workflow.pk for workflow in workflows]}


def test_actions_publish_archive_and_choose_the_default(author):
    workflow = draft("one")
    for action, check in [
        ("publish", lambda row: row.state == "published"),
        ("make_default", lambda row: row.is_default_for_strategy),
        ("archive", lambda row: row.state == "archived"),
    ]:
        act(author, action, workflow)
        assert check(Workflow.objects.get()), action


def test_an_action_that_is_refused_says_why_and_does_the_others(author):
    one, two = draft("one"), published("two")
    response = act(author, "make_default", one, two)
    assert "is a draft" in told(response)[0]
    assert Workflow.objects.get(is_default_for_strategy=True) == two


@pytest.mark.parametrize("action", ["publish", "archive", "make_default"])
def test_an_action_leaves_what_somebody_changed_since_the_list_was_shown(author, action):
    one, two = published("one"), published("two")
    data = chosen(author, action, one, two)
    workflow_archive(workflow=one)
    before = Workflow.objects.get(key="one")
    said = told(author.post(address("workflow_changelist"), data))
    assert any("“one”" in each and "was changed meanwhile" in each for each in said)
    assert any("“two” is" in each for each in said)
    after = Workflow.objects.get(key="one")
    assert (after.state, after.revision) == ("archived", before.revision)


def test_an_action_leaves_what_the_list_did_not_show(author):
    workflow = published("one")
    data = {"action": "archive", "_selected_action": [workflow.pk], "select_across": "1"}
    said = told(author.post(address("workflow_changelist"), data))
    assert len(said) == 1 and "Choose them where you see them: one" in said[0]
    assert Workflow.objects.get().state == "published"


def test_archiving_what_a_family_needs_is_told_before_it_is_done(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    member(photo, "two", model="realism", size="large")
    warned = act(author, "archive", stored.workflow)
    assert "options that lead nowhere: size=small" in warned.content.decode()
    assert warned.context["leave"] == address("workflow_changelist")
    assert Workflow.objects.get(key="one").state == "published"
    author.post(address("workflow_changelist"), filled_in(warned))
    assert Workflow.objects.get(key="one").state == "archived"


def test_what_several_archived_together_leave_is_told_of_all_of_them(author, photo):
    both = [
        member(photo, key, model="realism", size=size).workflow
        for key, size in (("one", "small"), ("two", "large"))
    ]
    other = member(family("other", mood="calm"), "three", mood="calm").workflow
    warned = act(author, "archive", *both, other).content.decode()
    assert warned.count("the whole family would be unavailable") == 2
    assert "model=realism, size=small; model=realism, size=large" in warned
    assert not Workflow.objects.filter(state="archived").exists()


def test_a_workflow_is_published_and_archived_on_its_own_page(author, photo):
    workflow = draft("one")
    for action, words in [
        ("publish", "is a draft"),
        ("archive", "Open for requests"),
        ("publish", "is archived"),
    ]:
        page = author.get(address("workflow_change", workflow.pk))
        assert words in page.content.decode()
        buttons = dict(page.context["life"]["actions"])
        assert action in buttons
        back = author.post(
            address("workflow_changelist"),
            {
                "action": action, "_selected_action": [workflow.pk], "back": "1",
                f"seen-{workflow.pk}": page.context["original"].revision,
            },
        )  # fmt: skip
        assert back.headers["Location"] == address("workflow_change", workflow.pk)


def test_the_page_of_a_workflow_links_to_the_families_it_is_in(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    page = author.get(address("workflow_change", stored.workflow.pk)).content.decode()
    assert address("family_change", photo.pk) in page
    assert address("member_change", stored.pk) in page and "model=realism, size=small" in page


def test_a_workflow_in_a_family_is_not_deleted_and_the_page_says_where_it_is(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    response = delete(author, "workflow", stored.workflow)
    assert "photo" in told(response)[0]
    assert Workflow.objects.exists()


# --- families and axes --------------------------------------------------------------------------------
def test_a_new_family_goes_on_to_the_page_of_its_axes(author):
    response = author.post(address("family_add"), {"key": "photo", "display_name": "Photo", "position": 0})
    created = Family.objects.get()
    assert response.headers["Location"] == address("family_change", created.pk)
    new = {"key": "is_nsfw", "display_name": "18+", "control": "toggle", "position": 0}
    author.post(address("family_change", created.pk), family_fields(created) | rows("axes", new=[new]))
    axis = created.axes.get()
    assert [(option.value, option.label) for option in axis.options.all()] == [("off", "SFW"), ("on", "18+")]
    assert axis.default_option.value == "off"


def test_a_taken_axis_key_is_shown_on_its_row(author, photo):
    stored = [axis_row(axis) for axis in photo.axes.all()]
    again = {"key": "model", "display_name": "Model", "control": "dropdown", "position": 0}
    data = family_fields(photo) | rows("axes", stored, new=[again])
    assert list(errors_of(author.post(address("family_change", photo.pk), data))) == ["key"]
    assert photo.axes.count() == 2


def test_a_default_that_is_adult_is_shown_on_the_default(author, photo):
    member(photo, adult("hot"), model="realism", size="small")
    stored = [axis_row(axis) for axis in photo.axes.all()]
    stored[0]["default"] = "realism"
    data = family_fields(photo) | rows("axes", stored)
    errors = errors_of(author.post(address("family_change", photo.pk), data))
    assert "hot" in errors["default"][0]


def test_a_default_is_changed_from_the_family_s_page(author, photo):
    stored = [axis_row(axis) for axis in photo.axes.all()]
    stored[0]["default"] = "realism"
    before = Family.objects.get().version
    author.post(address("family_change", photo.pk), family_fields(photo) | rows("axes", stored))
    assert photo.axes.get(key="model").default_option.value == "realism"
    assert Family.objects.get().version == before + 1


def test_a_key_cannot_be_changed_by_a_crafted_form(author, photo):
    author.post(address("family_change", photo.pk), family_fields(photo, key="other") | rows("axes"))
    assert Family.objects.get().key == "photo"


def test_options_are_added_renamed_moved_and_deleted_where_the_axis_is(author, photo):
    axis = photo.axes.get(key="model")
    data = axis_fields(axis, options="cubism = Cubism\n\nlikeness = Likeness!")
    assert author.post(address("axis_change", axis.pk), data).status_code == 302
    stored = [(option.value, option.label) for option in axis.options.all()]
    assert stored == [("cubism", "Cubism"), ("likeness", "Likeness!")]


@pytest.mark.parametrize(
    ("fields", "blamed", "message"),
    [
        ({"options": "likeness = Likeness"}, "options", "is used by one"),
        ({"options": "= Nothing"}, "options", "has no value"),
        ({"options": "likeness\nrealism\nlikeness"}, "options", "listed twice"),
        ({"options": "likeness\nrealism\nbad value"}, "options", "letters, digits"),
        ({"options": "realism\ncubism"}, "default", "choose another default"),
        ({"default": "cubism"}, "default", "is not an option"),
        ({"control": "toggle", "options": "likeness\nrealism\ncubism"}, "options", "exactly two"),
        ({"control": "slider"}, "control", "not one of the available"),
        ({"display_name": ""}, "display_name", "required"),
    ],
)
def test_a_mistake_in_an_axis_is_shown_on_its_field(author, photo, fields, blamed, message):
    member(photo, "one", model="realism", size="small")
    axis = photo.axes.get(key="model")
    errors = errors_of(author.post(address("axis_change", axis.pk), axis_fields(axis, **fields)))
    assert list(errors) == [blamed]
    assert message in errors[blamed][0]
    assert [option.value for option in axis.options.all()] == ["likeness", "realism"]


def test_a_refusal_links_to_the_members_in_the_way(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    axis = photo.axes.get(key="model")
    page = author.post(address("axis_change", axis.pk), axis_fields(axis, options="likeness"))
    assert address("member_change", stored.pk) in page.content.decode()


def test_what_only_the_rows_together_break_is_told_on_the_page(author, photo):
    stored = [axis_row(axis) for axis in photo.axes.all()]
    new = {"key": "hd", "display_name": "HD", "control": "toggle", "position": 0}
    data = family_fields(photo) | rows("axes", stored, new=[new, {**new, "display_name": "Typed"}])
    page = author.post(address("family_change", photo.pk), data)
    assert "already taken" in errors_of(page)["rows"][0]
    assert 'value="Typed"' in page.content.decode()
    assert photo.axes.count() == 2


def test_deleting_an_axis_in_use_leads_back_with_a_message(author, photo):
    member(photo, "one", model="realism", size="small")
    axis = photo.axes.get(key="model")
    for response in (author.get(asked(author, "axis", axis)), delete(author, "axis", axis)):
        assert response.status_code == 302
        assert "used by one" in told(response)[0]
    assert photo.axes.count() == 2


@pytest.mark.parametrize("name", ["axis", "family", "member"])
def test_what_is_free_is_deleted(author, photo, name):
    stored = member(photo, "one", model="realism", size="small")
    free = {"axis": dropdown(photo, "mood", "calm"), "family": photo, "member": stored}[name]
    assert author.get(asked(author, name, free)).status_code == 200
    delete(author, name, free)
    assert not type(free).objects.filter(pk=free.pk).exists()


# --- members ------------------------------------------------------------------------------------------
def add_member(author, of, workflow, **picks):
    data = {"family": of.pk, "workflow": workflow.pk, **seen(of)}
    data |= {f"axis-{key}": value for key, value in picks.items()}
    return author.post(address("member_add") + f"?family={of.pk}", data)


def test_the_family_is_chosen_first_and_then_its_axes_are_there(author, photo):
    first = author.get(address("member_add")).content.decode()
    assert "axis-model" not in first
    response = author.post(address("member_add"), {"family": photo.pk}, follow=True)
    page = response.content.decode()
    assert 'name="axis-model"' in page
    assert 'name="axis-size"' in page


def test_only_workflows_that_may_join_are_offered(author, photo):
    draft("a-draft")
    published("no-outputs", contract=NO_OUTPUTS)
    member(photo, "in-already", model="realism", size="small")
    free = published("free")
    page = author.get(address("member_add") + f"?family={photo.pk}")
    assert list(page.context["adminform"].form.fields["workflow"].queryset) == [free]


def test_a_member_is_assigned_with_an_option_for_every_axis(author, photo):
    assert add_member(author, photo, published("one"), model="realism", size="small").status_code == 302
    assert Member.objects.get().selection == {"model": "realism", "size": "small"}


def test_every_blank_axis_is_blamed(author, photo):
    errors = errors_of(add_member(author, photo, published("one"), model=""))
    assert list(errors) == ["axis-model", "axis-size"]


def test_a_duplicate_tuple_names_the_other_member(author, photo):
    member(photo, "one", model="realism", size="small")
    errors = errors_of(add_member(author, photo, published("two"), model="realism", size="small"))
    assert "one" in errors["axis-model"][0]


def test_what_went_while_the_page_was_open_is_refused_with_its_reason(author, photo):
    one = published("one")
    errors = errors_of(add_member(author, photo, one, model="cubism", size="small"))
    assert "has no option “cubism”" in errors["axis-model"][0]
    workflow_archive(workflow=one)
    errors = errors_of(add_member(author, photo, one, model="realism", size="small"))
    assert "is archived" in errors["workflow"][0]
    workflow_delete(workflow=one)
    errors = errors_of(add_member(author, photo, one, model="realism", size="small"))
    assert "not one of the available" in errors["workflow"][0]


def test_an_adult_default_is_shown_on_the_workflow(author, photo):
    errors = errors_of(add_member(author, photo, adult("hot"), model="likeness", size="small"))
    assert list(errors) == ["workflow"]


def test_a_member_is_given_another_tuple_but_no_other_workflow(author, photo):
    stored = member(photo, "one", model="realism", size="small")
    data = {
        "family": photo.pk,
        "workflow": published("two").pk,
        "axis-model": "realism",
        "axis-size": "large",
        **seen(photo),
    }
    assert save_knowingly(author, address("member_change", stored.pk), data).status_code == 302
    moved = Member.objects.get()
    assert (moved.workflow.key, moved.selection) == ("one", {"model": "realism", "size": "large"})


def test_the_list_says_why_a_member_is_unavailable(author, photo):
    member(photo, "one", model="realism", size="small")
    dropdown(photo, "mood", "calm")
    assert "has no value for axis mood" in author.get(address("member_changelist")).content.decode()
