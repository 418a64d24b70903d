"""From what a workflow names, and from stored files, to files on this machine."""

from pathlib import Path

from django.conf import settings
from django.db.models.fields.files import FieldFile

from strategies.model_files import POCKET, model_source
from strategies.params import Weights

__all__ = ["POCKET", "adapter_path", "local_file", "model_source"]


def adapter_path(location: str) -> str:
    """A LoRA that an author named: shipped, or below the models folder."""
    return model_source(Weights(location=location)).location


def local_file(file: FieldFile) -> str:
    """A stored file as a path on this machine; one in remote storage is copied once, under its own name."""
    try:
        return file.path
    except NotImplementedError:
        copy = Path(settings.HOME) / "cache" / file.name
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            draft = copy.with_suffix(".part")
            with file.open("rb") as source:
                draft.write_bytes(source.read())
            draft.rename(copy)
        return str(copy)
