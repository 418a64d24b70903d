"""What agentic predictions tried, to look at."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.admin import TabularInline

from ..models import Shot, ShotAttempt
from .requests import ReadOnly, RequestAdmin, link_to, thumbnails


class AttemptInline(ReadOnly, TabularInline):
    model = ShotAttempt
    fk_name = "shot"
    fields = readonly_fields = (
        "picture", "score", "reason", "seed", "prompt", "evaluator", "drawing_page", "evaluation_page",
    )  # fmt: skip
    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShotAttempt]:
        rows = super().get_queryset(request).select_related("drawing", "evaluation")
        return rows.prefetch_related("drawing__assets")

    @admin.display(description="picture")
    def picture(self, attempt: ShotAttempt) -> SafeString | None:
        return thumbnails([attempt.picture] if attempt.picture else [])

    @admin.display(description="drawn by")
    def drawing_page(self, attempt: ShotAttempt) -> SafeString:
        return link_to(attempt.drawing)

    @admin.display(description="judged by")
    def evaluation_page(self, attempt: ShotAttempt) -> SafeString:
        return link_to(attempt.evaluation)


@admin.register(Shot)
class ShotAdmin(RequestAdmin):
    list_display = (
        "short_id", "prediction", "decision", "best_score", "min_confidence_score", "tries",
        "evaluation_provider", "asked",
    )  # fmt: skip
    list_filter = ("decision", "evaluation_provider")
    list_select_related = ("best", "prediction")
    search_fields = ("^prediction__id", "^prediction__generation__id", "prompt")
    inlines = (AttemptInline,)
    fields = (
        ("prediction", "decision", "best"), "prompt",
        ("min_confidence_score", "max_attempts", "evaluation_provider"), ("deadline", "created_at"),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shot]:
        return super().get_queryset(request).prefetch_related("attempts")

    @admin.display(description="confidence", ordering="best__score")
    def best_score(self, shot: Shot) -> float | None:
        return shot.best.score if shot.best else None

    @admin.display(description="attempts")
    def tries(self, shot: Shot) -> str:
        return f"{len(shot.attempts.all())} of {shot.max_attempts}"
