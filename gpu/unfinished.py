"""What long work has reached, in a file: whoever is stopped goes on there."""

import os
from pathlib import Path
from typing import Any

import torch


def keep(file: Path, state: dict[str, Any]) -> None:
    """Whole or not at all: whoever dies while writing leaves the file before."""
    draft = file.with_suffix(f".{os.getpid()}")  # one who lost the task may still be writing
    draft.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, draft)
    draft.replace(file)


def kept(file: Path) -> dict[str, Any] | None:
    """What was kept, in main memory."""
    return torch.load(file, map_location="cpu", weights_only=True) if file.exists() else None
