"""Reading server-sent events."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Event(NamedTuple):
    id: str
    name: str
    data: dict


def events(lines: Iterable[str]) -> Iterator[Event]:
    """Every event of a stream; comments are skipped."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line == "" and fields:
            yield Event(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
            fields = {}
        elif name in ("id", "event", "data"):
            fields[name] = value
