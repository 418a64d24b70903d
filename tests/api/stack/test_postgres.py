import subprocess
import sys
import time

import psutil
import psycopg
import pytest

from api.stack import postgres
from api.stack.errors import StackError
from api.stack.packages import ROOT
from api.stack.ports import free_port


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A cluster, made once: in a path longer than a Unix socket's may be, with a space in it."""
    folder = tmp_path_factory.mktemp("a home") / ("long-" * 20)
    postgres.initialize(folder / "postgres")
    return folder / "postgres"


@pytest.fixture
def server(data):
    """The foreground program and its address; stopped if the test has not done it."""
    port = free_port()
    process = subprocess.Popen(postgres.command(data, port), cwd=ROOT, stderr=subprocess.DEVNULL)
    address = postgres.url(data, port)
    wait_until(lambda: postgres.ensure_database(address))
    yield process, address
    process.send_signal(postgres.STOP_SIGNAL)
    process.wait(30)


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_stop_signal_stops_it_though_a_client_is_connected(server):
    process, address = server
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]

    with psycopg.connect(address):
        process.send_signal(postgres.STOP_SIGNAL)
        assert process.wait(20) == 0

    _, living = psutil.wait_procs(family, timeout=5)
    assert living == []


def test_committed_rows_survive_kill_9_and_the_next_start(data):
    with postgres.embedded_postgres(data) as address:
        with psycopg.connect(address) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        postmaster = int((data / "postmaster.pid").read_text().split()[0])
        psutil.Process(postmaster).kill()

    with postgres.embedded_postgres(data) as address, psycopg.connect(address) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]


def test_a_server_left_over_on_the_same_data_is_stopped_first(data, server):
    process, _ = server

    with postgres.embedded_postgres(data) as other:
        assert process.wait(20) == 0
        assert psycopg.connect(other).close() is None


def test_it_dies_with_the_process_that_started_it(data):
    port = free_port()
    command = ["import subprocess, sys, time; subprocess.Popen(sys.argv[1:]); time.sleep(60)"]
    parent = subprocess.Popen(
        [sys.executable, "-c", *command, *postgres.command(data, port)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: postgres.ensure_database(postgres.url(data, port)))
    server = psutil.Process(parent.pid).children()[0]

    parent.kill()
    parent.wait()

    server.wait(20)


def test_durability_is_on_and_the_password_is_needed(server):
    _, address = server

    with psycopg.connect(address) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(address, password="guess")


def test_an_interrupted_first_start_does_not_stand_in_the_way(tmp_path):
    # Given initdb was killed half way
    draft = tmp_path / "postgres.unfinished"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")

    with postgres.embedded_postgres(tmp_path / "postgres", ["fsync=off"]) as address:
        assert psycopg.connect(address).close() is None

    assert not draft.exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(StackError, match="is not empty and holds no PostgreSQL data"):
        postgres.initialize(tmp_path)

    assert (tmp_path / "thesis.tex").exists()
