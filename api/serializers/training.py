"""Asking for a training."""

from rest_framework import serializers

from gpu.requests import MAX_SEED
from gpu.training_requests import MAX_RANK, MAX_TRAIN_IMAGES, MAX_TRAIN_STEPS

from .base import FiniteFloatField, StrictSerializer


class TrainingAskSerializer(StrictSerializer):
    images = serializers.ListField(
        child=serializers.CharField(), min_length=1, max_length=MAX_TRAIN_IMAGES,
        help_text="Pictures of the subject, each an asset id, an https URL or a data URI.",
    )  # fmt: skip
    num_train_steps = serializers.IntegerField(min_value=1, max_value=MAX_TRAIN_STEPS, default=800)
    rank = serializers.IntegerField(min_value=1, max_value=MAX_RANK, default=16)
    learning_rate = FiniteFloatField(min_value=1e-7, max_value=1, default=1e-4)
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED, allow_null=True, default=None)
    workflow = serializers.CharField(
        max_length=80, allow_null=True, default=None,
        help_text="Whose checkpoint learns the subject; the default one for `generate` unless said.",
    )  # fmt: skip
    validation_prompts = serializers.ListField(
        child=serializers.CharField(max_length=2000), max_length=4, default=list,
        help_text="What to draw with the LoRA when it is trained; one picture each.",
    )  # fmt: skip
    not_before = serializers.DateTimeField(
        allow_null=True, default=None, help_text="When it may begin: tonight, say."
    )
