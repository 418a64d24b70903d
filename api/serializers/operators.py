"""Queues and pools."""

from rest_framework import serializers


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


class PoolSerializer(serializers.Serializer):
    """One worker process, as it last described itself."""

    name = serializers.CharField()
    device = serializers.CharField()
    queues = serializers.ListField(child=serializers.CharField())
    memory = serializers.DictField(help_text="Bytes, by what they are.")
    resident = serializers.ListField(child=serializers.CharField(), help_text="Models in memory.")
    in_flight = serializers.CharField(allow_null=True, help_text="The task that it runs.")
    started_at = serializers.DateTimeField()
    heartbeat_at = serializers.DateTimeField()


class QueueListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = QueueStateSerializer(many=True)


class PoolListSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PoolSerializer(many=True)
