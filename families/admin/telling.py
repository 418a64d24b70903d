"""What an author is told: which field, who is in the way, and the way there."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ..errors import CatalogueError, InputProblem, spelled
from ..history import changes_since, family_history, row_history
from ..models import Family, Member, Workflow

NAMED = 12  # members that are linked in a message; more are counted


def told(problem: InputProblem, field: str | None) -> str:
    """The problem's message, with the way to it inside its field."""
    inside = problem.loc[problem.loc.index(field) + 1 :] if field in problem.loc else ()
    return f"{'.'.join(map(str, inside))}: {problem.msg}" if inside else problem.msg


def tuple_of(member: Member) -> str:
    """In the order of the axes, which the database does not keep."""
    keys = [axis.key for axis in member.family.axes.all() if axis.key in member.selection]
    return spelled({key: member.selection[key] for key in keys})


def link_to(row: models.Model, text: str) -> SafeString:
    address = reverse(f"admin:families_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a class="at-link" href="{}">{}</a>', address, text)


def linked(members: Iterable[Member]) -> SafeString:
    """Members by the keys of their workflows, each a link to its page; many are counted."""
    members = list(members)
    named = format_html_join(", ", "{}", ((link_to(row, row.workflow.key),) for row in members[:NAMED]))
    more = len(members) - NAMED
    return format_html("{} and {} more", named, more) if more > 0 else named


def with_links(message: str, error: CatalogueError, row: object) -> SafeString | str:
    """The message, and links to the members it is about."""
    keys = [*error.extra.get("members", ()), *filter(None, [error.extra.get("workflow")])]
    family = row if isinstance(row, Family) else getattr(row, "family", None)
    if not keys or family is None:
        return message
    members = Member.objects.filter(family=family, workflow__key__in=keys).select_related("workflow")
    return format_html("{} Go to: {}.", message, linked(members))


def version_of(row: Family | Workflow) -> int:
    """What grows with every change of the row."""
    return row.version if isinstance(row, Family) else row.revision


def stale(row: Family | Workflow, seen: int | None) -> ValidationError:
    """Who changed the row since an author opened it, what and when; or that nobody can tell."""
    told = _unknown(row) if seen is None else _changed(row, seen)
    return ValidationError(told, code="stale_version")


def _unknown(row: Family | Workflow) -> SafeString:
    return format_html(
        "Which version of this {} you have seen did not arrive with the page, so a change by somebody else "
        "could be overwritten. Nothing of yours is saved, and what you typed is still here to copy from: "
        '<a class="at-link" href="">reload this page</a> and put it in again.',
        row._meta.verbose_name,
    )


def _changed(row: Family | Workflow, seen: int) -> SafeString:
    counter = "version" if isinstance(row, Family) else "revision"
    page = family_history(row) if isinstance(row, Family) else row_history(row)
    changes = changes_since(row.history.filter(**{counter: seen}), page)
    return format_html(
        "This {} was changed while you had it open, last at {} UTC: {}. Nothing of yours is saved, and what "
        "you typed is still here to copy from. Compare it with "
        '<a class="at-link" href="" target="_blank" rel="noopener">what is stored now</a> or '
        '<a class="at-link" href="{}" target="_blank" rel="noopener">what changed</a> in another tab, then '
        '<a class="at-link" href="">reload this page</a> and put yours on top; until then it is not saved.',
        row._meta.verbose_name,
        f"{row.updated_at:%H:%M:%S}",
        "; ".join(changes) or f"its version is now {version_of(row)}",
        reverse(f"admin:families_{row._meta.model_name}_history", args=[row.pk]),
    )
