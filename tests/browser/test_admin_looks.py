"""How the admin looks: for every eye, on every screen, in light and dark."""

import pytest
from django.utils import timezone

from families.models import Family
from families.services import workflow_publish, workflow_update
from strategies import lifecycle
from strategies.pools import Condition, PoolReport, report
from strategies.services.pools import pool_drain, pool_pause
from tests.api.work import finish
from tests.factories import make_generation, make_owner, make_workflow
from tests.families.building import adult, draft, dropdown, family, member, toggle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_server")]


@pytest.fixture
def photo() -> Family:
    """A family with everything to see: members, holes, one that is unavailable, some incomplete."""
    photo = family("photo", input_model="likeness realism", size="small large wide")
    toggle(photo, "is_nsfw", "off on")
    member(photo, "portrait", input_model="likeness", size="small", is_nsfw="off")
    member(photo, "landscape", input_model="realism", size="wide", is_nsfw="off")
    member(photo, adult("boudoir"), input_model="realism", size="large", is_nsfw="on")
    workflow_update(workflow=photo.members.get(workflow__key="landscape").workflow, description="wide")
    dropdown(photo, "mood", "calm wild")
    return photo


def test_no_page_of_the_admin_has_a_grave_fault(admin, page, photo, faults):
    workflow = workflow_publish(workflow=draft("sketch"))
    generation = make_generation(make_owner(), workflow)
    finish()
    pools_in_every_state()
    pages = {
        "pools": ("poolhold_changelist",),  # first: they soon fall silent
        "families": ("family_changelist",),
        "family": ("family_change", photo.pk),
        "family-new": ("family_add",),
        "retuple": ("family_tuples", photo.pk),
        "preview": ("family_preview", photo.pk),
        "history": ("family_history", photo.pk),
        "delete": ("family_delete", photo.pk),
        "member-delete": ("member_delete", photo.members.first().pk),
        "axis": ("axis_change", photo.axes.first().pk),
        "member": ("member_change", photo.members.first().pk),
        "workflows": ("workflow_changelist",),
        "workflow": ("workflow_change", workflow.pk),
        "versions": ("workflow_history", workflow.pk),
        "version": ("workflow_version", workflow.pk, workflow.version),
        "generations": ("generation_changelist",),
        "generation": ("generation_change", generation.pk),
    }
    found = []
    for name, (address, *arguments) in pages.items():
        requests = name.startswith(("generation", "pool"))
        admin(address, *arguments, app="strategies" if requests else "families")
        page.find("main, #content, form")
        found += faults(f"admin-{name}")
    alone = member(family("plain", size="small"), "alone", size="small")
    admin("workflow_change", alone.workflow.pk)
    page.press("Archive")
    page.find(".at-warned")
    found += faults("admin-confirm")
    page.press("Archive all the same")
    page.find(".at-life")
    assert "Unavailable: it is archived." in page.text
    assert found == []


def pools_in_every_state() -> None:
    now, gib = timezone.now().isoformat(), 2**30
    facts = {"device": "cuda:0", "queues": ["generation", "editing"], "heartbeat_at": now, "started_at": now}
    memory = {"model_bytes": 14 * gib, "budget_bytes": 62 * gib, "free_bytes": 44 * gib, "hits": 12}
    report(PoolReport("gpu0@atelier", **facts, memory=memory, resident=["sdxl-base", "juggernaut"]))
    reason = "The device cuda:0 cannot be used: it has fallen off the bus."
    report(PoolReport("gpu1@atelier", **facts, condition=Condition.UNFIT, reason=reason, unfit_since=now))
    report(PoolReport("gpu2@atelier", **facts, memory=memory, resident=["sdxl-base"]))
    operator, workflow = make_owner(), make_workflow()
    make_generation(operator, workflow, num_predictions=2)
    while lifecycle.claim(queue="generation", worker="gpu2@atelier", device="cuda:0", lease_seconds=60):
        pass
    pool_pause("gpu2@atelier", by=operator)
    pool_drain("light@gone", by=operator)
