"""Webhooks and the log of what was sent to them."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from strategies.models import DeliveryStatus, WebhookDelivery
from strategies.models.webhook import MAX_URL
from strategies.webhooks.events import EVENTS

from .base import ChoiceField, StrictSerializer


class WebhookSerializer(serializers.Serializer):
    """`failing_since`: the first failure since something was delivered."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    disabled = serializers.BooleanField()
    disabled_reason = serializers.CharField()
    failing_since = serializers.DateTimeField(allow_null=True)
    previous_secret_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class WebhookWithSecretSerializer(WebhookSerializer):
    """The secret is shown in this answer and never again."""

    secret = serializers.CharField()


class WebhookSecretSerializer(serializers.Serializer):
    """What signs messages to the `webhook` of single requests."""

    secret = serializers.CharField()
    previous_secret_until = serializers.DateTimeField(allow_null=True)


class EventsField(serializers.ListField):
    child = ChoiceField(EVENTS)

    def to_internal_value(self, data):
        return list(dict.fromkeys(super().to_internal_value(data)))


class WebhookChangeSerializer(StrictSerializer):
    url = serializers.CharField(max_length=MAX_URL, required=False, help_text="https, at a public address.")
    events = EventsField(required=False, allow_empty=False, help_text="All of them unless said.")
    disabled = serializers.BooleanField(required=False)


class NewWebhookSerializer(WebhookChangeSerializer):
    url = serializers.CharField(max_length=MAX_URL, help_text="https, at a public address.")


class WebhookResponseSerializer(serializers.Serializer):
    """The last answer; `body` is its beginning."""

    status = serializers.IntegerField(source="last_status_code")
    body = serializers.CharField(source="last_response")


class WebhookDeliverySerializer(serializers.Serializer):
    """One message; its id is the `webhook-id` of every attempt. The payload is shown without addresses."""

    id = serializers.UUIDField()
    webhook = serializers.UUIDField(source="endpoint_id", allow_null=True)
    url = serializers.CharField()
    event = serializers.CharField()
    generation = serializers.UUIDField(source="generation_id")
    prediction = serializers.UUIDField(source="prediction_id", allow_null=True)
    status = serializers.ChoiceField(DeliveryStatus.values)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    response = serializers.SerializerMethodField()
    error = serializers.CharField(source="last_error")
    payload = serializers.DictField()
    created_at = serializers.DateTimeField()
    last_attempt_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(WebhookResponseSerializer(allow_null=True))
    def get_response(self, delivery: WebhookDelivery):
        return WebhookResponseSerializer(delivery).data if delivery.last_status_code else None
