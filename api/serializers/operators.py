"""Queues and pools."""

from rest_framework import serializers

from strategies.fleet import State
from strategies.models import PoolHold


class QueueStateSerializer(serializers.Serializer):
    """One queue: what waits, what runs, how fast it goes, and when something new would start."""

    name = serializers.CharField()
    depth = serializers.IntegerField()
    running = serializers.IntegerField()
    oldest = serializers.DateTimeField(allow_null=True)
    rate_per_minute = serializers.FloatField(source="per_minute")
    seconds_each = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.FloatField(allow_null=True)
    pools = serializers.IntegerField()


class HoldSerializer(serializers.Serializer):
    """What an operator told a pool."""

    kind = serializers.ChoiceField(PoolHold.Kind.choices)
    by = serializers.CharField()
    since = serializers.DateTimeField()


class PoolSerializer(serializers.Serializer):
    """One worker process, as it last described itself, with what it was told and the tasks that it holds."""

    name = serializers.CharField()
    state = serializers.ChoiceField([state.value for state in State])
    reason = serializers.CharField(help_text="Why it takes no work; empty when it does.")
    hold = HoldSerializer(allow_null=True)
    in_flight = serializers.ListField(child=serializers.UUIDField(), help_text="The tasks that it holds.")
    device = serializers.CharField(source="report.device", default=None, allow_null=True)
    queues = serializers.ListField(child=serializers.CharField(), source="report.queues", default=[])
    memory = serializers.DictField(source="report.memory", default={}, help_text="Bytes, by what they are.")
    resident = serializers.ListField(
        child=serializers.CharField(), source="report.resident", default=[], help_text="Models in memory."
    )
    unfit_since = serializers.DateTimeField(source="report.unfit_since", default=None, allow_null=True)
    started_at = serializers.DateTimeField(source="report.started_at", default=None, allow_null=True)
    heartbeat_at = serializers.DateTimeField(source="report.heartbeat_at", default=None, allow_null=True)


class QueueListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = QueueStateSerializer(many=True)


class PoolListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PoolSerializer(many=True)
