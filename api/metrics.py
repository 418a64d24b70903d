"""What Prometheus scrapes: read from the rows and the pools at that moment, so every web process agrees."""

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from strategies.fleet import PoolState, State, pool_states
from strategies.models import Generation, Task
from strategies.promises import latest_errors
from strategies.queues import QueueState, queue_states
from strategies.tasktypes import queues


class AtelierCollector(Collector):
    def collect(self) -> Iterator[Metric]:
        pools = pool_states()
        yield from _queues(queue_states(pools=pools))
        yield from _pools(pools)
        yield from _counts()
        yield from _promises()


def _queues(states: list[QueueState]) -> Iterator[Metric]:
    now = timezone.now()
    gauges = {
        "depth": ("Tasks that wait.", lambda state: state.depth),
        "running": ("Tasks that run.", lambda state: state.running),
        "oldest_seconds": (
            "How long the oldest waiting task has waited.",
            lambda state: (now - state.oldest).total_seconds() if state.oldest else 0,
        ),
        "pools": ("Pools that take work from the queue.", lambda state: state.pools),
    }
    for name, (text, value) in gauges.items():
        gauge = GaugeMetricFamily(f"atelier_queue_{name}", text, labels=["queue"])
        for state in states:
            gauge.add_metric([state.name], value(state))
        yield gauge


def _pools(pools: list[PoolState]) -> Iterator[Metric]:
    live = [pool.report for pool in pools if pool.report]
    yield GaugeMetricFamily("atelier_pools_live", "Pools heard of lately.", value=len(live))
    states = GaugeMetricFamily("atelier_pools", "Pools, by their state.", labels=["state"])
    for state in State:
        states.add_metric([state], sum(pool.state is state for pool in pools))
    yield states
    memory = GaugeMetricFamily("atelier_pool_memory_bytes", "As the pool says.", labels=["pool", "kind"])
    for report in live:
        for kind, size in report.memory.items():
            if isinstance(size, int | float):
                memory.add_metric([report.name, kind], size)
    yield memory


def _counts() -> Iterator[Metric]:
    """Gauges, not counters: deleted generations are not counted any more."""
    tasks = GaugeMetricFamily("atelier_tasks", "Task rows.", labels=["queue", "status"])
    for queue, status, count in Task.objects.order_by().values_list("queue", "status").annotate(Count("id")):
        tasks.add_metric([queue, status], count)
    yield tasks
    generations = GaugeMetricFamily("atelier_generations", "Generation rows.", labels=["status"])
    for status, count in Generation.objects.order_by().values_list("status").annotate(Count("id")):
        generations.add_metric([status], count)
    yield generations


def _promises() -> Iterator[Metric]:
    """How far off the foretold times of the latest predictions were."""
    error = GaugeMetricFamily(
        "atelier_eta_error_ratio", "Of the time it took, quantiles.", labels=["queue", "quantile"]
    )
    bias = GaugeMetricFamily(
        "atelier_eta_bias_ratio", "Promised more (above 0) or less than it took.", labels=["queue"]
    )
    for queue, errors in latest_errors(sorted(queues())).items():
        error.add_metric([queue, "0.5"], errors.median)
        error.add_metric([queue, "0.9"], errors.p90)
        bias.add_metric([queue], errors.bias)
    yield from (error, bias)


REGISTRY = CollectorRegistry(auto_describe=False)
REGISTRY.register(AtelierCollector())
