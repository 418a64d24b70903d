"""What is promised, against what the simulation then does."""

import pytest

from benchmarks.eta import Measured, less_what_came_later
from benchmarks.foretelling import COSTS, RESIDENT, foretold, foretold_alone
from benchmarks.traces import TRACES, trace

FEW = 40


@pytest.mark.parametrize("name", TRACES)
def test_a_promise_is_kept_to_the_moment_when_nothing_comes_later(name):
    promises = foretold_alone(trace(name)[:FEW], COSTS, RESIDENT)
    assert len(promises) == FEW
    for promised, took in promises:
        assert promised == pytest.approx(took, abs=1e-6)


def test_what_comes_later_makes_some_wait_longer():
    promises = foretold(trace("mixed")[:FEW], COSTS, RESIDENT)
    assert sum(took > promised + COSTS.load for promised, took in promises) > FEW / 4


def test_what_came_later_and_went_before_is_taken_off():
    first = Measured(created=0.0, started=8.0, busy=2.0, promised=4.0, took=10.0)
    ahead = Measured(created=-1.0, started=0.0, busy=2.0, promised=None, took=3.0)
    later = Measured(created=1.0, started=2.0, busy=6.0, promised=6.0, took=7.0)
    last = Measured(created=2.0, started=10.0, busy=9.0, promised=9.0, took=17.0)
    promises = less_what_came_later([first, ahead, later, last])
    assert promises == [(4.0, 4.0), (6.0, 7.0), (9.0, 17.0)]
