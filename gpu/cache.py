"""Loaded models under a byte budget: the least recently used one leaves first, one in use never."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, RLock
from typing import Any

from gpu.errors import OutOfMemory

log = logging.getLogger(__name__)
Reserve = Callable[[int], None]


class NotYet(Exception):
    """Raised by a load that can only be done when the model is wanted."""


@dataclass(slots=True)
class Record:
    """One loaded model and how many users hold it right now."""

    value: Any
    pins: int = 0


@dataclass(slots=True)
class CacheStats:
    """Counts since the start, and what is resident now."""

    budget: int
    bytes: int = 0
    hits: int = 0
    misses: int = 0
    evictions: int = 0
    keys: list[Any] = field(default_factory=list)


class ModelCache:
    """Models by key. One thread uses them; `prefetch` loads in another one meanwhile.

    Parameters:
        budget: bytes that all models together may take
        measure: bytes of loaded models together, what they share counted once
        free: bytes the device has left, for models that live where others also take memory
        release: called after an eviction, to give the memory back
    """

    def __init__(
        self,
        budget: int,
        measure: Callable[[Iterable[Any]], int],
        free: Callable[[], int] | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._measure = measure
        self._release = release
        self._free = free
        self._records: OrderedDict[Hashable, Record] = OrderedDict()
        self._stats = CacheStats(budget)
        self._state = RLock()  # of records and counts
        self._loading = Lock()  # one load at a time, or two would count on the same room
        self._promised = 0  # bytes that the present load is about to take
        self._ahead: dict[Hashable, Future[None]] = {}
        self._loader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")

    @contextmanager
    def use(self, key: Hashable, load: Callable[[Reserve], Any]) -> Iterator[Any]:
        """Hold a model for the duration of the block, loading it first unless it is resident.

        `load` is called with `reserve`, which it calls with the bytes it is about to take.
        Raises `OutOfMemory` if the model does not fit beside those in use, and whatever `load` raises;
        either way the model is not kept.
        """
        record = self._pinned(key, load)
        try:
            yield record.value
        finally:
            with self._state:
                record.pins -= 1

    def prefetch(
        self, key: Hashable, load: Callable[[Reserve], Any], spare: Container[Hashable] = ()
    ) -> None:
        """Begin to load a model that is going to be wanted, unless it is resident.

        Others leave for it, but none of `spare`. For lack of room, or if `load` raises, nothing is kept, and
        whoever uses the model tries again.
        """
        with self._state:
            if key not in self._records and key not in self._ahead:
                self._ahead[key] = self._loader.submit(self._load_ahead, key, load, spare)

    def holds(self, key: Hashable) -> bool:
        """Whether the model is resident."""
        with self._state:
            return key in self._records

    def stats(self) -> CacheStats:
        """A snapshot; keys from the least to the most recently used."""
        with self._state:
            now = self._stats
            return CacheStats(
                now.budget, self._bytes(), now.hits, now.misses, now.evictions, keys=list(self._records)
            )

    def make_room(self, needed: int, spare: Container[Hashable] = ()) -> None:
        """Let models that nobody holds, and that are not among `spare`, leave until so many bytes are free.

        Raises `OutOfMemory` if the others leave too little.
        """
        with self._state:
            while self._lacks(needed) and self._evict(spare):
                pass
            if self._lacks(needed):
                raise OutOfMemory(self._refusal(needed))

    def clear(self) -> None:
        """Drop every model that is not in use."""
        with self._state:
            while self._evict():
                pass
        self._release()

    def _pinned(self, key: Hashable, load: Callable[[Reserve], Any]) -> Record:
        record = self._resident(key)
        if record is None:
            with self._state:
                ahead = self._ahead.get(key)
            if ahead is not None:
                ahead.result()
            with self._loading:
                record = self._resident(key) or self._load(key, load, pins=1)
        return record

    def _resident(self, key: Hashable) -> Record | None:
        """The model under one more pin, if it is here."""
        with self._state:
            record = self._records.get(key)
            if record is not None:
                self._stats.hits += 1
                self._records.move_to_end(key)
                record.pins += 1
            return record

    def _load_ahead(self, key: Hashable, load: Callable[[Reserve], Any], spare: Container[Hashable]) -> None:
        try:
            with self._loading:
                if key not in self._records:
                    self._load(key, load, spare=spare)
        except (NotYet, OutOfMemory) as error:  # as on every look while it is so
            log.debug("model %s not loaded ahead: %s", key, error)
        except Exception as error:  # the same will be said to whoever uses it
            log.info("model %s not loaded ahead: %s", key, error)
        finally:
            with self._state:
                del self._ahead[key]

    def _load(
        self,
        key: Hashable,
        load: Callable[[Reserve], Any],
        pins: int = 0,
        spare: Container[Hashable] = (),
    ) -> Record:
        self._stats.misses += 1
        try:
            record = Record(load(partial(self._promise, spare)), pins)
        finally:
            self._promised = 0
        with self._state:
            # The headers told how much it would take; what counts is what it took.
            while self._too_much(record) and self._evict(spare):
                pass
            if self._too_much(record):
                raise OutOfMemory(self._refusal(self._measure([record.value])))
            self._records[key] = record
        return record

    def _promise(self, spare: Container[Hashable], needed: int) -> None:
        with self._state:
            self.make_room(needed, spare)
            self._promised = needed

    def _lacks(self, needed: int) -> bool:
        needed += self._promised
        over_budget = self._bytes() + needed > self._stats.budget
        return over_budget or (self._free is not None and self._free() < needed)

    def _too_much(self, record: Record) -> bool:
        return self._bytes(record) > self._stats.budget

    def _evict(self, spare: Container[Hashable] = ()) -> bool:
        """Drop the least recently used model that nobody holds, but for `spare`; False if there is none."""
        free = (key for key, record in self._records.items() if record.pins == 0 and key not in spare)
        key = next(free, None)
        if key is None:
            return False
        del self._records[key]
        self._stats.evictions += 1
        self._release()
        return True

    def _bytes(self, *more: Record) -> int:
        return self._measure(record.value for record in (*self._records.values(), *more))

    def _refusal(self, needed: int) -> str:
        return (
            f"The model needs {needed:,} bytes beside {self._bytes():,} in use, and the cache may hold"
            f" {self._stats.budget:,}; raise the budget, or use a smaller model or dtype."
        )
