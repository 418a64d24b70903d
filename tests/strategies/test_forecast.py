"""The forecast against the policy itself, played task by task by the simulation of the benchmarks."""

import random
from dataclasses import replace

import pytest

from benchmarks.simulation import Atelier, Costs, simulate
from benchmarks.traces import Request
from strategies.forecast import Backlog, Charge, Job, Server, Start, play
from strategies.models.generation import Priority
from strategies.policy import POLICY

ONE = [Server()]


def at_once(chance, owners=6, requests=300, models=1):
    """Requests of all lengths that are all there at the beginning."""
    return [
        Request(number * 1e-9, f"owner-{chance.randrange(owners)}", f"model-{chance.randrange(models)}",
                steps=chance.choice((5, 20, 40)), images=chance.choice((1, 1, 4)))
        for number in range(requests)
    ]  # fmt: skip


def foretold(trace, costs, room=1) -> dict[int, Start]:
    """Number of the request → start."""
    lines: dict[str, list[Job]] = {}
    for number, request in enumerate(trace):
        job = Job(number, request.arrival_s, costs.work(request), request.model, costs.load)
        lines.setdefault(request.owner, []).append(job)
    backlogs = [Backlog(owner, 0, 0.0, jobs, goes_on=False) for owner, jobs in lines.items()]
    return play(backlogs, [Server(room=room)], replace(POLICY, load_seconds=costs.load))


def line(
    owner, count, *, seconds=1.0, used=0.0, priority=Priority.NORMAL, goes_on=False, since=0.0
) -> Backlog:
    jobs = [Job((owner, number), since + number, seconds) for number in range(count)]
    return Backlog(owner, priority, used, jobs, goes_on)


@pytest.mark.parametrize("seed", range(8))
def test_with_one_model_every_task_starts_where_and_when_the_policy_has_it(seed):
    trace, costs = at_once(random.Random(seed)), Costs(load=0.0)
    _, jobs = simulate(trace, Atelier(POLICY), POLICY, costs, resident=1)
    told = foretold(trace, costs)
    in_order = sorted(jobs, key=lambda job: job.started)
    assert [job.number for job in in_order] == list(told)
    for position, job in enumerate(in_order):
        assert told[job.number] == Start(
            position, pytest.approx(job.wait, abs=1e-5), pytest.approx(job.wait + job.work, abs=1e-5)
        )


@pytest.mark.parametrize(("models", "resident"), [(4, 2), (12, 3), (2, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_with_several_models_too(seed, models, resident):
    trace, costs = at_once(random.Random(seed), models=models), Costs(load=4.0)
    _, jobs = simulate(trace, Atelier(POLICY), POLICY, costs, resident=resident)
    told = foretold(trace, costs, resident)
    in_order = sorted(jobs, key=lambda job: job.started)
    assert [job.number for job in in_order] == list(told)
    for job in in_order:
        assert told[job.number].seconds == pytest.approx(job.wait, abs=1e-5)


def test_a_light_owner_beside_a_flood_is_next():
    starts = play([line("flood", 500, used=30.0), line("light", 1, since=900.0)], ONE, POLICY)
    assert starts["light", 0] == Start(0, 0.0, 1.0)


def test_owners_take_turns_by_seconds_and_not_by_tasks():
    starts = play([line("short", 40, seconds=1.0), line("long", 10, seconds=4.0)], ONE, POLICY)
    early = [owner for owner, _ in list(starts)[:20]]
    assert early.count("short") / early.count("long") == pytest.approx(4, rel=0.3)


def test_the_higher_priority_goes_first_and_what_it_costs_is_paid_by_its_owner():
    starts = play(
        [line("both", 3, priority=Priority.HIGH), line("both", 3), line("other", 3, since=5.0)], ONE, POLICY
    )
    assert [owner for owner, _ in list(starts)[:3]] == ["both"] * 3
    assert list(starts)[3] == ("other", 0), "the other has had nothing yet"


def test_the_lowest_priority_is_passed_over_no_more_often_than_the_bound():
    starts = play([line("flood", 400, priority=Priority.HIGH), line("patient", 2)], ONE, POLICY)
    patience = POLICY.bound - POLICY.reserve
    assert [starts["patient", number].position for number in (0, 1)] == [patience, 2 * patience + 1]


def test_pools_share_the_work_by_what_they_give_of_their_time():
    starts = play([line("one", 7)], [Server(0.0), Server(2.0, share=0.5)], POLICY)
    assert [start.seconds for start in starts.values()] == [0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 4.0]


def sized(owner, *sizes, since=0.0) -> Backlog:
    jobs = [Job((owner, number), since + number, 1.0, parameters=size) for number, size in enumerate(sizes)]
    return Backlog(owner, 0, 0.0, jobs)


def test_a_pool_is_given_nothing_that_is_too_large_for_it():
    starts = play([sized("one", 9, 1, 9, 1, 1)], [Server(capacity=9), Server(capacity=1)], POLICY)
    told = [(number, start.seconds) for (_, number), start in starts.items()]
    assert told == [(0, 0.0), (1, 0.0), (2, 1.0), (3, 1.0), (4, 2.0)]


def test_what_is_too_large_for_every_pool_never_starts_and_holds_nothing_up():
    starts = play([sized("one", 9, 1, 1), sized("other", 9, 9)], [Server(capacity=1)], POLICY)
    assert list(starts) == [("one", 1), ("one", 2)]


def test_the_bound_is_kept_for_what_fits_behind_what_does_not():
    patience = POLICY.bound - POLICY.reserve
    flood = line("flood", 400, priority=Priority.HIGH)
    starts = play([flood, sized("patient", 9, 1)], [Server(capacity=1)], POLICY)
    assert starts["patient", 1].position == patience


def test_who_is_charged_for_what_runs_comes_after_who_is_not():
    lines = [line("one", 2), line("other", 2, since=100.0)]
    assert next(iter(play(lines, [Server(5.0)], POLICY))) == ("one", 0), "it is older"
    charged = play(lines, [Server(5.0)], POLICY, [Charge("one", 5.0, 5.0), Charge("gone", 5.0, 5.0)])
    assert list(charged)[:2] == [("other", 0), ("other", 1)]


def test_owners_are_charged_when_their_tasks_end_and_not_before():
    lines = [line("long", 2, seconds=10.0), line("short", 8, since=100.0)]
    starts = play(lines, [Server(), Server()], POLICY)
    assert list(starts)[:3] == [("long", 0), ("long", 1), ("short", 0)]


def test_what_lies_behind_tasks_that_nobody_saw_is_not_told():
    starts = play([line("long", 10, goes_on=True), line("short", 50, since=100.0)], ONE, POLICY)
    assert list(starts)[-1] == ("long", 9)
    assert len(starts) == pytest.approx(20, abs=2)


def test_a_thousand_hours_of_work_are_still_in_order():
    starts = play([line("one", 1000, seconds=3600.0), line("other", 1000, seconds=3600.0)], ONE, POLICY)
    assert starts["one", 999].position + starts["other", 999].position == 1998 + 1999
    assert starts["other", 999].seconds == 1999 * 3600.0


def test_nothing_waits_in_an_empty_queue():
    assert play([], ONE, POLICY) == {}


def test_without_a_pool_nothing_starts():
    assert play([line("one", 3)], [], POLICY) == {}
