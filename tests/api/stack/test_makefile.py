"""The Makefile's environment, in a copy of the few files it needs."""

import os
import shutil
import subprocess

import pytest

from api.stack.packages import ROOT


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "a checkout"
    (folder / "deploy").mkdir(parents=True)
    for name in ("Makefile", "deploy/environment.sh"):
        shutil.copy2(ROOT / name, folder / name)
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        (folder / name).touch()
    return folder


def make(checkout, *arguments, **variables):
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_python_that_is_not_there_is_one_sentence(checkout):
    done = make(checkout, "demo", "PYTHON=/nonexistent")

    assert done.returncode != 0
    assert done.stderr.splitlines()[0] == "PYTHON=/nonexistent is not a Python 3.11 that runs."
    assert not (checkout / ".venv").exists()


def test_a_machine_without_python_3_11_is_told_what_to_do(checkout, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("make", "sh", "grep", "tail", "awk", "uname"):
        (tools / name).symlink_to(shutil.which(name))

    done = make(checkout, "run", PATH=str(tools), PYTHON="")

    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Atelier needs Python 3.11: install it")


def test_a_good_install_is_not_repeated(checkout):
    assert make(checkout, "install").returncode == 0
    assert (checkout / ".venv" / ".installed").exists()

    assert "Installing" not in make(checkout, "install").stdout


def test_a_failed_install_is_told_and_tried_again(checkout):
    # Given requirements that nobody can fulfil
    (checkout / "requirements.txt").write_text("./no-such-package\n")

    done = make(checkout, "install")

    # Then it says so, and the next attempt does not take it for done
    assert done.returncode != 0
    assert done.stderr.startswith("Installing failed: ERROR")
    (checkout / "requirements.txt").write_text("")
    assert "Installing" in make(checkout, "install").stdout
    assert (checkout / ".venv" / ".installed").exists()


def test_a_half_made_environment_is_made_again(checkout):
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "python").symlink_to(shutil.which("python3.11") or "/usr/bin/python3.11")

    assert make(checkout, "install").returncode == 0
    assert (checkout / ".venv" / "bin" / "pip").exists()


def test_help_is_the_default_and_lists_every_command(checkout):
    listed = make(checkout).stdout

    assert all(f"make {name} " in listed for name in ("run", "demo", "test", "lint", "bench", "train-pocket"))
