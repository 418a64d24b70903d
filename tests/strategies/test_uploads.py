"""Uploads go when they have expired, unless something uses them; also at the same moment."""

import threading
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from strategies import lifecycle, uploads
from strategies.assets import asset_create, asset_from_reference
from strategies.concepts import concept_create, concept_delete, concept_prepare
from strategies.errors import InvalidImage, InvalidInputs
from strategies.models import Asset, Generation, Subject, Task
from strategies.params import ImageAdjustParams
from strategies.services.generations import generation_delete
from strategies.services.tasks import TaskAsk, task_create
from strategies.signatures import lone_signature
from tests.factories import make_generation
from tests.pictures import circle_and_square, png
from workers import tasks

from .lifecycle import claim, output_of

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture
def upload(owner) -> Asset:
    return asset_create(owner, png(circle_and_square()))


def expire(asset: Asset) -> None:
    Asset.objects.filter(id=asset.id).update(expires_at=timezone.now() - timedelta(seconds=1))


def is_there(asset: Asset) -> bool:
    row, file = Asset.objects.filter(id=asset.id).exists(), Path(asset.file.path).exists()
    assert row == file
    return row


def test_what_nothing_uses_goes_after_thirty_days(upload):
    assert timedelta(days=29) < upload.expires_at - timezone.now() <= timedelta(days=30)
    assert uploads.prune() == 0 and is_there(upload)
    expire(upload)
    tasks.app.tasks["atelier.sweep"].apply(throw=True)
    assert not is_there(upload)


def test_what_a_generation_uses_stays_as_long_as_the_generation(owner, workflow, upload):
    generation = make_generation(owner, workflow, inputs={"image": str(upload.id)})
    expire(upload)
    assert uploads.prune() == 0 and is_there(upload)
    upload.refresh_from_db()
    assert upload.expires_at > timezone.now() + 29 * DAY  # looked at again then
    held = claim()
    lifecycle.succeed(held, output_of(held.task))
    expire(upload)
    assert uploads.prune() == 0 and is_there(upload)
    generation_delete(Generation.objects.get(id=generation.id))
    expire(upload)
    assert uploads.prune() == 1 and not is_there(upload)


def test_what_a_subject_shows_stays_as_long_as_the_subject(owner, upload):
    subject = concept_create(
        Subject, owner=owner, values=concept_prepare(owner, name="Ada", picture=str(upload.id))
    )
    expire(upload)
    assert uploads.prune() == 0 and is_there(upload)
    concept_delete(subject)
    expire(upload)
    assert uploads.prune() == 1


def test_what_a_task_alone_uses_stays(owner, upload):
    params = {"source": {"asset": str(upload.id), "sha256": upload.sha256}}
    task = task_create(owner=owner, ask=TaskAsk("image_adjust", params))
    assert [*task.uploads.all()] == [upload]
    expire(upload)
    assert uploads.prune() == 0 and is_there(upload)


def test_what_was_drawn_never_expires(owner, workflow):
    make_generation(owner, workflow)
    held = claim()
    lifecycle.succeed(held, output_of(held.task))
    assert Asset.objects.get().expires_at is None


def test_an_upload_that_a_request_names_stays_until_its_rows_are_there(owner, upload):
    expire(upload)
    assert asset_from_reference(owner, str(upload.id), loc=("image",)) == upload
    assert uploads.prune() == 0
    upload.refresh_from_db()
    assert DAY / 2 < upload.expires_at - timezone.now() <= DAY


def test_what_has_gone_is_refused_by_its_name(owner, upload):
    expire(upload)
    uploads.prune()
    with pytest.raises(InvalidImage, match="No such asset"):
        asset_from_reference(owner, str(upload.id), loc=("image",))
    params = {"source": {"asset": str(upload.id), "sha256": upload.sha256}}
    with pytest.raises(InvalidInputs):
        task_create(owner=owner, ask=TaskAsk("image_adjust", params))


def test_what_is_about_to_be_used_is_left_alone(owner, upload):
    """Its hold ran out before the rows were committed: the sweep neither waits for them nor deletes."""
    expire(upload)
    params = ImageAdjustParams(source={"asset": upload.id, "sha256": upload.sha256})
    with transaction.atomic():
        lifecycle.start_alone(lone_signature(owner.pk, params))
        assert in_another_thread(uploads.prune) == 0
    assert uploads.prune() == 0 and is_there(upload)


def test_a_request_waits_for_the_sweep_that_is_deleting_and_is_refused(owner, upload, monkeypatch):
    expire(upload)
    outcomes, thread = [], None

    def ask() -> None:
        try:
            outcomes.append(asset_from_reference(owner, str(upload.id), loc=("image",)))
        except InvalidImage as error:
            outcomes.append(error)

    def meanwhile(*_: object, **__: object) -> None:
        nonlocal thread
        thread = threading.Thread(target=closing(ask))
        thread.start()
        thread.join(0.3)
        assert outcomes == []  # it waits

    monkeypatch.setattr(uploads, "kept_until", meanwhile)
    assert uploads.prune() == 1
    thread.join()
    assert isinstance(outcomes[0], InvalidImage) and not is_there(upload)


def test_for_ever_is_a_time_too(owner, upload, settings):
    settings.UPLOAD_DAYS = 0
    expire(upload)
    assert uploads.prune() == 0 and is_there(upload)
    assert asset_create(owner, png(circle_and_square())).expires_at is None


def test_what_was_in_use_before_uses_were_noted_is_found(owner, workflow, upload):
    make_generation(owner, workflow, inputs={"image": str(upload.id)})
    Task.uploads.through.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("strategies.migrations.0010_uploads").USES)
    assert [*Task.objects.get().uploads.all()] == [upload]


def closing(work):
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    return run


def in_another_thread(work):
    results = []
    thread = threading.Thread(target=closing(lambda: results.append(work())))
    thread.start()
    thread.join()
    return results[0]
