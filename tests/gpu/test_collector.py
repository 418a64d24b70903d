"""The garbage collector rests while what stays is made, and passes over it afterwards."""

import gc

import pytest

from gpu import collector


@pytest.fixture(autouse=True)
def _nothing_stays_frozen():
    yield
    gc.unfreeze()


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def test_nothing_is_collected_in_the_block_and_what_it_made_is_not_gone_through_again():
    with collector.undisturbed():
        before = collections()
        made = [[number] for number in range(50_000)]
        assert collections() == before
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(made)
    assert not any(each is made for each in gc.get_objects())


def test_a_failure_leaves_the_collector_at_work():
    with pytest.raises(OSError, match="no such device"), collector.undisturbed():
        raise OSError("no such device")
    assert gc.isenabled()
