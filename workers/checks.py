"""System checks that prove, at every start, that each strategy reaches a worker:
strategy → task type → parameters → processor → queue → route → pool."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import ProgrammingError

import celeryconfig
from families.models import Workflow
from strategies.params import PARAMS
from strategies.registry import STRATEGIES
from strategies.tasktypes import QUEUES, REMOTE, celery_name, queues

from .generators import GENERATORS
from .pools import PoolsFileError, load_pools
from .processors import PROCESSORS
from .tasks import TASKS

WAITING = {*REMOTE.values(), "webhooks"}  # queues whose tasks end by themselves in a known time


@register()
def check_vocabulary(app_configs: object, **_: object) -> list[CheckMessage]:
    """Every task type that a strategy needs is complete."""
    needed = {task_type: name for name, strategy in STRATEGIES.items() for task_type in strategy.task_types}
    tables = {
        "parameter model (strategies.params.PARAMS)": PARAMS,
        "queue (strategies.tasktypes.QUEUES)": QUEUES,
        "processor (workers.processors.PROCESSORS)": PROCESSORS,
        "Celery task (workers.tasks)": {task_type for task_type in QUEUES if QUEUES[task_type] in TASKS},
    }
    return [
        Error(
            f"{needed.get(task_type, '?')!r} needs the task type {task_type!r}: no {what}.", id="atelier.E001"
        )
        for task_type in {*needed, *QUEUES}
        for what, table in tables.items()
        if task_type not in table
    ]


@register()
def check_routes(app_configs: object, **_: object) -> list[CheckMessage]:
    """The messages of every task queue are routed to it, and it is declared."""
    declared = {queue.name for queue in celeryconfig.task_queues}
    problems: list[CheckMessage] = []
    for queue, task_type in queues().items():
        route = celeryconfig.task_routes.get(celery_name(queue), {}).get("queue")
        if route != queue:
            problems.append(
                Error(f"{task_type!r} is routed to {route!r}, not to its queue {queue!r}.", id="atelier.E002")
            )
        if queue not in declared:
            problems.append(
                Error(f"The queue {queue!r} is missing in celeryconfig.task_queues.", id="atelier.E003")
            )
    return problems


@register()
def check_pools(app_configs: object, **_: object) -> list[CheckMessage]:
    """The pools file can be read and names only queues that exist, each in a pool that can serve it."""
    declared = {queue.name for queue in celeryconfig.task_queues}
    try:
        pools = load_pools(settings.POOLS_FILE)
    except PoolsFileError as error:
        return [Error(str(error), id="atelier.E004")]
    unknown = [
        Error(f"The pool {pool.name!r} serves the queue {queue!r}, which does not exist.", id="atelier.E005")
        for pool in pools
        for queue in pool.queues
        if queue not in declared
    ]
    return unknown + [
        Error(
            f"The pool {pool.name!r} only waits for other servers and cannot stop a task that computes: take"
            f" the queue {queue!r} to another pool.",
            id="atelier.E007",
        )
        for pool in pools
        for queue in pool.queues
        if pool.device == "network" and queue in declared and queue not in WAITING
    ]


@register("database")
def check_workflows(app_configs: object, databases: object = None, **_: object) -> list[CheckMessage]:
    """Every published workflow names a strategy and a generator that exist (`check --database default`)."""
    if not databases:
        return []
    published = Workflow.objects.filter(state=Workflow.State.PUBLISHED)
    try:
        rows = list(published.values_list("key", "strategy", "generator"))
    except ProgrammingError:  # `migrate` checks before it has made the tables
        return []
    return [
        Error(f"The workflow {key!r} names the {noun} {value!r}, which does not exist.", id="atelier.E006")
        for key, strategy, generator in rows
        for noun, value, known in (("strategy", strategy, STRATEGIES), ("generator", generator, GENERATORS))
        if value not in known
    ]
