"""The policy on hard traces, without a clock: what scheduling promises."""

import json
import statistics
import subprocess
import sys

import pytest

from benchmarks.hindsight import least_makespan, optimum
from benchmarks.simulate import report
from benchmarks.simulation import Atelier, Costs, Fifo, Job, Report, simulate
from benchmarks.tracefile import TraceError, read_trace
from benchmarks.traces import HEADER, TRACES, Request, trace
from strategies.policy import POLICY
from tests.stack import ROOT

COSTS = Costs()


def jobs_of(owner: str, requests: list[Request]) -> list[Job]:
    _, jobs = simulate(requests, Atelier(POLICY), POLICY, COSTS, 3)
    return [job for job in jobs if job.request.owner == owner]


def test_mixed_work_is_done_at_least_1_3_times_as_fast_as_in_order_of_arrival():
    mixed = trace("mixed")
    fifo, ours = (report(mixed, policy, COSTS, 3) for policy in ("fifo", "atelier"))
    assert fifo.makespan_s / ours.makespan_s >= 1.3
    assert ours.reload_rate < fifo.reload_rate / 3
    assert ours.p50_wait_s < fifo.p50_wait_s and ours.p99_wait_s < fifo.p99_wait_s


@pytest.mark.parametrize("resident", [1, 3])
@pytest.mark.parametrize("name", ["hot", "bursts", "flood", "mixed"])
def test_no_task_is_overtaken_more_often_than_the_bound(name, resident):
    assert report(trace(name), "atelier", COSTS, resident).largest_bypass <= POLICY.bound


def test_a_rare_model_of_one_owner_is_overtaken_up_to_the_bound_and_no_further():
    requests = [Request(0.0, "one", "hot"), Request(0.1, "one", "rare")]
    requests += [Request(0.2 + number * 0.5, "one", "hot") for number in range(400)]
    _, jobs = simulate(requests, Atelier(POLICY), POLICY, COSTS, 1)
    rare = next(job for job in jobs if job.request.model == "rare")
    before = sum(job.started < rare.started for job in jobs if job.number > rare.number)
    assert POLICY.bound - POLICY.reserve <= before <= POLICY.bound


def test_an_owner_with_little_work_hardly_notices_anothers_flood():
    requests = trace("flood")
    flooded = [job.wait for job in jobs_of("light", requests)]
    alone = [job.wait for job in jobs_of("light", [each for each in requests if each.owner == "light"])]
    one_batch = COSTS.load + max(COSTS.work(each) for each in requests)
    assert max(flooded) <= 2 * max(alone) + one_batch
    assert statistics.median(flooded) < 2


def test_owners_who_both_have_much_to_do_share_the_device_by_seconds_not_by_tasks():
    requests = [Request(0.0, "long", "m", steps=80) for _ in range(100)]
    requests += [Request(0.0, "short", "m", steps=20) for _ in range(400)]
    _, jobs = simulate(requests, Atelier(POLICY), POLICY, COSTS, 3)
    half = [job for job in jobs if job.started < 200]
    seconds = {
        owner: sum(job.work for job in half if job.request.owner == owner) for owner in ("long", "short")
    }
    assert seconds["long"] == pytest.approx(seconds["short"], rel=0.1)


def test_nothing_is_won_where_nothing_can_be():
    fifo, ours = (report(trace("distinct"), policy, COSTS, 3) for policy in ("fifo", "atelier"))
    assert ours.makespan_s == fifo.makespan_s


@pytest.mark.parametrize("name", TRACES)
def test_hindsight_is_no_worse_than_the_policy_and_no_better_than_possible(name):
    requests = trace(name)
    best = optimum(requests, COSTS, 3).makespan_s
    assert least_makespan(requests, COSTS) - 0.001 <= best
    assert best <= report(requests, "atelier", COSTS, 3).makespan_s


def test_a_trace_worked_out_by_hand():
    requests = [
        Request(0.0, "a", "x", steps=20),  # 4 + 1
        Request(1.0, "a", "y", steps=20),  # waits 4, 4 + 1
        Request(2.0, "a", "x", steps=20),  # in order: waits 8, and loads x again
    ]
    in_order, _ = simulate(requests, Fifo(), POLICY, COSTS, 1)
    assert in_order == Report(15.0, 1.0, 4.0, 8.0, 0)
    ours, _ = simulate(requests, Atelier(POLICY), POLICY, COSTS, 1)
    assert ours == Report(11.0, 0.6667, 3.0, 5.0, 1)


def written(tmp_path, *lines: str):
    path = tmp_path / "trace.csv"
    path.write_text("\n".join((",".join(HEADER), *lines)) + "\n")
    return path


def test_a_trace_is_read_back_as_it_was_written(tmp_path):
    path = written(tmp_path, "2.5,b,m,,64,64,1,1", "", "0,a,m,l1;l2,1024,768,30,4")
    assert read_trace(path) == [
        Request(0.0, "a", "m", ("l1", "l2"), 1024, 768, 30, 4),
        Request(2.5, "b", "m", (), 64, 64, 1, 1),
    ]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("0,a,m,,64,64,1", "line 3: 7 values; give 8"),
        ("soon,a,m,,64,64,1,1", "line 3: arrival_s is 'soon'; use seconds"),
        ("nan,a,m,,64,64,1,1", "line 3: arrival_s"),
        ("-1,a,m,,64,64,1,1", "line 3: arrival_s"),
        ("0,,m,,64,64,1,1", "line 3: owner is ''; use a name"),
        ("0,a,m,x;,64,64,1,1", "line 3: loras"),
        ("0,a,m,,wide,64,1,1", "line 3: width is 'wide'; use a whole number from 64 to 4096"),
        ("0,a,m,,64,64,1.5,1", "line 3: steps"),
        ("0,a,m,,64,64,1,0", "line 3: images"),
    ],
)
def test_a_bad_line_is_named_with_what_to_do(tmp_path, line, complaint):
    with pytest.raises(TraceError, match=complaint):
        read_trace(written(tmp_path, "0,a,m,,64,64,1,1", line))


def test_what_is_no_trace_at_all_is_said(tmp_path):
    for content, complaint in ((b"a,b\n1,2\n", "line 1: the header"), (b"\xff\xfe\x00", "UTF-8")):
        path = tmp_path / "bad.csv"
        path.write_bytes(content)
        with pytest.raises(TraceError, match=complaint):
            read_trace(path)
    with pytest.raises(TraceError, match="no requests"):
        read_trace(written(tmp_path))
    with pytest.raises(TraceError, match="cannot be read"):
        read_trace(tmp_path / "none.csv")


def command(module: str, *arguments: str) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_commands_work_together(tmp_path):
    path = tmp_path / "trace.csv"
    path.write_text(command("traces", "bursts").stdout)
    done = command("simulate", str(path), "--resident", "3", "--load-seconds", "4", "--policy", "atelier")
    (line,) = done.stdout.splitlines()
    assert list(json.loads(line)) == [
        "makespan_s", "reload_rate", "p50_wait_s", "p99_wait_s", "largest_bypass",
    ]  # fmt: skip

    path.write_text("nonsense")
    done = command("simulate", str(path))
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.splitlines() == [f"{path}, line 1: the header must be {','.join(HEADER)}."]
