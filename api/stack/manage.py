"""Management commands in processes of their own, whose settings know the addresses."""

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from api.stack.errors import StackError
from api.stack.packages import ROOT
from api.stack.tether import tethered

SENTENCE = "CommandError: "


def manage(command: str, environment: Mapping[str, str], log_directory: Path) -> None:
    """Run `manage.py command`, its words going to a log file.

    Raises: StackError with the sentence it ended with when it fails.
    """
    path = log_directory / f"{command}.log"
    with path.open("wb") as log:
        done = subprocess.run(
            tethered(signal.SIGKILL, [sys.executable, "manage.py", command]),
            cwd=ROOT,
            env=environment,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    if done.returncode == 0:
        return
    last = (path.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    if last.startswith(SENTENCE):
        raise StackError(last.removeprefix(SENTENCE))
    raise StackError(f"manage.py {command} failed: {last} (all of it: {path})")
