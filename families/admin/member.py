"""Members: a workflow, and one option for every axis of its family."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from ..errors import Loc
from ..history import Page, row_history
from ..models import Axis, Family, Member, Workflow
from ..resolution import unset_reasons, workflow_reasons
from ..services import member_assign, member_remove, member_retuple
from .base import ServiceAdmin, ServiceForm
from .options import AxisPick
from .telling import tuple_of

PREFIX = "axis-"  # keeps an axis called "workflow" apart from the workflow


class _JoiningWorkflow(forms.ModelChoiceField):
    """Offers the workflows that may join; why any other may not, one archived meanwhile, the service says."""

    def to_python(self, value: Any) -> Workflow | None:
        try:
            return super().to_python(value)
        except ValidationError:
            if workflow := Workflow.objects.filter(pk=value).first():
                return workflow
            raise


class MemberForm(ServiceForm):
    """The workflow of a member; `form_for` adds a drop-down for every axis."""

    family: Family
    axes: tuple[Axis, ...]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["family"] = self.family.pk
        self.fields["workflow"].help_text = "published, with an output, and not yet in this family"
        self.fields["family"].disabled = True
        self.fields["workflow"].disabled = not self.instance._state.adding
        for axis in self.axes:
            # A link from a hole of the matrix brings the tuple along.
            self.initial.setdefault(PREFIX + axis.key, self.instance.selection.get(axis.key))

    def guarded(self) -> Family:
        return self.family

    def affected(self) -> list[Family]:
        return [self.family]

    def _refuse_stale(self, row: Any, seen: int | None) -> None:
        if workflow := self.cleaned_data.get("workflow"):  # workflow before family, as everywhere
            Workflow.objects.select_for_update(no_key=True).filter(pk=workflow.pk).first()
        super()._refuse_stale(row, seen)

    def field_at(self, loc: Loc) -> str | None:
        if loc == ("tuple",) and self.axes:  # the whole tuple is at fault: said once, where it begins
            return PREFIX + self.axes[0].key
        if loc[:1] == ("tuple",):
            return super().field_at(tuple(f"{PREFIX}{key}" for key in loc[1:]))
        return super().field_at(loc)

    def perform(self) -> Member:
        picks = {axis.key: self.cleaned_data.get(PREFIX + axis.key) for axis in self.axes}
        if self.instance._state.adding:
            workflow = self.cleaned_data["workflow"]
            return member_assign(family=self.family, workflow=workflow, selection=picks)
        return member_retuple(member=self.instance, selection=picks)


def form_for(family: Family) -> type[MemberForm]:
    """The form of a family's members, with a drop-down for each of its axes."""
    axes = tuple(family.axes.prefetch_related("options"))
    pickers = {PREFIX + axis.key: AxisPick(axis) for axis in axes}
    return type("MemberForm", (MemberForm,), {"family": family, "axes": axes, **pickers})


@admin.register(Member)
class MemberAdmin(ServiceAdmin):
    list_display = ("workflow", "family", "picks", "rating", "availability")
    list_display_links = ("workflow", "picks")
    list_filter = ("family", "workflow__state", "workflow__rating")
    search_fields = ("workflow__key", "workflow__display_name", "family__key", "family__display_name")
    ordering = ("family__key", "workflow__key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        return (
            super()
            .get_queryset(request)
            .select_related("family", "workflow")
            .prefetch_related("family__axes")
        )

    def get_fields(self, request: HttpRequest, obj: Member | None = None) -> list[str]:
        family = self._family(request, obj)
        if family is None:
            return ["family"]
        return ["seen_version", "family", "workflow", *(PREFIX + axis.key for axis in family.axes.all())]

    def get_form(
        self, request: HttpRequest, obj: Member | None = None, change: bool = False, **options: Any
    ) -> type[forms.ModelForm]:
        family = self._family(request, obj)
        form = form_for(family) if family else forms.ModelForm
        return super().get_form(request, obj, change=change, **{"form": form, **options})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Offer the workflows that may join, unless the page is of a member that has one."""
        if db_field.name == "workflow" and (family := self._family(request, None)):
            options["queryset"] = Workflow.objects.filter(
                state=Workflow.State.PUBLISHED, contract__outputs__0__isnull=False
            ).exclude(memberships__family=family)
            options["form_class"] = _JoiningWorkflow
        return super().formfield_for_foreignkey(db_field, request, **options)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """First the family, then, once its axes are known, the rest."""
        if request.method == "POST" and not request.GET.get("family") and request.POST.get("family"):
            return HttpResponseRedirect("?" + urlencode({"family": request.POST["family"]}))
        return super().add_view(request, *args, **kwargs)

    def changes(self, row: Member, *, before: datetime | None) -> Page:
        return row_history(row, before=before)

    def home(self, row: Member) -> str:
        return self.page_of(row.family, "#tuples")

    def forget(self, row: Member, *, seen: int) -> None:
        member_remove(member=row, expected_version=seen)

    def guarded(self, row: Member) -> Family:
        return row.family

    @admin.display(description="tuple", ordering="selection")
    def picks(self, member: Member) -> str:
        return tuple_of(member)

    @admin.display(ordering="workflow__rating")
    def rating(self, member: Member) -> str:
        return member.workflow.get_rating_display()

    @admin.display
    def availability(self, member: Member) -> str:
        axis_keys = [axis.key for axis in member.family.axes.all()]
        reasons = workflow_reasons(member.workflow) + unset_reasons(axis_keys, member.selection)
        return " and ".join(reasons) or "available"

    def _family(self, request: HttpRequest, obj: Member | None) -> Family | None:
        """The family whose axes the page shows: the member's, or the one chosen in the address."""
        if obj is not None:
            return obj.family
        try:
            return Family.objects.filter(pk=UUID(request.GET.get("family", ""))).first()
        except ValueError:
            return None
