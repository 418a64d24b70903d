"""Waiting without holding anything: idle requests give back their thread and their database connection."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import SyncToAsync, sync_to_async
from django.db import connections

P = ParamSpec("P")
Result = TypeVar("Result")


async def in_database(function: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
    """Run `function` in one of a few shared threads; its connection goes back to the pool at once."""

    def work() -> Result:
        try:
            return function(*args, **kwargs)
        finally:
            connections.close_all()

    return await sync_to_async(work, thread_sensitive=False)()


async def let_go() -> None:
    """Give back what Django holds for this request until it ends: a connection and a thread of its own.

    A thousand idle streams would be a thousand idle threads. Sync code that follows gets a new thread.
    """
    await sync_to_async(connections.close_all)()
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.pop(context, None) if context else None
    if executor:
        executor.shutdown(wait=False)
