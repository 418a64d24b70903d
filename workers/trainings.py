"""Where trainings keep their checkpoints: a folder each, for as long as its task is not over."""

import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings

from strategies.models import Task
from strategies.models.status import LIVE


def training_folder(task: UUID) -> Path:
    """The folder of one training, on this machine; another machine would start over."""
    folder = _root() / str(task)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sweep() -> None:
    """Remove the folders of trainings that are over: canceled, failed, or done by somebody else."""
    folders = {folder.name: folder for folder in _root().glob("*")}
    live = Task.objects.filter(id__in=list(folders), status__in=LIVE).values_list("id", flat=True)
    for name in folders.keys() - {str(task) for task in live}:
        shutil.rmtree(folders[name], ignore_errors=True)


def _root() -> Path:
    return Path(settings.HOME) / "training"
