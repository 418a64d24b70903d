"""What was asked for and what it became, to look at; the few things an operator may do call services."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from families.history import workflow_version

from .. import lifecycle
from ..errors import RequestError
from ..loras import lora_delete
from ..models import TERMINAL, Asset, Generation, Lora, Prediction, Shot, Status, Task
from ..services.generations import generation_delete, generation_replay

COLOURS = {
    Status.STARTING: "warning",
    Status.PROCESSING: "info",
    Status.SUCCEEDED: "success",
    Status.FAILED: "danger",
}
OUTCOME = (
    ("status_label", "error_code"),
    "error_detail",
    ("created_at", "started_at", "completed_at"),
)


def thumbnails(assets: list[Asset], height: int = 48) -> SafeString | None:
    """Small pictures, each a link to itself."""
    addresses = [(reverse("admin:strategies_asset_file", args=[asset.id]), height) for asset in assets]
    picture = (
        '<a href="{0}" target="_blank" class="shrink-0">'
        '<img src="{0}" style="height:{1}px; max-width:none" class="rounded" alt="Open this output"></a>'
    )
    pictures = format_html_join("", picture, addresses)
    return format_html('<div class="flex gap-1">{}</div>', pictures) if pictures else None


def link_to(row: Any) -> SafeString:
    """The row's admin page."""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}" class="text-primary-600">{}</a>', address, row)


def link_to_version(generation: Generation) -> SafeString | str:
    """What ran: the recipe and contract as they were under the version that the generation records."""
    workflow, version = generation.workflow, generation.workflow_version
    current = "" if version == workflow.version else f" (now at {workflow.version})"
    if workflow_version(workflow, version) is None:
        return f"version {version}{current}"
    address = reverse("admin:families_workflow_version", args=[workflow.pk, version])
    return format_html('<a href="{}" class="text-primary-600">version {}</a>{}', address, version, current)


def seconds(start: datetime | None, end: datetime | None) -> str | None:
    return f"{(end - start).total_seconds():.1f} s" if start and end else None


