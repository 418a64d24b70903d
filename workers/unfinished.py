"""Where long work keeps what it has reached: a folder each, for as long as its task is not over."""

import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings

from strategies.models import Task
from strategies.models.status import LIVE


def folder_of(task: UUID) -> Path:
    """The folder of one task, on this machine; another machine would start over."""
    return _root() / str(task)


def sweep() -> None:
    """Remove the folders of tasks that are over: canceled, failed, or done by somebody else."""
    folders = {folder.name: folder for folder in _root().glob("*")}
    live = Task.objects.filter(id__in=list(folders), status__in=LIVE).values_list("id", flat=True)
    for name in folders.keys() - {str(task) for task in live}:
        shutil.rmtree(folders[name], ignore_errors=True)


def _root() -> Path:
    return Path(settings.HOME) / "unfinished"
