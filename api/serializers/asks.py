"""What clients send to make a generation."""

import json
from typing import Any

from rest_framework import serializers

from strategies.generation_types import AgenticRules
from strategies.models.generation import Generation, Priority
from strategies.models.shot import MAX_SHOT_ATTEMPTS, Evaluator
from strategies.models.webhook import MAX_URL
from strategies.services.generations import GenerationAsk
from strategies.webhooks.events import EVENTS

from .base import ChoiceField, FiniteFloatField, StrictSerializer

METADATA_BYTES = 16 * 1024
MAX_PREDICTIONS = 64
MAX_SEED = 2**63 - 1 - MAX_PREDICTIONS  # predictions take seed, seed + 1, …: all of them fit the column
MAX_DEADLINE = 366 * 24 * 3600  # seconds


class SelectionField(serializers.DictField):
    """`{axis: option}`."""

    child = serializers.CharField(max_length=40)


class AgenticSerializer(StrictSerializer):
    """How long an agentic generation goes on, and who judges its pictures."""

    max_attempts = serializers.IntegerField(
        min_value=1, max_value=MAX_SHOT_ATTEMPTS, default=AgenticRules().max_attempts
    )
    min_confidence_score = FiniteFloatField(
        min_value=0, max_value=1, default=AgenticRules().min_confidence_score
    )
    evaluation_provider = ChoiceField(Evaluator.values, default=AgenticRules().evaluation_provider.value)


class GenerationAskSerializer(StrictSerializer):
    """One of `family` (with `selection`), `workflow` or `strategy`; the inputs; and how to run them."""

    family = serializers.CharField(max_length=80, allow_null=True, default=None)
    selection = SelectionField(default=dict)
    workflow = serializers.CharField(max_length=80, allow_null=True, default=None)
    strategy = serializers.CharField(max_length=40, allow_null=True, default=None)
    inputs = serializers.DictField(default=dict, help_text="As the workflow's descriptors say.")
    num_predictions = serializers.IntegerField(min_value=1, max_value=MAX_PREDICTIONS, default=1)
    seed = serializers.IntegerField(min_value=0, max_value=MAX_SEED, allow_null=True, default=None)
    type = ChoiceField(Generation.Type.values, default=Generation.Type.BASE.value)
    agentic = AgenticSerializer(allow_null=True, default=None, help_text="For type agentic only.")
    priority = ChoiceField(Priority.labels, default=Priority.NORMAL.label)
    not_before = serializers.DateTimeField(allow_null=True, default=None)
    deadline_seconds = FiniteFloatField(min_value=0, max_value=MAX_DEADLINE, allow_null=True, default=None)
    metadata = serializers.DictField(default=dict, help_text="Kept and given back; at most 16 kB.")
    webhook = serializers.CharField(
        max_length=MAX_URL, allow_null=True, default=None,
        help_text="An https URL that hears of this generation; `/v1/webhooks` hear of all.",
    )  # fmt: skip
    webhook_events_filter = serializers.ListField(
        child=ChoiceField(EVENTS), default=list, help_text="Which events; all when empty."
    )

    def validate_metadata(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(value).encode()) > METADATA_BYTES:
            raise serializers.ValidationError("At most 16 kB of metadata are kept.", code="too_large")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["agentic"] and attrs["type"] != Generation.Type.AGENTIC:
            message = "Only a generation of type agentic goes on until it is good enough."
            raise serializers.ValidationError({"agentic": message}, code="not_agentic")
        return attrs


def generation_ask(fields: dict[str, Any]) -> GenerationAsk:
    """The service's ask from the checked body."""
    priority = Priority.values[Priority.labels.index(fields["priority"])]
    settled = ("type", "agentic", "priority")
    return GenerationAsk(
        **{name: value for name, value in fields.items() if name not in settled},
        type=Generation.Type(fields["type"]),
        agentic=agentic_rules(fields["agentic"] or {}),
        priority=Priority(priority),
    )


def agentic_rules(fields: dict[str, Any]) -> AgenticRules:
    """The rules from the checked body; what is left out is the default."""
    if not fields:
        return AgenticRules()
    return AgenticRules(**{**fields, "evaluation_provider": Evaluator(fields["evaluation_provider"])})
