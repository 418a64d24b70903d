"""System checks that prove, at every start, that each strategy reaches a worker:
strategy → task type → parameters → processor → queue → route → pool."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import ProgrammingError

import celeryconfig
from families.models import Workflow
from strategies.params import PARAMS
from strategies.registry import STRATEGIES
from strategies.tasktypes import QUEUES, celery_name

from .generators import GENERATORS
from .pools import PoolsFileError, load_pools
from .processors import PROCESSORS
from .tasks import TASKS


@register()
def check_vocabulary(app_configs: object, **_: object) -> list[CheckMessage]:
    """Every task type that a strategy needs is complete."""
    needed = {task_type: name for name, strategy in STRATEGIES.items() for task_type in strategy.task_types}
    tables = {
        "parameter model (strategies.params.PARAMS)": PARAMS,
        "queue (strategies.tasktypes.QUEUES)": QUEUES,
        "processor (workers.processors.PROCESSORS)": PROCESSORS,
        "Celery task (workers.tasks)": TASKS,
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
    """Every task type is routed to its own, declared queue."""
    declared = {queue.name for queue in celeryconfig.task_queues}
    problems: list[CheckMessage] = []
    for task_type, queue in QUEUES.items():
        route = celeryconfig.task_routes.get(celery_name(task_type), {}).get("queue")
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
    """The pools file can be read and names only queues that exist."""
    declared = {queue.name for queue in celeryconfig.task_queues}
    try:
        pools = load_pools(settings.POOLS_FILE)
    except PoolsFileError as error:
        return [Error(str(error), id="atelier.E004")]
    return [
        Error(f"The pool {pool.name!r} serves the queue {queue!r}, which does not exist.", id="atelier.E005")
        for pool in pools
        for queue in pool.queues
        if queue not in declared
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
