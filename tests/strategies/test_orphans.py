"""Files that no row names are deleted, and nothing else is."""

import os
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from strategies import orphans
from strategies.assets import asset_create
from strategies.models import Asset, Lora
from tests.pictures import circle_and_square, png
from workers import tasks

DAYS = 24 * 3600


@pytest.fixture(autouse=True)
def _old_database(db):
    """A database of last year."""
    MigrationRecorder.Migration.objects.update(applied=timezone.now() - timedelta(days=365))


def aged(path: Path, days: float = 2) -> Path:
    then = time.time() - days * DAYS
    os.utime(path, (then, then))
    return path


def left_behind(settings, name: str, days: float = 2) -> Path:
    path = Path(settings.MEDIA_ROOT) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"pixels")
    return aged(path, days)


def file_of(stored) -> Path:
    return Path(stored.file.path)


def shard_of(id: UUID) -> int:
    return int(id.hex[:2], 16)


ORPHANS = [
    "outputs/5a/5a000000-0000-4000-8000-000000000001.png",
    "outputs/5a/5a000000-0000-4000-8000-000000000002.mp4",
    "inputs/5a/5a000000-0000-4000-8000-000000000003.png",
    "loras/5a000000-0000-4000-8000-000000000004.safetensors",
]


@pytest.mark.parametrize("name", ORPHANS)
def test_what_no_row_names_is_deleted_when_it_is_old(settings, name):
    path = left_behind(settings, name)
    assert orphans.sweep(0x5B) == 0 and path.exists()
    assert orphans.sweep(0x5A) == 1 and not path.exists()


@pytest.mark.parametrize(
    ("name", "days"),
    [
        (ORPHANS[0], 0),  # its row may be on its way
        (ORPHANS[0], 400),  # it was there before this database
        ("outputs/5a/notes.txt", 2),
        ("elsewhere/5a000000-0000-4000-8000-000000000001.png", 2),
    ],
)
def test_what_may_be_somebody_s_stays(settings, name, days):
    path = left_behind(settings, name, days)
    assert orphans.sweep(0x5A) == 0 and path.exists()


def test_what_a_row_names_stays(owner, settings):
    picture = asset_create(owner, png(circle_and_square()))
    lora = Lora(owner=owner, name="a", sha256="0" * 64, size=1)
    lora.file.save("", ContentFile(b"weights"), save=False)
    lora.save()
    for kept in (picture, lora):
        aged(file_of(kept))
        assert orphans.sweep(shard_of(kept.id)) == 0 and file_of(kept).exists()
    Asset.objects.all().delete()
    assert orphans.sweep(shard_of(picture.id)) == 1 and not file_of(picture).exists()


def test_a_pass_deletes_only_so_many(settings, monkeypatch):
    monkeypatch.setattr(orphans, "MOST", 2)
    for number in range(5):
        left_behind(settings, f"outputs/5a/5a000000-0000-4000-8000-00000000000{number}.png")
    assert [orphans.sweep(0x5A) for _ in range(4)] == [2, 2, 1, 0]


def test_256_passes_look_at_everything(settings, monkeypatch):
    paths = [left_behind(settings, name) for name in ORPHANS]
    for turn in range(orphans.SHARDS):
        monkeypatch.setattr(tasks.time, "time", lambda turn=turn: turn * settings.SWEEP_SECONDS + 1)
        tasks.app.tasks["atelier.sweep"].apply(throw=True)
    assert not any(path.exists() for path in paths)


def test_sessions_that_are_over_are_forgotten(db):
    Session.objects.create(session_key="old", expire_date=timezone.now() - timedelta(days=1))
    Session.objects.create(session_key="new", expire_date=timezone.now() + timedelta(days=1))
    tasks.app.tasks["atelier.sweep"].apply(throw=True)
    assert Session.objects.get().session_key == "new"