class ReadOnly:
    """Rows that only the lifecycle writes."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="status", ordering="status", label=COLOURS)
    def status_label(self, row: Any) -> str:
        return row.status


class RequestAdmin(ReadOnly, ModelAdmin):
    """A list of request rows; its actions are for whoever may act on them."""

    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False  # counting millions of rows is not worth a second

    @admin.display(description="id", ordering="id")
    def short_id(self, row: Any) -> str:
        return str(row.pk)[:8]

    @admin.display(description="asked", ordering="created_at")
    def asked(self, row: Any) -> str:
        return date_format(timezone.localtime(row.created_at), "j M H:i:s")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """What `permissions=["operate"]` of an action means."""
        return request.user.has_perm(f"strategies.change_{self.opts.model_name}")

    def done(self, request: HttpRequest, service: Callable[[], object]) -> bool:
        """Whether a service did it; what it refuses becomes a message."""
        try:
            service()
        except RequestError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return False
        return True

    def told(self, request: HttpRequest, done: int, asked: int, what: str, otherwise: str) -> None:
        """One message on how an action went."""
        level = messages.SUCCESS if done == asked else messages.WARNING
        rest = f" {asked - done} were {otherwise}." if done < asked else ""
        self.message_user(request, f"{done} {what}.{rest}", level)


class PredictionInline(ReadOnly, TabularInline):
    model = Prediction
    fields = readonly_fields = ("page", "pictures", "status_label", "seed", "error_code", "took")
    extra = 0
    hide_title = True
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        return super().get_queryset(request).prefetch_related("outputs")

    @admin.display(description="prediction")
    def page(self, prediction: Prediction) -> SafeString:
        return link_to(prediction)

    @admin.display(description="pictures")
    def pictures(self, prediction: Prediction) -> SafeString | None:
        return thumbnails(list(prediction.outputs.all()))

    @admin.display(description="took")
    def took(self, prediction: Prediction) -> str | None:
        return seconds(prediction.started_at, prediction.completed_at)


@admin.register(Generation)
class GenerationAdmin(RequestAdmin):
    list_display = (
        "short_id",
        "pictures",
        "status_label",
        "owner",
        "family",
        "workflow",
        "prompt",
        "count",
        "asked",
    )
    list_filter = ("status", "type", "rating", "family", "strategy", "priority")
    list_select_related = ("owner", "family", "workflow")
    search_fields = ("^id", "owner__username", "workflow__key", "=request_id")
    actions = ("cancel", "forget")
    inlines = (PredictionInline,)
    readonly_fields = ("status_label", "recipe", "ran")
    fieldsets = (
        (None, {"fields": (("owner", "strategy", "type"), ("family", "recipe", "ran"))}),
        ("Outcome", {"fields": OUTCOME}),
        ("Request", {"fields": ("selection", "inputs", ("seed", "num_predictions", "rating"), "metadata")}),
        ("Webhook", {"fields": ("webhook", "webhook_events_filter")}),
        ("When", {"fields": ("priority", "not_before", "deadline", "request_id")}),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Generation]:
        return super().get_queryset(request).prefetch_related("predictions__outputs")

    @admin.display(description="pictures")
    def pictures(self, generation: Generation) -> SafeString | None:
        assets = [asset for prediction in generation.predictions.all() for asset in prediction.outputs.all()]
        return thumbnails(assets[:4], 40)

    @admin.display(description="prompt")
    def prompt(self, generation: Generation) -> str:
        text = str(generation.inputs.get("prompt", ""))
        return text if len(text) <= 60 else text[:59] + "…"

    @admin.display(description="workflow")
    def recipe(self, generation: Generation) -> SafeString:
        return link_to(generation.workflow)

    @admin.display(description="ran as")
    def ran(self, generation: Generation) -> SafeString | str:
        return link_to_version(generation)

    @admin.display(description="of", ordering="num_predictions")
    def count(self, generation: Generation) -> int:
        return generation.num_predictions

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel(self, request: HttpRequest, generations: QuerySet[Generation]) -> None:
        done = sum(lifecycle.cancel_generation(generation.id) for generation in generations)
        self.told(request, done, len(generations), "canceled", "over already")

    @admin.action(description="Delete, with pictures", permissions=["operate"])
    def forget(self, request: HttpRequest, generations: QuerySet[Generation]) -> None:
        over = [generation for generation in generations if generation.status in TERMINAL]
        done = sum(self.done(request, partial(generation_delete, generation)) for generation in over)
        self.told(request, done, len(generations), "deleted", "still running or in use")


class ShotInline(ReadOnly, TabularInline):
    """How an agentic prediction went; its attempts are one link away."""

    model = Shot
    fields = readonly_fields = (
        "decision",
        "best",
        "min_confidence_score",
        "max_attempts",
        "evaluation_provider",
    )
    extra = 0
    can_delete = False
    show_change_link = True


@admin.register(Prediction)
class PredictionAdmin(RequestAdmin):
    list_display = (
        "short_id",
        "pictures",
        "status_label",
        "seed",
        "owner",
        "workflow",
        "error_code",
        "took",
        "asked",
    )
    list_filter = ("status", "error_code")
    list_select_related = ("generation__owner", "generation__workflow")
    search_fields = ("^id", "^generation__id", "generation__owner__username")
    actions = ("cancel", "ask_again")
    inlines = (ShotInline,)
    readonly_fields = ("pictures", "status_label", "recipe", "ran")
    fieldsets = (
        (None, {"fields": (("generation", "index", "seed"), ("recipe", "ran"), "pictures")}),
        ("Outcome", {"fields": (*OUTCOME, "predict_seconds", "logs")}),
        ("Provenance", {"fields": ("provenance",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prediction]:
        return super().get_queryset(request).prefetch_related("outputs")

    @admin.display(description="pictures")
    def pictures(self, prediction: Prediction) -> SafeString | None:
        return thumbnails(list(prediction.outputs.all()), 64)

    @admin.display(description="owner", ordering="generation__owner")
    def owner(self, prediction: Prediction) -> str:
        return str(prediction.generation.owner)

    @admin.display(description="workflow", ordering="generation__workflow")
    def workflow(self, prediction: Prediction) -> str:
        return str(prediction.generation.workflow)

    @admin.display(description="workflow")
    def recipe(self, prediction: Prediction) -> SafeString:
        return link_to(prediction.generation.workflow)

    @admin.display(description="ran as")
    def ran(self, prediction: Prediction) -> SafeString | str:
        return link_to_version(prediction.generation)

    @admin.display(description="took", ordering="predict_seconds")
    def took(self, prediction: Prediction) -> str | None:
        return seconds(prediction.started_at, prediction.completed_at)

    @admin.action(description="Cancel", permissions=["operate"])
    def cancel(self, request: HttpRequest, predictions: QuerySet[Prediction]) -> None:
        done = sum(lifecycle.cancel_prediction(prediction) for prediction in predictions)
        self.told(request, done, len(predictions), "canceled", "over already")

    @admin.action(description="Ask again, as new generations", permissions=["operate"])
    def ask_again(self, request: HttpRequest, predictions: QuerySet[Prediction]) -> None:
        ask_again(self, request, list(predictions))


@admin.register(Task)
class TaskAdmin(RequestAdmin):
    """Dead letters are the failed ones."""

    list_display = (
        "short_id", "task_type", "status_label", "attempts", "worker", "device", "error_code",
        "waited", "ran", "asked",
    )  # fmt: skip
    list_filter = ("status", "queue", "task_type", "error_code", "worker")
    search_fields = ("^id", "^generation__id", "^prediction__id", "worker", "=request_id", "owner__username")
    actions = ("ask_again",)
    readonly_fields = ("status_label",)
    fieldsets = (
        (None, {"fields": (("task_type", "queue", "step"), ("owner", "generation", "prediction"))}),
        ("Outcome", {"fields": (*OUTCOME, "result")}),
        ("Scheduling", {"fields": (("priority", "ready"), ("not_before", "deadline"), "published_at")}),
        ("Lease", {"fields": (("attempt", "max_attempts"), ("worker", "device"), "lease_expires_at")}),
        ("Origin", {"fields": ("request_id",)}),
        ("Parameters", {"fields": ("params",)}),
    )  # fmt: skip

    @admin.display(description="attempt")
    def attempts(self, task: Task) -> str:
        return f"{task.attempt} of {task.max_attempts}"

    @admin.display(description="waited")
    def waited(self, task: Task) -> str | None:
        return seconds(task.created_at, task.started_at)

    @admin.display(description="ran")
    def ran(self, task: Task) -> str | None:
        return seconds(task.started_at, task.completed_at)

    @admin.action(description="Ask again, as new generations", permissions=["operate"])
    def ask_again(self, request: HttpRequest, tasks: QuerySet[Task]) -> None:
        wanted = {task.prediction_id: task.prediction for task in tasks.select_related("prediction")}
        ask_again(self, request, list(wanted.values()))


def ask_again(page: RequestAdmin, request: HttpRequest, predictions: list[Prediction]) -> None:
    """Replay predictions that are over; say what became of each that cannot be."""
    done = 0
    for prediction in predictions:
        try:
            generation_replay(prediction, request_id=getattr(request, "request_id", ""))
            done += 1
        except RequestError as error:
            page.message_user(request, f"{prediction}: {error.detail}", messages.ERROR)
    page.message_user(request, f"{done} asked again.", messages.SUCCESS if done else messages.WARNING)


@admin.register(Asset)
class AssetAdmin(RequestAdmin):
    list_display = ("short_id", "picture", "owner", "room", "size_text", "width", "height", "asked")
    list_filter = (("prediction", admin.EmptyFieldListFilter), "content_type")
    list_select_related = ("owner",)
    search_fields = ("^id", "=sha256", "owner__username", "^prediction__id")
    readonly_fields = ("picture",)
    fields = (
        "picture", "owner", "prediction", "index", "file", "content_type", ("width", "height", "size"),
        "sha256", ("created_at", "expires_at"),
    )  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.serve)
        return [path("<uuid:id>/file/", view, name="strategies_asset_file"), *super().get_urls()]

    def serve(self, request: HttpRequest, id: UUID) -> FileResponse:
        """The picture, for whoever may see assets."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asset = get_object_or_404(Asset, id=id)
        return FileResponse(asset.file.open(), content_type=asset.content_type)

    @admin.display(description="picture")
    def picture(self, asset: Asset) -> SafeString | None:
        return thumbnails([asset], 64)

    @admin.display(description="from", ordering="prediction")
    def room(self, asset: Asset) -> str:
        return "a prediction" if asset.prediction_id else "its owner"

    @admin.display(description="size", ordering="size")
    def size_text(self, asset: Asset) -> str:
        return f"{asset.size / 1024:.0f} kB"


@admin.register(Lora)
class LoraAdmin(RequestAdmin):
    list_display = ("name", "owner", "rank", "size_text", "asked")
    list_select_related = ("owner",)
    search_fields = ("^id", "name", "=sha256", "owner__username")
    actions = ("forget",)
    fields = ("name", "owner", "file", "rank", "size", "sha256", "created_at")

    @admin.display(description="size", ordering="size")
    def size_text(self, lora: Lora) -> str:
        return f"{lora.size / 2**20:.1f} MB"

    @admin.action(description="Delete, with the file", permissions=["operate"])
    def forget(self, request: HttpRequest, loras: QuerySet[Lora]) -> None:
        done = sum(self.done(request, partial(lora_delete, lora)) for lora in loras)
        self.told(request, done, len(loras), "deleted", "in use")
