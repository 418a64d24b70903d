"""The catalogue's answers, and what a dry run asks."""

from rest_framework import serializers

from .asks import MAX_PREDICTIONS, SelectionField
from .base import StrictSerializer
from .generations import QueueSerializer


class OptionSerializer(serializers.Serializer):
    """`available`: changing only this pick leads to something that can be made; else there is a reason."""

    value = serializers.CharField()
    label = serializers.CharField()
    selected = serializers.BooleanField()
    available = serializers.BooleanField()
    unavailable_reason = serializers.CharField(
        required=False, help_text="A sentence or two: what stands in the way, and which picks to change too."
    )


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
    """What a selection leads to; unavailable ones say why in `reasons`, and `nearest` are selections that
    lead somewhere, the fewest changed picks first."""

    workflow = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    strategy = serializers.CharField(allow_null=True)
    rating = serializers.CharField(allow_null=True)
    available = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())
    nearest = serializers.ListField(
        child=serializers.DictField(child=serializers.CharField()), required=False
    )


class DescriptorSerializer(serializers.Serializer):
    """One control of the form."""

    kind = serializers.CharField()
    key = serializers.CharField()
    label = serializers.CharField()
    help = serializers.CharField(required=False)
    source = serializers.ChoiceField(["axis", "input"])
    options = OptionSerializer(many=True, required=False)
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


class AblePoolSerializer(serializers.Serializer):
    """A live pool that can run some of it."""

    name = serializers.CharField()
    device = serializers.CharField()


class ProspectSerializer(QueueSerializer):
    """Where it would stand, and on what it would run; `reasons` say what no live pool can do."""

    pools = AblePoolSerializer(many=True)


class DryRunSerializer(serializers.Serializer):
    selection = serializers.DictField(child=serializers.CharField())
    resolved = ResolvedSerializer()
    descriptors = DescriptorSerializer(many=True)
    price = serializers.FloatField()
    queue = ProspectSerializer()


class DryRunAskSerializer(StrictSerializer):
    selection = SelectionField(default=dict)
    inputs = serializers.DictField(default=dict)
    num_predictions = serializers.IntegerField(min_value=1, max_value=MAX_PREDICTIONS, default=1)
