"""One ear for all: a process listens to Redis once, however many clients wait for generations in it."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from strategies.events import stream_key
from strategies.models import Generation
from strategies.models.status import LIVE

from .idle import in_database

log = structlog.get_logger(__name__)
READERS = 8  # Redis connections that read streams
BATCH = 200  # events read at once
LOOK_SECONDS = 3.0  # how often the rows are asked, in case an announcement was lost or Redis is away
RETRY_SECONDS = 1.0
PREFIX = stream_key("")


@dataclass(eq=False, slots=True)
class Listener:
    """`news`: the stream may have grown; `over`: the generation has ended (or is gone)."""

    news: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        self.over.set()
        self.news.set()


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a generation's stream; `data` is JSON."""

    id: str
    name: str
    data: str


class Hub:
    """Wakes the listeners of a generation when something happens to it."""

    def __init__(self) -> None:
        pool = BlockingConnectionPool.from_url(
            settings.REDIS_URL, max_connections=READERS, timeout=5, decode_responses=True,
            socket_timeout=5, socket_connect_timeout=2, health_check_interval=10, retry=Retry(NoBackoff(), 1),
        )  # fmt: skip
        self._redis: Redis = Redis(connection_pool=pool)
        self._listeners: defaultdict[UUID, set[Listener]] = defaultdict(set)
        self._tasks = [asyncio.create_task(self._hear()), asyncio.create_task(self._look())]

    @contextmanager
    def listening(self, generation: UUID) -> Iterator[Listener]:
        """A listener that hears of this generation until the block ends."""
        listener = Listener()
        self._listeners[generation].add(listener)
        try:
            yield listener
        finally:
            self._listeners[generation].discard(listener)
            if not self._listeners[generation]:
                del self._listeners[generation]

    async def read(self, generation: UUID, after: str) -> list[Event]:
        """The events that follow the one with this id, a batch at most; none while Redis is away."""
        try:
            entries = await self._redis.xrange(stream_key(generation), min=f"({after}", count=BATCH)
        except (RedisError, OSError):
            return []
        return [Event(id, fields["event"], fields["data"]) for id, fields in entries]

    async def last(self, generation: UUID) -> Event | None:
        """The newest event; None when there is none, or Redis is away."""
        try:
            entries = await self._redis.xrevrange(stream_key(generation), count=1)
        except (RedisError, OSError):
            return None
        return next((Event(id, fields["event"], fields["data"]) for id, fields in entries), None)

    async def _hear(self) -> None:
        """Follow the announcements of every generation, for ever."""
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.psubscribe(PREFIX + "*")
                    while True:
                        if message := await pubsub.get_message(timeout=5):
                            self._notify(message)
            except (RedisError, OSError) as error:
                log.warning("events_unheard", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    def _notify(self, message: dict) -> None:
        if message["type"] == "psubscribe":  # from here on nothing is missed; before, something may have been
            for listener in self._all():
                listener.news.set()
            return
        for listener in self._listeners.get(UUID(message["channel"].removeprefix(PREFIX)), ()):
            listener.end() if message["data"] == "completed" else listener.news.set()

    async def _look(self) -> None:
        """Ask the rows which of the generations listened to are over: one query for all of them."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            watched = {id for id, listeners in self._listeners.items() if _unfinished(listeners)}
            try:
                running = await in_database(still_live, watched) if watched else set()
            except DatabaseError as error:
                log.warning("generations_unseen", error=str(error))
                continue
            for generation in watched - running:
                for listener in self._listeners.get(generation, ()):
                    listener.end()

    def _all(self) -> list[Listener]:
        return [listener for listeners in self._listeners.values() for listener in listeners]


def _unfinished(listeners: Collection[Listener]) -> bool:
    return any(not listener.over.is_set() for listener in listeners)


def still_live(generations: Collection[UUID]) -> set[UUID]:
    """Those of these generations that are not over yet."""
    live = Generation.objects.filter(id__in=generations, status__in=LIVE)
    return set(live.values_list("id", flat=True))


_HUBS: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of this process (of its event loop), started by its first listener."""
    loop = asyncio.get_running_loop()
    if loop not in _HUBS:
        _HUBS[loop] = Hub()
    return _HUBS[loop]
