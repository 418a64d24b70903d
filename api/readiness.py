"""Whether this installation can do its work: quick checks side by side; a sentence for each that fails."""

import asyncio
from collections.abc import Callable, Iterable

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from strategies.events import connection as redis_connection
from strategies.fleet import pool_states, why_unserved
from workers.app import app

from .idle import in_database

SECONDS = 2.0  # for each check
Check = Callable[[], Iterable[str]]


async def missing() -> list[str]:
    """What is missing; nothing when the installation is ready."""
    results = await asyncio.gather(*(_outcome(check) for check in CHECKS))
    return [sentence for result in results for sentence in result]


async def _outcome(check: Check) -> list[str]:
    name = check.__name__.strip("_")
    try:
        async with asyncio.timeout(SECONDS):
            return await in_database(lambda: list(check()))
    except TimeoutError:
        return [f"The {name} does not answer within {SECONDS:.0f} seconds."]
    except Exception as error:  # whatever it is, it is what is missing
        return [f"The {name} does not answer ({type(error).__name__})."]


def database() -> Iterable[str]:
    """Answers, with every migration applied."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield "The database lacks migrations: run “manage.py migrate”."


def broker() -> Iterable[str]:
    with app.connection_for_write() as broker_connection:
        broker_connection.ensure_connection(max_retries=1, timeout=SECONDS, interval_start=0)
    return ()


def redis() -> Iterable[str]:
    redis_connection().ping()
    return ()


def pools() -> Iterable[str]:
    """Every queue has one that takes its work."""
    states = pool_states()
    for queue in app.conf.task_queues:
        if reason := why_unserved(queue.name, states):
            yield reason


CHECKS: tuple[Check, ...] = (database, broker, redis, pools)
