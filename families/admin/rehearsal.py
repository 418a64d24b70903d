"""Doing a change and taking it back, to tell its author first: what refuses it, and what it would break."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..consequences import Consequences, consequences
from ..errors import CatalogueError, spelled
from ..models import Family, Member
from ..selectors import load_family
from .telling import linked

TOLD = "told_consequences"  # what a page sends back of the notice it showed
SEPARATOR = " | "
LISTED = 12  # options or selections in one sentence; more are counted


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What refused a change, or what it would do to families that people use."""

    error: CatalogueError | None
    consequences: Sequence[Consequences] = ()

    def untold(self, page: Mapping[str, Any]) -> Sequence[Consequences]:
        """All of them, unless the author of the page has been told of every single one."""
        told = frozenset(page.get(TOLD, "").split(SEPARATOR))
        return [] if _facts(self.consequences) <= told else self.consequences


def rehearse(service: Callable[[], object], *, families: Iterable[Family] = ()) -> Rehearsal:
    """Run a service and take it back, comparing the families before and after."""
    before = [load_family(family.key) for family in families]
    try:
        with transaction.atomic():
            service()
            after = [load_family(family.key) for family in before]
            transaction.set_rollback(True)
    except CatalogueError as error:
        return Rehearsal(error)
    found = map(consequences, before, after)
    return Rehearsal(None, [each for each in found if each])


def warning(found: Sequence[Consequences]) -> ValidationError:
    """Refuses a page once: what it told comes back with the page, and that is its author's consent."""
    return ValidationError(
        format_html("Not saved yet. {}Save again to do it all the same, or change it first.", notice(found)),
        code="consequences",
    )


def notice(found: Sequence[Consequences]) -> SafeString:
    """What would be worse, family by family, and a note of it to send back."""
    families = Family.objects.in_bulk((each.family for each in found), field_name="key")
    paragraphs = ((families[each.family], _listed(each, families[each.family])) for each in found)
    return format_html(
        '{}<input type="hidden" name="{}" value="{}">',
        format_html_join("", 'In “{}” this would leave:<ul class="at-foreseen">{}</ul>', paragraphs),
        TOLD,
        SEPARATOR.join(sorted(_facts(found))),
    )


def _facts(found: Iterable[Consequences]) -> frozenset[str]:
    return frozenset(fact for each in found for fact in each.facts())


def _listed(found: Consequences, family: Family) -> SafeString:
    return format_html_join("", "<li>{}</li>", ((sentence,) for sentence in _sentences(found, family)))


def _sentences(found: Consequences, family: Family) -> Iterator[SafeString | str]:
    if found.closed:
        yield "nothing to pick: the whole family would be unavailable"
    if found.incomplete:
        members = Member.objects.filter(family=family, workflow__key__in=found.incomplete)
        count = _counted(len(found.incomplete), "member")
        text = "{} without a full tuple, unavailable until re-tupled: {}"
        yield format_html(text, count, linked(members.select_related("workflow")))
    if found.options and not found.closed:
        yield _some("options that lead nowhere", [f"{axis}={value}" for axis, value in found.options])
    if found.selections:
        yield _some("selections that lead nowhere", [spelled(selection) for selection in found.selections])
    if found.start is not None:
        yield f"a dead end to start from, because these are the defaults: {spelled(found.start)}"
    before, after = found.holes
    if after > before:
        yield f"{_counted(after, 'hole')} instead of {before}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _some(what: str, items: Sequence[str]) -> str:
    more = len(items) - LISTED
    return f"{what}: {'; '.join(items[:LISTED])}{f' and {more} more' if more > 0 else ''}"
