"""Loaded models under a byte budget: the least recently used one leaves first, one in use never."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gpu.errors import OutOfMemory

Reserve = Callable[[int], None]


@dataclass(slots=True)
class Record:
    """One loaded model: its measured bytes and how many users hold it right now."""

    value: Any
    bytes: int
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
    """Models by key. Not for several threads: a process draws one batch at a time.

    Parameters:
        budget: bytes that all models together may take
        measure: bytes of a loaded model
        free: bytes the device has left, for models that live where others also take memory
        release: called after an eviction, to give the memory back
    """

    def __init__(
        self,
        budget: int,
        measure: Callable[[Any], int],
        free: Callable[[], int] | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self._measure = measure
        self._release = release
        self._free = free
        self._records: OrderedDict[Hashable, Record] = OrderedDict()
        self._stats = CacheStats(budget)

    @contextmanager
    def use(self, key: Hashable, load: Callable[[Reserve], Any]) -> Iterator[Any]:
        """Hold a model for the duration of the block, loading it first unless it is resident.

        `load` is called with `reserve`, which it calls with the bytes it is about to take.
        Raises `OutOfMemory` if the model does not fit beside those in use, and whatever `load` raises;
        either way the model is not kept.
        """
        record = self._records.get(key)
        if record is None:
            self._stats.misses += 1
            record = self._load(key, load)
        else:
            self._stats.hits += 1
        self._records.move_to_end(key)
        record.pins += 1
        try:
            yield record.value
        finally:
            record.pins -= 1

    def stats(self) -> CacheStats:
        """A snapshot; keys from the least to the most recently used."""
        now = self._stats
        return CacheStats(
            now.budget, self._bytes(), now.hits, now.misses, now.evictions, keys=list(self._records)
        )

    def make_room(self, needed: int) -> None:
        """Let models that nobody holds leave until so many bytes are free.

        Raises `OutOfMemory` if those in use leave too little.
        """
        while self._lacks(needed) and self._evict():
            pass
        if self._lacks(needed):
            raise OutOfMemory(self._refusal(needed))

    def clear(self) -> None:
        """Drop every model that is not in use."""
        while self._evict():
            pass
        self._release()

    def _load(self, key: Hashable, load: Callable[[Reserve], Any]) -> Record:
        value = load(self.make_room)
        record = Record(value, self._measure(value))
        # The headers told how much it would take; what counts is what it took.
        while self._bytes() + record.bytes > self._stats.budget and self._evict():
            pass
        if self._bytes() + record.bytes > self._stats.budget:
            raise OutOfMemory(self._refusal(record.bytes))
        self._records[key] = record
        return record

    def _lacks(self, needed: int) -> bool:
        over_budget = self._bytes() + needed > self._stats.budget
        return over_budget or (self._free is not None and self._free() < needed)

    def _evict(self) -> bool:
        """Drop the least recently used model that nobody holds; False if there is none."""
        key = next((key for key, record in self._records.items() if record.pins == 0), None)
        if key is None:
            return False
        del self._records[key]
        self._stats.evictions += 1
        self._release()
        return True

    def _bytes(self) -> int:
        return sum(record.bytes for record in self._records.values())

    def _refusal(self, needed: int) -> str:
        return (
            f"The model needs {needed:,} bytes beside {self._bytes():,} in use, and the cache may hold"
            f" {self._stats.budget:,}; raise the budget, or use a smaller model or dtype."
        )
