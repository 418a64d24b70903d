import shutil
import stat
import subprocess
import sys
from collections import namedtuple

import pytest

from api.stack.errors import StackError
from api.stack.home import open_home, secret, sole_run, write_private
from api.stack.packages import ROOT

Usage = namedtuple("Usage", "total used free")


def test_a_nearly_full_disk_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12, 300 * 1024**2))

    with pytest.raises(StackError, match=r"^Only 300 MiB are free .* ATELIER_HOME .*\.$"):
        open_home(tmp_path)


def test_a_home_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StackError, match=r"ATELIER_HOME=.*file/home cannot be written to"):
        open_home(tmp_path / "file" / "home")


def test_a_second_run_is_refused_while_the_first_lives_and_welcome_when_it_was_killed(tmp_path):
    hold = "import sys, time; from pathlib import Path; from api.stack.home import sole_run\n"
    hold += (
        "path = Path(sys.argv[1])\nwith sole_run(path, path):\n    print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", hold, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as first:
        first.stdout.readline()

        with (
            pytest.raises(StackError, match=rf"already runs on .* \(process {first.pid}\)"),
            sole_run(tmp_path, tmp_path),
        ):
            pass

        first.kill()
        first.wait()
        with sole_run(tmp_path, tmp_path):
            pass


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "admin-password"

    assert secret(path) == secret(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_private_file_is_replaced_whole(tmp_path):
    path = tmp_path / "servers.env"
    path.write_text("old and readable by all")

    write_private(path, "new")

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
