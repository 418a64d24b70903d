"""Where PostgreSQL, Redis and the broker are: given by the environment, or embedded and noted in a file."""

from collections.abc import Mapping
from pathlib import Path

from api.stack.home import write_private

FILE = "servers.env"  # the settings read it for whatever the environment leaves open
VARIABLES = ("DATABASE_URL", "REDIS_URL", "BROKER_URL")


def given(environment: Mapping[str, str], home: Path) -> dict[str, str]:
    """The addresses that came from outside.

    The settings have already filled the gaps from the file of an earlier run; those do not count.
    """
    noted = _read(home)
    return {
        variable: environment[variable]
        for variable in VARIABLES
        if environment.get(variable) and environment[variable] != noted.get(variable)
    }


def note(home: Path, embedded: Mapping[str, str]) -> None:
    """Write down the embedded servers, for every process of this installation."""
    write_private(home / FILE, "".join(f"{variable}={url}\n" for variable, url in embedded.items()))


def forget(home: Path) -> None:
    (home / FILE).unlink(missing_ok=True)


def _read(home: Path) -> dict[str, str]:
    path = home / FILE
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line)
