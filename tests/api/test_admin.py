"""The admin's pages open, show, and do what their actions say."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from api.models import ApiKey, User
from families.services import workflow_publish, workflow_update
from strategies.assets import asset_create
from strategies.concepts import concept_create
from strategies.loras import lora_create
from strategies.models import (
    Asset,
    Generation,
    Lora,
    PoolHold,
    Prediction,
    Product,
    Style,
    Subject,
    Task,
    WebhookDelivery,
    WebhookEndpoint,
)
from strategies.webhooks.endpoints import endpoint_create
from tests.factories import make_generation, make_owner
from tests.families.building import draft

from .test_uploads import LORA
from .work import claim, fail, finish, png

MODELS = [
    f"{model._meta.app_label}_{model._meta.model_name}"
    for model in admin.site._registry
    if model._meta.app_label in ("api", "strategies")
]


@pytest.fixture
def browser(db) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    return browser


@pytest.fixture
def rows(workflow):
    """One of everything, in every state."""
    owner = make_owner()
    for _ in range(4):
        make_generation(owner, workflow, num_predictions=1)
    finish()
    fail()
    endpoint_create(owner=owner, url="https://hooks.invalid/a")
    claim()
    asset_create(owner, png())
    lora = lora_create(owner, "Outline", SimpleUploadedFile("a.safetensors", LORA.read_bytes()))
    picture = asset_create(owner, png())
    for kind in (Subject, Product, Style):
        concept_create(kind, owner=owner, values={"name": "Ada", "lora": lora, "picture": picture})
    ApiKey.objects.create_key(name="laptop", owner=owner)


@pytest.mark.parametrize("model", MODELS)
def test_lists_and_pages_open(browser, rows, model):
    listed = browser.get(reverse(f"admin:{model}_changelist"), {"q": "a"})
    assert listed.status_code == 200
    row = next(item for item in admin.site._registry if item._meta.label_lower.replace(".", "_") == model)
    if instance := row.objects.first():
        page = browser.get(reverse(f"admin:{model}_change", args=[instance.pk]))
        assert page.status_code == 200


@pytest.mark.parametrize("model", ["generation", "prediction", "task", "asset", "lora", "subject"])
def test_nothing_can_be_made_or_changed_by_hand(browser, rows, model):
    assert browser.get(reverse(f"admin:strategies_{model}_add")).status_code == 403
    row = next(item for item in admin.site._registry if item._meta.model_name == model).objects.first()
    address = reverse(f"admin:strategies_{model}_change", args=[row.pk])
    assert browser.post(address, {"status": "succeeded"}).status_code == 403


def act(browser, model: str, action: str, rows) -> str:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return browser.post(reverse(f"admin:{model}_changelist"), data, follow=True).content.decode()


def test_a_dead_letter_is_asked_again(browser, rows):
    dead = Task.objects.filter(status="failed")
    assert "1 asked again" in act(browser, "strategies_task", "ask_again", dead)
    assert Generation.objects.filter(metadata__replay_of=str(dead.get().prediction_id)).count() == 1


def test_a_running_task_is_not_asked_again(browser, rows):
    page = act(browser, "strategies_task", "ask_again", Task.objects.filter(status="processing"))
    assert "still running" in page and "0 asked again" in page


def test_generations_are_canceled_and_deleted(browser, rows):
    everything = Generation.objects.all()
    page = act(browser, "strategies_generation", "forget", everything)
    assert "2 deleted" in page and "2 were still running" in page
    assert "2 canceled" in act(browser, "strategies_generation", "cancel", everything)
    assert set(Prediction.objects.values_list("status", flat=True)) == {"canceled"}


def test_a_lora_in_use_is_kept_until_those_who_use_it_are_deleted(browser, rows):
    page = act(browser, "strategies_lora", "forget", Lora.objects.all())
    assert "the subject “Ada”" in page and "0 deleted" in page
    for kind in (Subject, Product, Style):
        assert "Deleted." in act(browser, f"strategies_{kind._meta.model_name}", "forget", kind.objects.all())
    assert "1 deleted" in act(browser, "strategies_lora", "forget", Lora.objects.all())
    assert not Lora.objects.exists() and Asset.objects.exists()


def test_pictures_are_for_staff_who_may_see_them(browser, rows):
    asset = Asset.objects.filter(prediction__isnull=False).get()
    address = reverse("admin:strategies_asset_file", args=[asset.id])
    assert b"".join(browser.get(address).streaming_content).startswith(b"\x89PNG")
    clerk = Client()
    clerk.force_login(make_owner(is_staff=True))
    assert clerk.get(address).status_code == 403
    assert Client().get(address).status_code == 302


def test_a_key_is_shown_once_and_works_and_is_revoked(browser, rows, client):
    owner = make_owner()
    data = {"owner": owner.pk, "name": "new", "expiry_date_0": "", "expiry_date_1": ""}
    page = browser.post(reverse("admin:api_apikey_add"), data, follow=True).content.decode()
    secret = page.partition("The API key for new is: ")[2].partition(". ")[0]
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/v1/generations", headers=headers).status_code == 200
    assert secret not in browser.get(reverse("admin:api_apikey_changelist")).content.decode()

    act(browser, "api_apikey", "revoke", ApiKey.objects.filter(name="new"))
    assert client.get("/v1/generations", headers=headers).json()["code"] == "invalid_api_key"


def test_an_account_is_marked_as_age_verified(browser, account):
    act(browser, "api_user", "mark_age_verified", [account.user])
    account.user.refresh_from_db()
    assert account.user.age_verified_at is not None


def test_a_webhook_is_switched_off_and_on_and_its_messages_are_sent_again(browser, rows):
    act(browser, "strategies_webhookendpoint", "disable", WebhookEndpoint.objects.all())
    assert WebhookEndpoint.objects.get().disabled_reason == "Disabled by an operator."
    given_up = WebhookDelivery.objects.filter(status="failed")
    assert "disabled; enable it first" in act(browser, "strategies_webhookdelivery", "replay", given_up)
    act(browser, "strategies_webhookendpoint", "enable", WebhookEndpoint.objects.all())
    assert "2 sent again" in act(browser, "strategies_webhookdelivery", "replay", given_up)
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"pending"}


def test_no_page_shows_a_webhooks_secret(browser, rows):
    endpoint = WebhookEndpoint.objects.get()
    log = reverse("admin:strategies_webhookdelivery_changelist")
    for address in (
        reverse("admin:strategies_webhookendpoint_change", args=[endpoint.pk]),
        reverse("admin:strategies_webhookendpoint_changelist"),
        f"{log}?endpoint__id__exact={endpoint.pk}",
    ):
        page = browser.get(address)
        assert page.status_code == 200 and endpoint.secret not in page.content.decode()


@pytest.mark.parametrize("page", ["generation", "prediction"])
def test_a_page_links_to_the_workflow_and_to_the_version_that_ran(browser, page):
    ran = workflow_publish(workflow=draft("one"))
    generation = make_generation(make_owner(), ran)
    workflow_update(workflow=ran, prompt_prefix="changed since ")
    row = {"generation": generation, "prediction": generation.predictions.get()}[page]
    shown = browser.get(reverse(f"admin:strategies_{page}_change", args=[row.pk])).content.decode()
    version = reverse("admin:families_workflow_version", args=[ran.pk, ran.version])
    assert reverse("admin:families_workflow_change", args=[ran.pk]) in shown
    assert f'href="{version}"' in shown and "(now at 3)" in shown
    assert "changed since" not in browser.get(version).content.decode()


def test_a_version_that_has_no_record_is_named_without_a_link(browser, workflow):
    generation = make_generation(make_owner(), workflow)
    workflow.history.all().delete()
    page = browser.get(reverse("admin:strategies_generation_change", args=[generation.pk]))
    assert page.status_code == 200
    assert "version 1" in page.content.decode() and "/versions/1/" not in page.content.decode()


def tell(browser, told: str, pool: str = "gpu@test"):
    return browser.post(reverse("admin:strategies_poolhold_tell", args=[told]), {"pool": pool}, follow=True)


def test_a_pool_is_paused_and_resumed_by_its_buttons(browser, rows, live_pool):
    page = browser.get(reverse("admin:strategies_poolhold_changelist")).content.decode()
    running = Task.objects.get(status="processing")
    assert "gpu@test" in page and "running" in page and str(running.id)[:8] in page
    paused = tell(browser, "pause").content.decode()
    assert "gpu@test finishes what it runs and takes no more." in paused
    assert "It was paused by root" in paused and "tell/pause" not in paused
    assert "It was paused" not in tell(browser, "resume").content.decode()
    assert "it has gone meanwhile" in tell(browser, "drain", "gone@test").content.decode()
    assert not PoolHold.objects.exists()


def test_only_who_may_operate_pools_sees_buttons_and_can_press_them(rows, live_pool):
    viewer = User.objects.create_user("viewer", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_poolhold"))
    browser = Client()
    browser.force_login(viewer)
    page = browser.get(reverse("admin:strategies_poolhold_changelist")).content.decode()
    assert "gpu@test" in page and "tell/pause" not in page
    assert tell(browser, "pause").status_code == 403
    assert not PoolHold.objects.exists()
