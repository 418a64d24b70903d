"""Families with their axes, options and members, as their authors read and write them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from families.models import Axis, Member
from families.models.axis import Control
from families.resolution import unset_reasons, workflow_reasons

from .base import ChoiceField, StrictSerializer

POSITION = "Place in the order of display; the lowest comes first."


# --- answers ------------------------------------------------------------------------------------------
class AuthoredOptionSerializer(serializers.Serializer):
    value = serializers.CharField()
    label = serializers.CharField()
    position = serializers.IntegerField(help_text=POSITION)


class AuthoredAxisSerializer(serializers.Serializer):
    key = serializers.CharField()
    display_name = serializers.CharField()
    control = serializers.ChoiceField(Control.values)
    position = serializers.IntegerField(help_text=POSITION)
    default = serializers.SerializerMethodField()
    options = AuthoredOptionSerializer(many=True, source="options.all")

    def get_default(self, axis: Axis) -> str | None:
        options = axis.options.all()
        return next((option.value for option in options if option.id == axis.default_option_id), None)


class AuthoredFamilySerializer(serializers.Serializer):
    """`version` grows with every change to the family, its axes, options or members: it is the ETag."""

    key = serializers.CharField()
    display_name = serializers.CharField()
    description = serializers.CharField()
    position = serializers.IntegerField(help_text=POSITION)
    version = serializers.IntegerField()
    axes = AuthoredAxisSerializer(many=True, source="axes.all")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class AuthoredMemberSerializer(serializers.Serializer):
    """`reasons` say why a member cannot be selected. Context: `axis_keys`."""

    workflow = serializers.CharField(source="workflow.key")
    tuple = serializers.DictField(source="selection", child=serializers.CharField())
    available = serializers.SerializerMethodField()
    reasons = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_available(self, member: Member) -> bool:
        return not self.get_reasons(member)

    def get_reasons(self, member: Member) -> list[str]:
        return workflow_reasons(member.workflow) + unset_reasons(self.context["axis_keys"], member.selection)


class AxisListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AuthoredAxisSerializer(many=True)


class OptionListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AuthoredOptionSerializer(many=True)


class MemberListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AuthoredMemberSerializer(many=True)


class IncompleteMemberSerializer(serializers.Serializer):
    workflow = serializers.CharField()
    selection = serializers.DictField(child=serializers.CharField())
    reasons = serializers.ListField(child=serializers.CharField())


class AxisValueSerializer(serializers.Serializer):
    axis = serializers.CharField()
    value = serializers.CharField()


class CompletenessSerializer(serializers.Serializer):
    """What a family lacks. `holes` are full tuples without a member, the first hundred of `hole_count`."""

    holes = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    hole_count = serializers.IntegerField()
    incomplete = IncompleteMemberSerializer(many=True)
    unavailable = IncompleteMemberSerializer(many=True)
    unreachable_options = AxisValueSerializer(many=True)


# --- asks: a field's rules are the services'; here is what a body looks like ------------------------------
class FamilyChangeSerializer(StrictSerializer):
    key = serializers.CharField(required=False, help_text="Fixed once made.")
    display_name = serializers.CharField(required=False)
    description = serializers.CharField(required=False, allow_blank=True)
    position = serializers.IntegerField(required=False, help_text=POSITION)


class NewFamilySerializer(FamilyChangeSerializer):
    key = serializers.CharField()
    display_name = serializers.CharField()


class OptionChangeSerializer(StrictSerializer):
    value = serializers.CharField(required=False, help_text="Fixed once made.")
    label = serializers.CharField(required=False)
    position = serializers.IntegerField(required=False, help_text=POSITION)


class NewOptionSerializer(OptionChangeSerializer):
    value = serializers.CharField()


class FirstOptionSerializer(StrictSerializer):
    value = serializers.CharField()
    label = serializers.CharField(default="")


class AxisChangeSerializer(StrictSerializer):
    key = serializers.CharField(required=False, help_text="Fixed once made.")
    display_name = serializers.CharField(required=False)
    control = ChoiceField(Control.values, required=False)
    default = serializers.CharField(required=False, help_text="The value of one of its options.")
    position = serializers.IntegerField(required=False, help_text=POSITION)


class NewAxisSerializer(AxisChangeSerializer):
    """Options in the order of display; without a `default` the first one is it."""

    key = serializers.CharField()
    display_name = serializers.CharField()
    control = ChoiceField(Control.values)
    options = FirstOptionSerializer(many=True, default=list)


@extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
class TupleField(serializers.DictField):
    """`{axis: value}`; what a value may be, and that none is missing, is the service's to say."""

    child = serializers.JSONField(allow_null=True)


class MemberChangeSerializer(StrictSerializer):
    workflow = serializers.CharField(required=False, help_text="Fixed once made.")
    tuple = TupleField(help_text="A value for every axis.")


class NewMemberSerializer(MemberChangeSerializer):
    workflow = serializers.CharField()


class TuplesSerializer(StrictSerializer):
    tuples = serializers.DictField(
        child=TupleField(), allow_empty=False, help_text="By the keys of the members' workflows."
    )


class FillSerializer(StrictSerializer):
    value = serializers.CharField(help_text="The value of one of the axis's options.")


def whole_list(results: list[Any]) -> dict[str, Any]:
    """A short list, which comes whole."""
    return {"next": None, "previous": None, "results": results}
