"""One process that the supervisor keeps running."""

import shlex
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from api.stack.packages import ROOT


@dataclass(frozen=True, slots=True)
class Program:
    """How to run and how to stop it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 15

    def section(self, log_directory: Path) -> str:
        """Its part of the supervisor's configuration file.

        The stop signal goes to the program alone: Celery's child must finish its task undisturbed. What is
        left of the program's group when its time is up is killed.
        """
        settings = {
            "command": literal(shlex.join(self.command)),
            "directory": literal(str(ROOT)),
            "environment": ",".join(f"{key}={quoted(value)}" for key, value in self.environment.items()),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": "3",
            "startretries": "100",  # each waits a second longer than the one before
            "stopsignal": self.stop_signal.name.removeprefix("SIG"),
            "stopwaitsecs": str(self.stop_seconds),
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": literal(str(log_directory / f"{self.name}.log")),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
        }
        return section(f"program:{self.name}", settings)


def section(title: str, settings: Mapping[str, str]) -> str:
    """A part of the supervisor's configuration file."""
    return "\n".join([f"[{title}]", *(f"{key} = {value}" for key, value in settings.items()), ""])


def literal(text: str) -> str:
    """Text that the supervisor must take as it is: it expands `%(…)s`."""
    return text.replace("%", "%%")


def quoted(text: str) -> str:
    """A value of `environment`, whose format has no way to write a double quote.

    Raises: ValueError when there is one.
    """
    if '"' in text:
        raise ValueError(f"the supervisor cannot pass on {text!r}")
    return f'"{literal(text)}"'
