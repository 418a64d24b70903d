"""Everything Atelier runs, as programs for the supervisor."""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.stack import postgres, redis
from api.stack.options import Options
from api.stack.ports import LOOPBACK, free_port
from api.stack.program import Program
from api.stack.tether import tethered
from workers.pools import TERMINATION_GRACE_SECONDS, Pool


def embedded_servers(home: Path, given: Mapping[str, str]) -> tuple[list[Program], dict[str, str]]:
    """The servers to run ourselves, because nobody gave their address, and where they will answer."""
    programs, addresses = [], {}
    if "DATABASE_URL" not in given:
        data, port = home / "postgres", free_port()
        postgres.initialize(data)
        addresses["DATABASE_URL"] = postgres.url(data, port)
        programs.append(
            Program(
                "postgres",
                postgres.command(data, port),
                stop_signal=postgres.STOP_SIGNAL,
                stop_seconds=postgres.STOP_SECONDS,
            )
        )
    if "REDIS_URL" not in given:
        data = home / "redis"
        addresses["REDIS_URL"] = redis.configure(data)
        programs.append(Program("redis", redis.command(data), stop_seconds=redis.STOP_SECONDS))
    return programs, addresses


def web() -> Program:
    return Program("web", tied(sys.executable, "-m", "api.stack.web"))


def beat(home: Path) -> Program:
    schedule = str(home / "run" / "beat-schedule")
    return Program(
        "beat", tied(*celery("beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "INFO"))
    )


def flower(options: Options, login: str) -> Program:
    """Flower on loopback; its `user:password` is in the environment, which `ps` does not show to others."""
    command = celery("flower", f"--address={LOOPBACK}", f"--port={options.flower_port}")
    return Program("flower", tied(*command), environment={"FLOWER_BASIC_AUTH": login})


def pools(wanted: Sequence[Pool]) -> list[Program]:
    """One Celery worker per pool, given time to finish its task.

    Stopped by SIGINT, Celery's warm shutdown, which leaves when the task is done; a task that takes long goes
    back to its queue (`workers.process`). Celery's own soft shutdown always sleeps its full time.
    """
    return [
        Program(
            f"pool-{pool.name}",
            tethered(signal.SIGINT, pool.command()),
            environment=pool.environment(),
            stop_signal=signal.SIGINT,
            stop_seconds=TERMINATION_GRACE_SECONDS,
        )
        for pool in wanted
    ]


def celery(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "celery", "--quiet", "--app", "workers.app", *arguments]


def tied(*command: str) -> list[str]:
    """The command, told to stop when its supervisor is killed."""
    return tethered(signal.SIGTERM, command)
