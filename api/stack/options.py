"""What the environment says about where Atelier lives and listens."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from api.stack.errors import StackError
from api.stack.packages import ROOT
from api.stack.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Options:
    """The folder of the installation, its pools, its addresses, and how long a start may take.

    Read without Django, whose settings cannot be loaded while the environment or the disk is in disorder.
    """

    home: Path
    pools_file: Path
    host: str
    port: int
    flower_port: int
    web_workers: int
    start_seconds: int

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Options":
        """Raises: StackError when a number is none."""
        return cls(
            home=Path(environment.get("ATELIER_HOME") or ROOT / "var").resolve(),
            pools_file=Path(environment.get("ATELIER_POOLS") or ROOT / "pools.toml").resolve(),
            host=environment.get("ATELIER_HOST") or LOOPBACK,
            port=_number(environment, "ATELIER_PORT", 8000, 65535),
            flower_port=_number(environment, "ATELIER_FLOWER_PORT", 5555, 65535),
            web_workers=_number(environment, "ATELIER_WEB_WORKERS", 1, 256),
            start_seconds=_number(environment, "ATELIER_START_SECONDS", 180, 86400),
        )

    @property
    def url(self) -> str:
        """Where this machine reaches the web process."""
        host = LOOPBACK if self.host in {"0.0.0.0", "::"} else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def flower_url(self) -> str:
        return f"http://{LOOPBACK}:{self.flower_port}"


def _number(environment: Mapping[str, str], variable: str, default: int, highest: int) -> int:
    text = environment.get(variable) or str(default)
    if text.isascii() and text.isdigit() and 1 <= int(text) <= highest:
        return int(text)
    raise StackError(f"{variable} must be a number from 1 to {highest}, not {text!r}.")
