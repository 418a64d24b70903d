"""The catalogue's answers, and what a dry run asks."""

from rest_framework import serializers

from .asks import MAX_PREDICTIONS, SelectionField
from .base import StrictSerializer
from .generations import QueueSerializer


class OptionSerializer(serializers.Serializer):
    """`available`: changing only this pick leads to something that can be made."""

    value = serializers.CharField()
    label = serializers.CharField()
    selected = serializers.BooleanField()
    available = serializers.BooleanField()


class AxisSerializer(serializers.Serializer):
    key = serializers.CharField()
    display_name = serializers.CharField()
    control = serializers.ChoiceField(["toggle", "dropdown"])
    default = serializers.CharField(allow_null=True)
    options = OptionSerializer(many=True)


class FamilySerializer(serializers.Serializer):
    key = serializers.CharField()
    display_name = serializers.CharField()
    description = serializers.CharField()
    version = serializers.IntegerField()
    available = serializers.BooleanField()
    default_selection = serializers.DictField(child=serializers.CharField())
    axes = AxisSerializer(many=True)


class FamilyListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = FamilySerializer(many=True)


class ResolvedSerializer(serializers.Serializer):
    """What a selection leads to; unavailable ones say why in `reasons`."""

    workflow = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    strategy = serializers.CharField(allow_null=True)
    rating = serializers.CharField(allow_null=True)
    available = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class DescriptorSerializer(serializers.Serializer):
    """One control of the form."""

    kind = serializers.CharField()
    key = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField(required=False)
    source = serializers.ChoiceField(["axis", "input"])
    options = serializers.ListField(child=serializers.DictField(), required=False)
    default = serializers.JSONField()
    value = serializers.JSONField()
    required = serializers.BooleanField()
    constraints = serializers.DictField(required=False)
    placement = serializers.CharField()
    reserved = serializers.BooleanField()


class FamilyFormSerializer(FamilySerializer):
    selection = serializers.DictField(child=serializers.CharField())
    resolved = ResolvedSerializer()
    descriptors = DescriptorSerializer(many=True)


class DryRunSerializer(serializers.Serializer):
    selection = serializers.DictField(child=serializers.CharField())
    resolved = ResolvedSerializer()
    descriptors = DescriptorSerializer(many=True)
    price = serializers.FloatField()
    queue = QueueSerializer()


class DryRunAskSerializer(StrictSerializer):
    selection = SelectionField(default=dict)
    inputs = serializers.DictField(default=dict)
    num_predictions = serializers.IntegerField(min_value=1, max_value=MAX_PREDICTIONS, default=1)
