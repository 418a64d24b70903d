"""The pools file: which worker processes this machine runs, on which device, serving which queues."""

import socket
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gpu import device as devices

TERMINATION_GRACE_SECONDS = 40  # longer than workers.process.SOFT_SHUTDOWN_SECONDS


class PoolsFileError(Exception):
    """The pools file cannot be used; the message says where and why."""


class PoolSpec(BaseModel):
    """One `[[pool]]` table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,40}$")
    device: str = Field(pattern=r"^(auto|none|network|cpu|cuda:\d+)$")
    queues: tuple[str, ...] = Field(min_length=1)
    memory_gib: float | None = Field(default=None, gt=0)
    threads: int | None = Field(default=None, ge=1)
    compile: bool = False
    tf32: bool = False
    warm_up: tuple[str, ...] = ()
    concurrency: int = Field(default=1, ge=1, le=64)

    @model_validator(mode="after")
    def _one_task_per_device(self) -> "PoolSpec":
        if self.concurrency > 1 and self.device not in ("none", "network"):
            raise ValueError('only a pool whose device is "none" or "network" runs several tasks at once')
        return self

    @field_validator("queues")
    @classmethod
    def _queue_names(cls, queues: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(queues)) != len(queues):
            raise ValueError("a queue is named twice")
        return queues


@dataclass(frozen=True, slots=True)
class Pool:
    """A worker process to run: a spec whose device is settled."""

    name: str
    device: str  # "cuda:N", "cpu", "none" or "network"
    queues: tuple[str, ...]
    memory_gib: float | None = None
    threads: int | None = None
    compile: bool = False
    tf32: bool = False
    warm_up: tuple[str, ...] = ()
    concurrency: int = 1

    @property
    def node(self) -> str:
        """The Celery node name."""
        return f"{self.name}@{socket.gethostname()}"

    def command(self) -> list[str]:
        """The command line of the worker process.

        What computes does so in spawned children: only they ever hold torch, and what takes too long can be
        killed. What waits for other servers is as good as free in a thread.
        """
        kind = "threads" if self.device == "network" else "prefork"
        return [
            sys.executable, "-m", "celery", "--quiet", "--app", "workers.app", "worker",
            "--hostname", f"{self.name}@%h", "--queues", ",".join(self.queues),
            "--pool", kind, "--concurrency", str(self.concurrency), "--events", "--without-mingle",
            "--loglevel", "INFO",
        ]  # fmt: skip

    def environment(self) -> dict[str, str]:
        """What the worker process and its child must find in the environment."""
        settings = {
            "ATELIER_POOL": self.name,
            "ATELIER_DEVICE": self.device,
            "ATELIER_QUEUES": ",".join(self.queues),
            "ATELIER_CONCURRENCY": str(self.concurrency),
            "TRANSFORMERS_VERBOSITY": "error",
        }
        if self.device.startswith("cuda:"):
            settings["CUDA_VISIBLE_DEVICES"] = self.device.partition(":")[2]
        if self.memory_gib is not None:
            settings["ATELIER_MEMORY_GIB"] = str(self.memory_gib)
        if self.threads is not None:
            settings["ATELIER_THREADS"] = str(self.threads)
        if self.compile:
            settings["ATELIER_COMPILE"] = "1"
        if self.tf32:
            settings["ATELIER_TF32"] = "1"
        if self.warm_up:
            settings["ATELIER_WARM_UP"] = ",".join(self.warm_up)
        return settings


def load_pools(path: Path) -> list[Pool]:
    """The pools of this machine.

    Raises: PoolsFileError when the file is missing, malformed or names a pool or device twice.
    """
    try:
        tables = tomllib.loads(path.read_text()).get("pool", [])
        specs = [PoolSpec.model_validate(table) for table in tables]
    except OSError as error:
        raise PoolsFileError(f"The pools file {path} cannot be read: {error.strerror}.") from error
    except tomllib.TOMLDecodeError as error:
        raise PoolsFileError(f"The pools file {path} is not TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PoolsFileError(f"The pools file {path} has a bad [[pool]]: {where}: {first['msg']}.") from error
    pools = [pool for spec in specs for pool in _settle(spec)]
    if not pools:
        raise PoolsFileError(f"The pools file {path} has no [[pool]].")
    names = [pool.name for pool in pools]
    if len(set(names)) != len(names):
        raise PoolsFileError(f"The pools file {path} names a pool twice: {', '.join(names)}.")
    return pools


def _settle(spec: PoolSpec) -> list[Pool]:
    fields = spec.model_dump(exclude={"name", "device"})
    if spec.device != "auto":
        return [Pool(name=spec.name, device=spec.device, **fields)]
    found = devices.detect()
    names = [spec.name] if len(found) == 1 else [f"{spec.name}{number}" for number in range(len(found))]
    return [Pool(name=name, device=device, **fields) for name, device in zip(names, found, strict=True)]
