"""The author's way through the admin, in a real browser."""

import pytest
from selenium.webdriver.support.wait import WebDriverWait

from families.models import Family, Workflow
from families.services import axis_update, workflow_publish
from tests.families.building import draft, published
from tests.stack import PATIENCE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


def add_axis(page, number: int, key: str, name: str, options: str = "") -> None:
    """A new row among the axes; a reserved key needs no options."""
    page.click("a.add-row")
    page.type(f"[name=axes-{number}-key]", key)
    page.type(f"[name=axes-{number}-display_name]", name)
    rows = f"[name=axes-{number}-options] + .at-rows"
    for value in options.split():
        page.click(f"{rows} > .at-small")
        page.all(f"{rows} input[data-value]")[-1].send_keys(value)


def test_a_family_is_authored_from_nothing_to_its_history(admin, browser, keep, page):
    browser.set_window_size(1400, 1400)
    for key in ("portrait", "landscape", "sketch"):
        published(key)

    # Given a family of two axes, one of them with a reserved key.
    admin("family_add")
    page.type("[name=key]", "photo")
    page.type("[name=display_name]", "Photo")
    page.save()
    add_axis(page, 0, "input_model", "Choose your flavour")
    written = [
        box.get_attribute("value") for box in page.all("[name=axes-0-options] + .at-rows [data-value]")
    ]
    assert written == ["likeness", "realism"]
    add_axis(page, 1, "size", "Size", "small large")
    keep("authoring-axes")
    page.save()
    family = Family.objects.get(key="photo")
    assert [axis.key for axis in family.axes.all()] == ["input_model", "size"]
    assert "4 holes" in page.text

    # When members are added from the holes of the table.
    for workflow in ("portrait", "landscape"):
        page.click(".at-hole a")
        page.pick("[name=workflow]", str(Workflow.objects.get(key=workflow).pk))
        page.save()
    assert len(page.all(".at-filled")) == 2
    assert "2 holes" in page.text
    keep("authoring-matrix")

    # Then a tuple that is taken is refused with the name of its member.
    page.press("Add a member")
    page.pick("[name=workflow]", str(Workflow.objects.get(key="sketch").pk))
    page.pick("[name=axis-input_model]", "likeness")
    page.pick("[name=axis-size]", "small")
    page.save()
    assert "already answers to" in page.text
    keep("authoring-duplicate")

    # And an axis says what it would do to the members before it is saved.
    admin("family_change", family.pk)
    add_axis(page, 2, "mood", "Mood", "calm wild")
    page.save()
    keep("authoring-consequence")
    assert "2 members would have no full tuple" in page.text
    page.pick("[name=axes-2-fill]", "@leave")
    page.save()
    assert "2 incomplete members" in page.text
    page.dark()
    keep("authoring-incomplete-dark")

    # And all of them are re-tupled at once.
    page.press("Re-tuple them all at once")
    page.pick("[name=fill-mood]", "wild")
    keep("authoring-tuples")
    page.press("Save all tuples")
    WebDriverWait(browser, PATIENCE).until(lambda _: len(page.all(".at-filled")) == 2)
    assert {member.selection["mood"] for member in family.members.all()} == {"wild"}

    # And the preview and the history tell of it.
    page.press("Preview")
    assert "Unavailable" in page.text
    page.press("input_model=likeness, size=small, mood=wild")
    assert "Unavailable" not in page.text
    browser.switch_to.frame(page.find("iframe"))
    page.find(".generate")
    assert page.find("form.panel").get_attribute("aria-label") == "Photo"
    browser.switch_to.default_content()
    keep("authoring-preview")
    admin("family_history", family.pk)
    assert "anna" in page.text
    assert "mood=wild" in page.text
    keep("authoring-history")


def test_a_workflow_is_written_in_rows_published_and_archived(admin, browser, keep, page):
    browser.set_window_size(1400, 1400)
    workflow = draft("one")
    admin("workflow_change", workflow.pk)
    section = "[data-list=inputs]"
    page.click(f"{section} > .at-small")
    place = len(workflow.contract["inputs"])
    card = f"[data-card='inputs.{place}']"
    page.pick(f"{card} [data-field=kind] select", "number")
    page.type(f"{card} [data-field=key] input", "strength")
    page.type(f"{card} [data-field=label] input", "Strength")
    page.type(f"{card} [data-field=minimum] input", "1")
    page.type(f"{card} [data-field=maximum] input", "0")
    page.save()

    # A mistake is shown in its row, on the box at fault.
    assert "minimum is above maximum" in page.find(f"{card} [data-field=minimum]").text
    keep("authoring-contract-error")
    page.type(f"{card} [data-field=minimum] input", "0")
    page.type(f"{card} [data-field=maximum] input", "1")
    page.save()
    stored = Workflow.objects.get(key="one").contract["inputs"][place]
    assert stored == {"key": "strength", "kind": "number", "label": "Strength", "minimum": 0, "maximum": 1}

    for action, state in (("publish", "published"), ("archive", "archived")):
        admin("workflow_changelist")
        browser.execute_script("document.querySelector('input.action-select').click()")
        page.pick("[name=action]", action)
        browser.execute_script("document.querySelector('#changelist-form').submit()")
        WebDriverWait(browser, PATIENCE).until(lambda _, state=state: f"is {state}" in page.text)
        assert Workflow.objects.get(key="one").state == state

    # On its own page too, once what is typed there is saved
    admin("workflow_change", workflow.pk)
    page.type("[name=display_name]", "The one")
    page.press("Publish")
    assert "Save what you have changed below first" in page.text
    page.save()
    admin("workflow_change", workflow.pk)
    page.press("Publish")
    WebDriverWait(browser, PATIENCE).until(lambda _: "Open for requests" in page.text)
    assert Workflow.objects.get(key="one").state == "published"
    admin("workflow_history", workflow.pk)
    page.all(".at-versions a")[-1].click()
    assert "What ran as version 2" in page.text
    keep("authoring-version")


def test_rows_of_a_contract_are_moved_and_removed_and_the_json_follows(admin, browser, keep, page):
    workflow = workflow_publish(workflow=draft("one"))
    admin("workflow_change", workflow.pk)
    before = [spec["key"] for spec in workflow.contract["inputs"]]
    page.click("[data-card='inputs.1'] .at-tools button[title^='Move'][title$='up']")
    page.click("[data-card='inputs.2'] .at-tools .at-remove")
    page.save("_continue")
    expected = [before[1], before[0], *before[3:]]
    # The strategy needs what was removed, and a published workflow must be able to run.
    assert f"needs an input “{before[2]}”" in page.text
    shown = page.find("[data-document=contract]").get_attribute("value")
    assert [shown.index(f'"{key}"') for key in expected] == sorted(
        shown.index(f'"{key}"') for key in expected
    )
    keep("authoring-contract-refused")


def test_the_second_of_two_authors_keeps_what_was_typed(admin, browser, keep, page):
    published("portrait")
    admin("family_add")
    page.type("[name=key]", "photo")
    page.type("[name=display_name]", "Photo")
    page.save()
    add_axis(page, 0, "size", "Size", "small large")
    page.save()
    axis_update(axis=Family.objects.get().axes.get(), display_name="Theirs")
    page.type("[name=display_name]", "Mine")
    page.save()
    assert "changed the axis “size”" in page.text
    assert page.find("[name=display_name]").get_attribute("value") == "Mine"
    assert Family.objects.get().display_name == "Photo"
    keep("authoring-two-authors")
