"""`python -m benchmarks.resolving`: write large families into the database of ATELIER_HOME, resolve in them.

A process of its own, because Django takes its settings once and before anything of it is imported.
"""

import os
import time
import tracemalloc
from itertools import cycle

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from families.catalogue import resolve  # noqa: E402
from families.errors import NoMember  # noqa: E402
from families.models import Family  # noqa: E402
from families.selectors import load_catalogue, load_family  # noqa: E402
from tests.families.building import large_family  # noqa: E402

from .catalogue import AXES, FAMILIES, INPUTS, MEMBERS_EACH, SIZES, spread  # noqa: E402


def main() -> None:
    for members, options in SIZES.items():
        large_family(f"of-{members}", axes=AXES, options=options, members=members)
    for number in range(FAMILIES - Family.objects.count()):
        large_family(f"listed-{number}", axes=AXES, options=3, members=MEMBERS_EACH)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum would, a minute later
    print(f"{'in one process':<36} p50 ms  p99 ms  queries")
    for members, options in SIZES.items():
        _measure(f"of-{members}", members, options)
    tracemalloc.start()
    load_catalogue()
    print(f"{f'kept of {FAMILIES} families':<36} {tracemalloc.get_traced_memory()[0] / 2**20:6.1f} MiB")


def _measure(key: str, members: int, options: int) -> None:
    began = time.perf_counter()
    with CaptureQueriesContext(connection) as first:
        _form(key, {})
    once = (time.perf_counter() - began) * 1e3
    print(f"{f'first time, {members} members':<36} {once:6.2f}          {len(first):7}")
    reached = cycle([member.selection for member in load_family(key).members])
    for name, picks in (
        ("a member", reached),
        ("no member", cycle([{f"axis{number}": f"v{options - 1}" for number in range(AXES)}])),
    ):
        with CaptureQueriesContext(connection) as captured:
            _form(key, next(picks))
        columns = spread(lambda picks=picks: _form(key, next(picks)))
        print(f"{f'{name} of {members}':<36} {columns}  {len(captured):7}")


def _form(key: str, pick: dict[str, str]) -> None:
    try:
        resolve(key, pick).form(INPUTS)
    except NoMember as error:
        assert error.extra["nearest"]


if __name__ == "__main__":
    main()
