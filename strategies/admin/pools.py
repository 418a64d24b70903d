"""The pools: what each is and does, with buttons that tell it to take no work, or some again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from unfold.admin import ModelAdmin

from ..fleet import PoolState, State, pool_states
from ..models import PoolHold
from ..services.pools import pool_drain, pool_pause, pool_resume
from .requests import ReadOnly

TOLD: dict[str, tuple[Callable[..., None], str]] = {
    "pause": (pool_pause, "finishes what it runs and takes no more"),
    "drain": (pool_drain, "finishes what it runs, then lets go of its device"),
    "resume": (pool_resume, "takes work again"),
}
COLOURS = {
    State.RUNNING: "at-good",
    State.UNFIT: "at-bad",
    State.SILENT: "at-bad",
    State.PAUSED: "at-warn",
    State.DRAINING: "at-warn",
    State.DRAINED: "at-warn",
}
BYTES = "_bytes"


@admin.register(PoolHold)
class PoolAdmin(ReadOnly, ModelAdmin):
    """All pools stand on the list's page; there is none for a single one."""

    def get_urls(self) -> list[URLPattern]:
        tell = self.admin_site.admin_view(self.tell_view)
        return [path("tell/<str:told>/", tell, name="strategies_poolhold_tell"), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Pools",
            "pools": [shown(pool) for pool in pool_states()],
            "operates": self._may_operate(request),
        }
        return TemplateResponse(request, "strategies/admin/pools.html", context)

    def tell_view(self, request: HttpRequest, told: str) -> HttpResponse:
        """The buttons: a pool is told something, and the page shows how it stands then."""
        if request.method != "POST" or told not in TOLD or not self._may_operate(request):
            raise PermissionDenied
        name = request.POST.get("pool", "")
        if name in {pool.name for pool in pool_states()}:
            tell, what = TOLD[told]
            tell(name, by=request.user)
            self.message_user(request, f"{name} {what}.", messages.SUCCESS)
        else:
            self.message_user(request, f"There is no pool {name}; it has gone meanwhile.", messages.ERROR)
        return HttpResponseRedirect(reverse("admin:strategies_poolhold_changelist"))

    def _may_operate(self, request: HttpRequest) -> bool:
        return request.user.has_perm("strategies.change_poolhold")


def shown(pool: PoolState) -> dict[str, Any]:
    """What the page says of a pool."""
    report = pool.report
    memory = report.memory if report else {}
    return {
        "pool": pool,
        "name": pool.name,
        "colour": COLOURS.get(pool.state, ""),
        "heartbeat_at": _time(report and report.heartbeat_at),
        "started_at": _time(report and report.started_at),
        "memory": [
            (name.removesuffix(BYTES).replace("_", " "), size)
            for name, size in memory.items()
            if name.endswith(BYTES)
        ],
        "used": memory.get("model_bytes"),
        "budget": memory.get("budget_bytes"),
        "actions": [told for told in TOLD if _makes_sense(told, pool.hold)],
    }


def _makes_sense(told: str, hold: PoolHold | None) -> bool:
    return bool(hold) if told == "resume" else hold is None or hold.kind != told


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
