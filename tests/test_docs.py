"""Pages that promise steps are followed to the letter."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.stack import ROOT

BLOCK = re.compile(r'^```\w+ (file|add)=(\S+)(?: after="([^\n]+)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def copy_of_the_project(target: Path) -> Path:
    for name in ("api", "families", "strategies", "workers", "gpu", "tests"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("manage.py", "celeryconfig.py", "pools.toml", "pyproject.toml"):
        shutil.copy(ROOT / name, target / name)
    return target


def follow(page: Path, project: Path) -> int:
    """Write every file and addition that the page names; how many."""
    blocks = BLOCK.findall(page.read_text())
    for what, name, anchor, text in blocks:
        file = project / name
        if what == "file":
            assert not file.exists(), f"{name} exists already"
            file.write_text(text)
        else:
            before = file.read_text()
            assert before.count(anchor) == 1, f"{name} has {anchor!r} {before.count(anchor)} times"
            file.write_text(before.replace(anchor, anchor + text.removesuffix("\n")))
    return len(blocks)


def test_the_steps_to_a_new_strategy_lead_to_one(tmp_path):
    project = copy_of_the_project(tmp_path / "project")
    assert follow(ROOT / "docs" / "adding-a-strategy.md", project) == 12

    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    tests = ["tests/workers/test_posterizing.py", "tests/workers/test_checks.py"]
    done = subprocess.run(
        [*command, *tests], cwd=project, env=own, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
