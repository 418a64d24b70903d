"""How pictures were enlarged, to look at."""

from django.contrib import admin
from django.utils.safestring import SafeString

from ..models import Refine
from .requests import RequestAdmin, link_to, thumbnails


@admin.register(Refine)
class RefineAdmin(RequestAdmin):
    list_display = ("__str__", "before", "after", "page", "face_detail", "asked")
    list_filter = ("scale", "face_detail")
    list_select_related = ("base_image", "prediction__generation")
    search_fields = (
        "^prediction__id",
        "^prediction__generation__id",
        "prediction__generation__owner__username",
    )
    readonly_fields = ("page", "before", "after")
    fields = (
        "page", ("before", "after"), ("scale", "width", "height"), ("tile_size", "overlap"),
        ("prompt", "negative_prompt"), ("seed", "strength"),
        ("num_inference_steps", "guidance_scale", "scheduler"),
        ("face_detail", "face_strength"), "created_at",
    )  # fmt: skip

    @admin.display(description="prediction")
    def page(self, refine: Refine) -> SafeString:
        return link_to(refine.prediction)

    @admin.display(description="before")
    def before(self, refine: Refine) -> SafeString | None:
        return thumbnails([refine.base_image]) if refine.base_image else None

    @admin.display(description="after")
    def after(self, refine: Refine) -> SafeString | None:
        return thumbnails(list(refine.prediction.outputs.all()))
