"""Subjects, products and styles, to look at and to delete; their owners write them."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from ..concepts import concept_delete
from ..models import Product, Style, Subject
from ..models.concept import Concept
from .requests import RequestAdmin, thumbnails


@admin.register(Subject, Product, Style)
class ConceptAdmin(RequestAdmin):
    list_display = ("name", "portrait", "trigger_word", "lora", "weight", "owner", "asked")
    list_filter = (("lora", admin.EmptyFieldListFilter),)
    list_select_related = ("lora", "owner", "picture")
    search_fields = ("^id", "name", "trigger_word", "owner__username")
    actions = ("forget",)
    readonly_fields = ("portrait",)
    fields = ("name", "portrait", "trigger_word", ("lora", "weight"), "owner", ("created_at", "updated_at"))

    @admin.display(description="picture")
    def portrait(self, concept: Concept) -> SafeString | None:
        return thumbnails([concept.picture]) if concept.picture else None

    @admin.action(description="Delete", permissions=["operate"])
    def forget(self, request: HttpRequest, concepts: QuerySet[Concept]) -> None:
        for concept in concepts:
            concept_delete(concept)
        self.message_user(request, "Deleted.", messages.SUCCESS)
