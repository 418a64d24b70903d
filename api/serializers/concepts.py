"""Subjects, products and styles."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from gpu.requests import MAX_ADAPTER_WEIGHT
from strategies.models.concept import Concept

from .assets import AssetSerializer
from .base import FiniteFloatField, StrictSerializer


class ConceptSerializer(serializers.Serializer):
    """What people want drawn again and again: its id is the value of an input of kind `character`."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    trigger_word = serializers.CharField()
    lora = serializers.UUIDField(source="lora_id", allow_null=True)
    weight = serializers.FloatField()
    picture = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    @extend_schema_field(AssetSerializer(allow_null=True))
    def get_picture(self, concept: Concept):
        return concept.picture and AssetSerializer(concept.picture, context=self.context).data


class ConceptChangeSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120, required=False)
    trigger_word = serializers.CharField(
        max_length=80, required=False, allow_blank=True,
        help_text="Put in front of a prompt that does not have it.",
    )  # fmt: skip
    lora = serializers.UUIDField(required=False, allow_null=True, help_text="One that you have uploaded.")
    weight = FiniteFloatField(
        min_value=-MAX_ADAPTER_WEIGHT, max_value=MAX_ADAPTER_WEIGHT, required=False,
        help_text="How strongly the LoRA speaks; 1 unless said.",
    )  # fmt: skip
    picture = serializers.CharField(
        required=False, allow_null=True, help_text="An asset id, an https URL or a data URI."
    )


class NewConceptSerializer(ConceptChangeSerializer):
    name = serializers.CharField(max_length=120)
