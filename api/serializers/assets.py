"""Uploaded pictures and LoRAs."""

from rest_framework import serializers

from .base import StrictSerializer
from .generations import OutputSerializer


class AssetUploadSerializer(StrictSerializer):
    file = serializers.FileField(help_text="PNG, JPEG or WebP.")


class AssetSerializer(OutputSerializer):
    size = serializers.IntegerField(help_text="Bytes.")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(
        allow_null=True, help_text="When an upload is deleted, unless a task or a concept uses it by then."
    )


class LoraUploadSerializer(StrictSerializer):
    file = serializers.FileField(help_text="A LoRA as safetensors.")
    name = serializers.CharField(max_length=120)


class LoraSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    rank = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()
