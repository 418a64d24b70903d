"""Actions on many rows of a list, at the versions that it showed; what they would break is told first."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import display

from ..errors import CatalogueError
from ..models import Family, Workflow
from .base import SeenVersion, ServiceAdmin
from .rehearsal import Rehearsal, notice, rehearse
from .telling import version_of

BACK = "back"  # sent by a row's own page, to come back to it
Calls = Mapping[Workflow, Callable[[], object]]


def seen_name(row: Workflow) -> str:
    """Under which name a list sends back the version of a row that it showed."""
    return f"seen-{row.pk}"


class BulkAdmin(ServiceAdmin):
    """A list whose actions call a service for every row that is chosen."""

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Workflow) -> SafeString:
        box, name = super().action_checkbox(obj), seen_name(obj)
        return format_html('{}<input type="hidden" name="{}" value="{}">', box, name, version_of(obj))

    def act(
        self,
        request: HttpRequest,
        chosen: QuerySet[Workflow],
        service: Callable[..., object],
        *,
        done: str,
        closes: bool = False,
    ) -> HttpResponse | None:
        """Call the service for each; one that refuses does not keep the others back.

        A service that `closes` workflows is rehearsed first, with all of them together.
        """
        calls = self._calls(request, chosen.order_by("key"), service)  # as every other writer locks them
        if closes and (untold := _rehearsed(calls).untold(request.POST)):
            return self._ask(request, calls, notice(untold))
        for row, error in _call(calls):
            if error:
                self.message_user(request, f"“{row.key}”: {error.detail}", messages.ERROR)
            else:
                self.message_user(request, f"“{row.key}” is {done}.")
        if BACK in request.POST and (row := next(iter(calls), None)):
            return HttpResponseRedirect(self.page_of(row))
        return None

    def _calls(
        self, request: HttpRequest, chosen: QuerySet[Workflow], service: Callable[..., object]
    ) -> Calls:
        """For the rows whose version came with the page; the others are left alone, and that is told."""
        versions = {row: SeenVersion().clean(request.POST.get(seen_name(row))) for row in chosen}
        if unseen := [row.key for row, seen in versions.items() if seen is None]:
            self.message_user(
                request,
                f"{len(unseen)} were not on the page that you sent, so a change by somebody else could be "
                f"overwritten. Choose them where you see them: {', '.join(unseen)}.",
                messages.ERROR,
            )
        return {
            row: partial(service, workflow=row, expected_version=seen)
            for row, seen in versions.items()
            if seen is not None
        }

    def _ask(self, request: HttpRequest, calls: Calls, foreseen: SafeString) -> HttpResponse:
        action, from_page = request.POST["action"], BACK in request.POST
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media,
            "title": self.get_action(action)[2],
            "foreseen": foreseen,
            "rows": [(row, seen_name(row), request.POST[seen_name(row)]) for row in calls],
            "sent": {"action": action, **({BACK: "1"} if from_page else {})},
            "leave": self.page_of(next(iter(calls))) if from_page else request.get_full_path(),
            "checkbox": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "families/admin/confirm_action.html", context)


def _rehearsed(calls: Calls) -> Rehearsal:
    families = Family.objects.filter(members__workflow__in=list(calls)).distinct()
    return rehearse(partial(_call, calls), families=families)


def _call(calls: Calls) -> Iterable[tuple[Workflow, CatalogueError | None]]:
    """What each refused, if anything."""
    outcomes: list[tuple[Workflow, CatalogueError | None]] = []
    for row, service in calls.items():
        try:
            service()
        except CatalogueError as error:
            outcomes.append((row, error))
        else:
            outcomes.append((row, None))
    return outcomes
