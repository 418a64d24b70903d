"""Who changed what in the catalogue, and what a workflow was under each version."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import unified_diff
from heapq import merge
from itertools import islice
from json import dumps
from typing import Any

from django.db.models import Model, QuerySet

from .errors import spelled
from .models import Axis, Family, Member, Option, Workflow

PAGE = 50
TOLD = 5  # changes that a refusal lists
VERBS = {"+": "added", "~": "changed", "-": "removed"}
# What a row says about itself in other places, or what nobody changed on purpose.
UNTOLD = frozenset({"id", "family", "axis", "version", "revision", "created_at", "updated_at"})


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after; `diff` has the lines of a document instead."""

    name: str
    old: str
    new: str
    diff: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One write to one row; `by` is None where a command wrote and nobody was signed in."""

    at: datetime
    by: str | None
    verb: str
    noun: str
    name: str
    fields: tuple[FieldChange, ...]
    version: int | None = None

    def __str__(self) -> str:
        fields = f" ({', '.join(field.name for field in self.fields)})" if self.fields else ""
        return f"{self.verb} the {self.noun} “{self.name}”{fields}"


@dataclass(frozen=True, slots=True)
class Page:
    """Changes, the newest first; what is `older` than a time is on the next page, if there is more."""

    changes: list[Change]
    older: datetime | None


def family_history(family: Family, *, before: datetime | None = None) -> Page:
    """What happened to a family, its axes, options and members."""
    axes = Axis.history.filter(family_id=family.pk)
    options = Option.history.filter(axis_id__in=axes.values("id"))
    members = Member.history.filter(family_id=family.pk)
    return _page([Family.history.filter(id=family.pk), axes, options, members], before)


def axis_history(axis: Axis, *, before: datetime | None = None) -> Page:
    return _page([Axis.history.filter(id=axis.pk), Option.history.filter(axis_id=axis.pk)], before)


def row_history(row: Workflow | Member, *, before: datetime | None = None) -> Page:
    return _page([type(row).history.filter(id=row.pk)], before)


def changes_since(seen: QuerySet, page: Page) -> list[str]:
    """The newest changes of a page that came after the first of the records `seen`, each as a sentence."""
    since = seen.order_by("history_date").values_list("history_date", flat=True).first()
    newer = [change for change in page.changes if since and change.at > since]
    return [f"{change.by or 'a command'} {change}" for change in newer[:TOLD]]


def workflow_versions(workflow: Workflow) -> list[Any]:
    """The record of each version that could run, the newest first: what the workflow was then."""
    published = workflow.history.filter(state=Workflow.State.PUBLISHED).select_related("history_user")
    return list(published.order_by("-version", "-history_date").distinct("version"))


def workflow_version(workflow: Workflow, version: int) -> Any | None:
    """The recipe and contract that ran under a version; None if it was never published."""
    return workflow.history.filter(version=version, state=Workflow.State.PUBLISHED).first()


def _page(histories: Iterable[QuerySet], before: datetime | None) -> Page:
    if before:
        histories = [history.filter(history_date__lt=before) for history in histories]
    newest = [
        history.select_related("history_user").order_by("-history_date", "-history_id")[:PAGE]
        for history in histories
    ]
    records = list(islice(merge(*newest, key=lambda record: record.history_date, reverse=True), PAGE))
    older = records[-1].history_date if len(records) == PAGE else None
    return Page(list(_told(records, _Names())), older)


def _told(records: Iterable[Any], names: "_Names") -> Iterator[Change]:
    for record in records:
        fields = _fields(record, record.prev_record, names) if record.history_type == "~" else ()
        if record.history_type == "~" and not fields:
            continue  # the family's version alone: another row tells what happened
        user = record.history_user
        yield Change(
            at=record.history_date,
            by=user and user.get_username(),
            verb=VERBS[record.history_type],
            noun=str(record.instance_type._meta.verbose_name),
            name=names.of(record),
            fields=fields or _first(record),
            version=getattr(record, "version", None),
        )


def _first(record: Any) -> tuple[FieldChange, ...]:
    """What is worth telling of a row that came or went: a member's tuple."""
    if record.instance_type is not Member:
        return ()
    tuple_ = spelled(record.selection)
    return (FieldChange("tuple", *(("", tuple_) if record.history_type == "+" else (tuple_, ""))),)


def _fields(record: Any, previous: Any, names: "_Names") -> tuple[FieldChange, ...]:
    if previous is None:
        return ()
    found = []
    for field in record.tracked_fields:
        old, new = getattr(previous, field.attname), getattr(record, field.attname)
        if field.name in UNTOLD or old == new:
            continue
        found.append(_field_change(str(field.verbose_name), field.attname, old, new, names))
    return tuple(found)


def _field_change(label: str, attname: str, old: Any, new: Any, names: "_Names") -> FieldChange:
    if attname == "selection":
        return FieldChange("tuple", spelled(old), spelled(new))
    if attname == "default_option_id":
        return FieldChange("default", names.option(old), names.option(new))
    if isinstance(old, list | Mapping):
        lines = unified_diff(_lines(old), _lines(new), n=2, lineterm="")
        return FieldChange(
            label, "", "", diff=tuple(line for line in lines if line[:3] not in ("---", "+++"))
        )
    return FieldChange(label, str(old), str(new))


def _lines(document: Any) -> list[str]:
    return dumps(document, indent=2, ensure_ascii=False).splitlines()


class _Names:
    """Names of rows that may be gone, looked up once in their own history."""

    def __init__(self) -> None:
        self._known: dict[tuple[type[Model], Any], str] = {}

    def of(self, record: Any) -> str:
        if record.instance_type is Member:
            return self._look_up(Workflow, "key", record.workflow_id)
        if record.instance_type is Option:
            return f"{self._look_up(Axis, 'key', record.axis_id)}={record.value}"
        return record.key

    def option(self, pk: Any) -> str:
        return self._look_up(Option, "value", pk) if pk else "none"

    def _look_up(self, model: type[Any], field: str, pk: Any) -> str:
        if (model, pk) not in self._known:
            found = model.history.filter(id=pk).values_list(field, flat=True).first()
            self._known[model, pk] = found or "?"
        return self._known[model, pk]
