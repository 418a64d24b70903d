"""The folder that holds an installation: its data, keys, logs, and the lock of the run that uses it."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.stack.errors import StackError

LEAST_FREE_BYTES = 1024**3  # pictures, database log and model cache outgrow less within a day


def open_home(home: Path) -> None:
    """Make the folder.

    Raises: StackError when it cannot be written to or its disk is nearly full.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        (home / "log").mkdir(exist_ok=True)
    except OSError as error:
        raise StackError(f"ATELIER_HOME={home} cannot be written to: {error.strerror}.") from error
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE_BYTES:
        raise StackError(
            f"Only {free // 1024**2} MiB are free on the disk of {home}: "
            "make room for at least 1 GiB, or set ATELIER_HOME to a folder on another disk."
        )


@contextmanager
def sole_run(directory: Path, home: Path) -> Iterator[None]:
    """Hold the lock of `directory`, which the kernel lets go of however this process ends.

    Raises: StackError when another process holds it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise StackError(
                f"Atelier already runs on {home} (process {lock.read().strip()}): "
                "stop it first, or set ATELIER_HOME to another folder."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def secret(path: Path) -> str:
    """The secret kept in this file, made on first use."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(12))
    return path.read_text().strip()
