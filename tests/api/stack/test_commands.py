"""What somebody reads who starts Atelier where it cannot start: one sentence, exit status 1, no traceback."""

import os
import socket
import subprocess
import sys

import pytest

from api.stack.home import sole_run
from api.stack.packages import ROOT
from api.stack.ports import LOOPBACK, free_port

GONE = "127.0.0.1:1"  # nobody listens there


@pytest.fixture
def start(tmp_path):
    """Runs `python -m api.stack …` in a home of its own."""

    def start(*arguments, **variables):
        ports = {"ATELIER_PORT": str(free_port()), "ATELIER_FLOWER_PORT": str(free_port())}
        environment = {**os.environ, "ATELIER_HOME": str(tmp_path), **ports, **variables}
        return subprocess.run(
            [sys.executable, "-m", "api.stack", *arguments],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return start


@pytest.mark.parametrize("variable", ["ATELIER_PORT", "ATELIER_FLOWER_PORT"])
@pytest.mark.parametrize("command", [["run"], ["demo", "--prompt", "a red circle"]])
def test_a_taken_port(start, command, variable):
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = str(other.getsockname()[1])

        done = start(*command, **{variable: port})

    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {port} on 127.0.0.1 cannot be used")
    assert variable in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_second_start_on_the_same_home(start, tmp_path):
    with sole_run(tmp_path / "run" / "all", tmp_path):
        done = start("run")

    assert done.returncode == 1
    assert done.stderr == (
        f"Atelier already runs on {tmp_path} (process {os.getpid()}): "
        "stop it first, or set ATELIER_HOME to another folder.\n"
    )


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"ATELIER_PORT": "http"}, "ATELIER_PORT must be a number"),
        ({"ATELIER_HOME": "/dev/null/home"}, "ATELIER_HOME=/dev/null/home cannot be written to"),
        ({"ATELIER_POOLS": "/dev/null/pools.toml"}, "The pools file /dev/null/pools.toml cannot be read"),
    ],
)
def test_an_environment_in_disorder(start, variables, sentence):
    done = start("run", **variables)

    assert done.returncode == 1
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("DATABASE_URL", f"postgresql://me:hunter2@{GONE}/atelier"),
        ("REDIS_URL", f"redis://:hunter2@{GONE}/0"),
        ("BROKER_URL", f"amqp://me:hunter2@{GONE}//"),
        ("DATABASE_URL", "sqlite:///hunter2"),
    ],
)
def test_a_given_server_that_is_not_there_is_named_without_its_password(start, variable, url):
    done = start("pools", **{variable: url})

    assert done.returncode == 1
    assert variable in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "hunter2" not in done.stdout + done.stderr


def test_a_pool_that_is_not_in_the_file(start):
    done = start("pools", "gpu9")

    assert done.returncode == 1
    assert done.stderr.startswith("There is no pool 'gpu9' here; there are ")
