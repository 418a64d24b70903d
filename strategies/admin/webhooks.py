"""Webhooks and their delivery log, to look at; operators may switch one off or on and replay messages."""

from functools import partial

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from ..models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from ..webhooks.deliveries import delivery_replay
from ..webhooks.endpoints import endpoint_update
from .requests import RequestAdmin

COLOURS = {
    DeliveryStatus.PENDING: "warning",
    DeliveryStatus.DELIVERED: "success",
    DeliveryStatus.FAILED: "danger",
}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(RequestAdmin):
    """Without the secret, which only its owner is shown, and once."""

    list_display = ("url", "owner", "state", "failing_since", "log", "asked")
    list_filter = ("disabled", ("failing_since", admin.EmptyFieldListFilter))
    list_select_related = ("owner",)
    search_fields = ("^id", "url", "owner__username")
    actions = ("disable", "enable")
    readonly_fields = ("log",)
    fields = (
        ("url", "owner"), "events", ("disabled", "disabled_reason"), ("failing_since", "resting_until"),
        "log", ("created_at", "updated_at"),
    )  # fmt: skip

    @display(description="state", ordering="disabled", label={"on": "success", "disabled": "danger"})
    def state(self, endpoint: WebhookEndpoint) -> str:
        return "disabled" if endpoint.disabled else "on"

    @admin.display(description="deliveries")
    def log(self, endpoint: WebhookEndpoint) -> SafeString:
        address = reverse("admin:strategies_webhookdelivery_changelist")
        link = '<a href="{}?endpoint__id__exact={}" class="text-primary-600">log</a>'
        return format_html(link, address, endpoint.pk)

    @admin.action(description="Disable", permissions=["operate"])
    def disable(self, request: HttpRequest, endpoints: QuerySet[WebhookEndpoint]) -> None:
        self._switch(request, endpoints, disabled=True)

    @admin.action(description="Enable", permissions=["operate"])
    def enable(self, request: HttpRequest, endpoints: QuerySet[WebhookEndpoint]) -> None:
        self._switch(request, endpoints, disabled=False)

    def _switch(self, request: HttpRequest, endpoints: QuerySet[WebhookEndpoint], *, disabled: bool) -> None:
        for endpoint in endpoints:
            endpoint_update(endpoint, disabled=disabled, by="an operator")
        done = "Disabled." if disabled else "Enabled; what was given up meanwhile can be replayed."
        self.message_user(request, done, messages.SUCCESS)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(RequestAdmin):
    list_display = (
        "short_id", "event", "state", "goes_to", "owner", "attempts", "last_status_code", "last_error",
        "next_attempt_at", "asked",
    )  # fmt: skip
    list_filter = ("status", "event", "last_status_code")
    list_select_related = ("endpoint", "generation", "owner")
    search_fields = ("^id", "^generation__id", "^prediction__id", "endpoint__url", "owner__username")
    actions = ("replay",)
    readonly_fields = ("goes_to", "state")
    fieldsets = (
        (None, {"fields": (("event", "owner"), ("endpoint", "goes_to"), ("generation", "prediction"))}),
        (
            "Outcome",
            {
                "fields": (
                    ("state", "attempts", "next_attempt_at"), ("last_attempt_at", "completed_at"), "last_url",
                    ("last_status_code", "last_error"), "last_response",
                )
            },
        ),
        ("Message", {"fields": ("payload", "created_at")}),
    )  # fmt: skip

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "endpoint__id__exact" or super().lookup_allowed(lookup, value, request)

    @display(description="status", ordering="status", label=COLOURS)
    def state(self, delivery: WebhookDelivery) -> str:
        return delivery.status

    @admin.display(description="to", ordering="endpoint__url")
    def goes_to(self, delivery: WebhookDelivery) -> str:
        return delivery.url if len(delivery.url) <= 60 else delivery.url[:59] + "…"

    @admin.action(description="Send again", permissions=["operate"])
    def replay(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        done = sum(self.done(request, partial(delivery_replay, delivery)) for delivery in deliveries)
        self.told(request, done, len(deliveries), "sent again", "not")
