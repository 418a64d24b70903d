import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from supervisor.options import ServerOptions

from api.stack import programs
from api.stack.errors import StackError
from api.stack.packages import ROOT
from api.stack.processes import matching
from api.stack.program import Program
from api.stack.supervisor import MARK, Supervisor, leftovers
from workers.pools import load_pools

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
POOLS = """
[[pool]]
name = "big"
device = "cuda:1"
queues = ["generation", "editing"]
memory_gib = 20.5

[[pool]]
name = "chores"
device = "none"
queues = ["maintenance"]
"""


@pytest.fixture
def folders(tmp_path):
    home = tmp_path / "a home"
    (home / "run").mkdir(parents=True)
    (home / "log").mkdir()
    return home / "run", home / "log"


@pytest.fixture
def start(folders):
    """Starts a supervisor of these groups, and stops it when the test is over."""
    started = []

    def start(groups):
        supervisor = Supervisor(*folders, groups)
        started.append(supervisor)
        supervisor.launch(os.environ)
        for group in supervisor.groups:
            supervisor.start(group)
        return supervisor

    yield start
    for supervisor in started:
        supervisor.stop()


def python(name, code, **options):
    return Program(name, [sys.executable, "-c", code], **options)


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def named(folders, name):
    """The living process of one program."""
    wanted = {MARK: str(folders[0]), "SUPERVISOR_PROCESS_NAME": name}
    mine = matching(lambda process: wanted.items() <= process.environ().items())
    return mine[0] if mine else None


def test_each_pool_of_the_file_is_a_program_that_supervisor_reads_as_meant(folders, tmp_path):
    (tmp_path / "pools.toml").write_text(POOLS)
    pools = programs.pools(load_pools(tmp_path / "pools.toml"))
    path = folders[0] / "supervisord.conf"
    path.write_text(Supervisor(*folders, {"servers": [], "pools": pools}).config())

    options = ServerOptions()
    options.realize(["-c", str(path)])

    (group,) = options.process_group_configs
    big, chores = sorted(group.process_configs, key=lambda config: config.name)
    assert [big.name, chores.name] == ["pool-big", "pool-chores"]
    assert "--queues generation,editing --pool prefork" in big.command
    assert "--hostname big@%h" in big.command
    assert big.environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert big.environment["ATELIER_MEMORY_GIB"] == "20.5"
    assert "CUDA_VISIBLE_DEVICES" not in chores.environment
    assert big.autorestart and big.killasgroup and not big.stopasgroup


def test_values_that_supervisor_could_misread_arrive_as_they_are(folders, start):
    value = "50% of 'them', say %(here)s = 1"
    code = "import os, sys, time; print(os.environ['VALUE'], sys.argv[1], flush=True); time.sleep(600)"
    program = Program("echo", [sys.executable, "-c", code, value], environment={"VALUE": value})

    start({"all": [program]})

    log = folders[1] / "echo.log"
    wait_until(lambda: log.exists() and log.read_text())
    assert log.read_text() == f"{value} {value}\n"


def test_a_program_that_is_killed_runs_again(folders, start):
    start({"all": [python("sleeper", SLEEP)]})
    wait_until(lambda: named(folders, "sleeper"))
    first = named(folders, "sleeper")

    first.kill()

    wait_until(lambda: named(folders, "sleeper") not in (None, first))


def test_a_program_that_keeps_dying_is_named_with_its_last_words(start):
    supervisor = start(
        {"all": [python("sleeper", SLEEP), python("broken", "raise SystemExit('no such device')")]}
    )

    def watch():
        supervisor.require_healthy()
        return False

    with pytest.raises(StackError, match=r"^broken keeps dying while it starts\.(.|\n)*no such device"):
        wait_until(watch)


def test_a_later_group_has_stopped_before_an_earlier_one_is_told_to(folders, start):
    slow = (
        "import signal, time; signal.signal(15, lambda *_: (time.sleep(1), print('client left'), exit())); "
    )
    server = "import signal, time; signal.signal(15, lambda *_: (print('server left'), exit())); "
    both = {"servers": [python("server", server + SLEEP)], "clients": [python("client", slow + SLEEP)]}
    supervisor = start(both)
    logs = [folders[1] / "server.log", folders[1] / "client.log"]
    wait_until(lambda: all(log.exists() and "up" in log.read_text() for log in logs))

    supervisor.stop()

    assert "server left" in logs[0].read_text() and "client left" in logs[1].read_text()
    assert logs[1].stat().st_mtime < logs[0].stat().st_mtime
    assert leftovers(folders[0]) == []


def test_a_program_that_ignores_its_signal_is_killed_with_all_its_children(folders, start):
    stubborn = (
        "import signal, subprocess; signal.signal(15, signal.SIG_IGN); subprocess.Popen(['sleep', '600']); "
    )
    supervisor = start({"all": [python("stubborn", stubborn + SLEEP, stop_seconds=1)]})
    wait_until(lambda: len(leftovers(folders[0])) == 3)  # supervisord, the program, its child

    supervisor.stop()

    assert leftovers(folders[0]) == []


@pytest.mark.parametrize("victim", ["runner", "supervisord"])
def test_nothing_outlives_a_runner_or_a_supervisor_that_is_killed(folders, victim):
    # Given a process that runs a supervisor that runs a program
    code = (
        "import os, sys, time; from pathlib import Path; from api.stack.program import Program\n"
        "from api.stack.programs import tied; from api.stack.supervisor import Supervisor\n"
        f"program = Program('sleeper', tied(sys.executable, '-c', {SLEEP!r}))\n"
        "supervisor = Supervisor(*map(Path, sys.argv[1:]), {'all': [program]})\n"
        "supervisor.launch(os.environ); supervisor.start('all'); time.sleep(600)"
    )
    runner = subprocess.Popen([sys.executable, "-c", code, *map(str, folders)], cwd=ROOT)
    log = folders[1] / "sleeper.log"
    wait_until(lambda: log.exists() and "up" in log.read_text())

    # When one of them is killed
    doomed = {"runner": runner.pid, "supervisord": psutil.Process(runner.pid).children()[0].pid}
    os.kill(doomed[victim], signal.SIGKILL)

    # Then the others go by themselves
    wait_until(lambda: leftovers(folders[0]) == [], seconds=15)
    runner.kill()
    runner.wait()


def test_a_home_too_long_for_a_socket_works_all_the_same(tmp_path):
    home = tmp_path / ("long-" * 30)
    (home / "run").mkdir(parents=True)
    supervisor = Supervisor(home / "run", home, {"all": [python("sleeper", SLEEP)]})

    supervisor.launch(os.environ)
    supervisor.start("all")
    supervisor.require_healthy()
    supervisor.stop()

    assert leftovers(home / "run") == []
