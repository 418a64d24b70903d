"""A pytest plugin (`-p tests.distribution`): what stays together when pytest-xdist runs several processes.

A file's tests do, as they share what takes long to make, and so do all tests of one whole stack. These start
first, as they take longest.
"""

import pytest
from xdist import is_xdist_worker
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

STACKS = {"tests/acceptance": "one stack", "tests/browser": "one stack", "tests/chaos": "several pools"}


class StacksAndFiles(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return _stack(nodeid) or nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> StacksAndFiles:
    return StacksAndFiles(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    if is_xdist_worker(session):
        items.sort(key=lambda item: _stack(item.nodeid) is None)  # they are handed out in this order


def _stack(nodeid: str) -> str | None:
    """Whose tests use one stack."""
    return STACKS.get("/".join(nodeid.split("/")[:2]))
