"""Reading the catalogue, in a number of queries that does not grow with it.

What was read is kept in the process for as long as it is what the database holds: every call asks for a
token of each family's rows, and only families with another token than the kept one are read again.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from threading import Lock
from uuid import UUID

from django.db import connection

from .errors import UnknownFamily
from .models import Axis, Family, Member
from .resolution import LoadedAxis, LoadedFamily, LoadedMember, LoadedOption

KEPT = 512  # families, the most recently read

# A row version is known by who wrote it (xmin) and where it lies (ctid), and no two versions of a row share
# both. So the token tells any two states apart, whoever wrote them and however: a version number would
# repeat after a rollback, and not know of what an operator changes by hand. Hashes are added up because the
# order of rows means nothing and sorting them takes longer than all the rest.
TOKENS = """
WITH part AS (
    SELECT id AS family, id, xmin, ctid FROM families_family
    UNION ALL
    SELECT family_id, id, xmin, ctid FROM families_axis
    UNION ALL
    SELECT axis.family_id, option.id, option.xmin, option.ctid
    FROM families_option option JOIN families_axis axis ON axis.id = option.axis_id
    UNION ALL
    SELECT family_id, id, xmin, ctid FROM families_member
    UNION ALL
    SELECT member.family_id, workflow.id, workflow.xmin, workflow.ctid
    FROM families_member member JOIN families_workflow workflow ON workflow.id = member.workflow_id
)
SELECT family.id, part.token FROM families_family family
JOIN (
    SELECT family, sum(hashtextextended(concat(id, xmin, ctid), 0))::text AS token
    FROM part {only} GROUP BY family
) AS part ON part.family = family.id
ORDER BY family.position, family.key
"""
TOKENS_OF_ALL = TOKENS.format(only="")
TOKEN_OF_ONE = TOKENS.format(only="WHERE family = (SELECT id FROM families_family WHERE key = %s)")


def load_catalogue() -> list[LoadedFamily]:
    """Every family, in the order of display: one query, and five more if any has changed."""
    return _current(None)


def load_family(key: str) -> LoadedFamily:
    """One family: one query, and five more if it has changed. Raises UnknownFamily."""
    for family in _current(key):
        return family
    raise UnknownFamily(key)


class _Kept:
    """The families read last, by their id."""

    def __init__(self) -> None:
        self._families: OrderedDict[UUID, LoadedFamily] = OrderedDict()
        self._lock = Lock()

    def get(self, tokens: Mapping[UUID, str]) -> dict[UUID, LoadedFamily]:
        """Those of these families that are kept under the same token."""
        with self._lock:
            found = {id: self._families[id] for id in tokens if id in self._families}
            for id in found:
                self._families.move_to_end(id)
        return {id: family for id, family in found.items() if family.token == tokens[id]}

    def put(self, families: Mapping[UUID, LoadedFamily]) -> None:
        with self._lock:
            self._families.update(families)
            while len(self._families) > KEPT:
                self._families.popitem(last=False)


_kept = _Kept()


def _current(key: str | None) -> list[LoadedFamily]:
    """The families as the database has them, kept or read; all, or the one with this key.

    What changes while it is read is read again, so that a family is never put together from two states.
    """
    tokens = _tokens(key)
    known = _kept.get(tokens)
    while missing := [id for id, token in tokens.items() if id not in known or known[id].token != token]:
        read = _read(missing)
        before, tokens = tokens, _tokens(key)
        whole = {
            id: replace(family, token=tokens[id])
            for id, family in read.items()
            if tokens.get(id) == before[id]
        }
        _kept.put(whole)
        known.update(whole)
    return [known[id] for id in tokens]


def _tokens(key: str | None) -> dict[UUID, str]:
    """Family id → token, in the order of display."""
    with connection.cursor() as cursor:
        cursor.execute(*((TOKENS_OF_ALL,) if key is None else (TOKEN_OF_ONE, [key])))
        return dict(cursor.fetchall())


def _read(ids: Collection[UUID]) -> dict[UUID, LoadedFamily]:
    """These families from their rows: four queries."""
    axes: defaultdict[UUID, list[LoadedAxis]] = defaultdict(list)
    for axis in Axis.objects.filter(family__in=ids).prefetch_related("options"):
        axes[axis.family_id].append(_loaded_axis(axis))
    members: defaultdict[UUID, list[LoadedMember]] = defaultdict(list)
    for member in Member.objects.filter(family__in=ids).select_related("workflow"):
        members[member.family_id].append(LoadedMember(member.workflow, member.selection))
    return {
        id: LoadedFamily(row, tuple(axes[id]), tuple(members[id]))
        for id, row in Family.objects.in_bulk(ids).items()
    }


def _loaded_axis(axis: Axis) -> LoadedAxis:
    options = axis.options.all()
    return LoadedAxis(
        key=axis.key,
        display_name=axis.display_name,
        control=axis.control,
        default=next((option.value for option in options if option.id == axis.default_option_id), None),
        options=tuple(LoadedOption(option.value, option.label) for option in options),
    )
