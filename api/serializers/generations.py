"""A generation and its predictions, as every answer, list and event shows them."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from strategies.metrics import metrics_of
from strategies.models import Generation, Prediction, Shot, Status
from strategies.models.shot import Decision
from strategies.places import Place, places_of
from strategies.services.generations import Accepted

from ..links import file_link, link


class QueueSerializer(serializers.Serializer):
    """Where something waits; `possible` is false, with reasons, while nobody could run it."""

    position = serializers.IntegerField(
        allow_null=True, help_text="How many start before it; where many hundreds wait, so many at least."
    )
    eta_seconds = serializers.FloatField(
        allow_null=True, help_text="Until its result is there, by measured rates; null while none are known."
    )
    possible = serializers.BooleanField()
    reasons = serializers.ListField(child=serializers.CharField())


class ErrorSerializer(serializers.Serializer):
    code = serializers.CharField(source="error_code")
    detail = serializers.CharField(source="error_detail")


class MetricsSerializer(serializers.Serializer):
    """Seconds; null while unknown."""

    predict_time = serializers.FloatField(allow_null=True)
    queue_time = serializers.FloatField(allow_null=True)
    total_time = serializers.FloatField(allow_null=True)


class OutputSerializer(serializers.Serializer):
    """A stored picture; its address is signed and expires, its id will do wherever an image is wanted."""

    id = serializers.UUIDField()
    url = serializers.SerializerMethodField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    content_type = serializers.CharField()
    sha256 = serializers.CharField()

    def get_url(self, asset) -> str:
        return file_link(asset.id, self.context.get("request"))


class AttemptSerializer(serializers.Serializer):
    """One picture of an agentic prediction and what its evaluator said of it."""

    number = serializers.IntegerField()
    seed = serializers.IntegerField()
    prompt = serializers.CharField()
    score = serializers.FloatField(allow_null=True)
    evaluator = serializers.CharField()
    reason = serializers.CharField()
    output = OutputSerializer(source="picture", allow_null=True)
    created_at = serializers.DateTimeField()


class Document(serializers.Serializer):
    """What generations and predictions have in common. Context: `request`, `places`."""

    id = serializers.UUIDField()
    status = serializers.ChoiceField(Status.values)
    error = serializers.SerializerMethodField()
    metrics = serializers.SerializerMethodField()
    queue = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, row) -> dict[str, str] | None:
        return ErrorSerializer(row).data if row.error_code else None

    @extend_schema_field(MetricsSerializer)
    def get_metrics(self, row) -> dict[str, float | None]:
        return metrics_of(row, self.predict_seconds(row))

    @extend_schema_field(QueueSerializer(allow_null=True))
    def get_queue(self, row) -> dict[str, Any] | None:
        place = self.place(row) if row.status == Status.STARTING else None
        return asdict(place) if place else None

    def predict_seconds(self, row) -> float | None:
        raise NotImplementedError

    def place(self, row) -> Place | None:
        raise NotImplementedError


class PredictionUrlsSerializer(serializers.Serializer):
    get = serializers.URLField()
    cancel = serializers.URLField()


class PredictionSerializer(Document):
    generation = serializers.UUIDField(source="generation_id")
    seed = serializers.IntegerField()
    output = OutputSerializer(many=True, source="outputs_in_order")
    provenance = serializers.DictField(allow_null=True)
    confidence = serializers.SerializerMethodField()
    below_threshold = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField()
    attempts = serializers.SerializerMethodField()
    logs = serializers.CharField()
    urls = serializers.SerializerMethodField()

    @extend_schema_field(serializers.FloatField(allow_null=True))
    def get_confidence(self, prediction: Prediction) -> float | None:
        """The score of what an agentic prediction was given."""
        shot = shot_of(prediction)
        return shot.best.score if shot and shot.best else None

    @extend_schema_field(serializers.BooleanField(allow_null=True))
    def get_below_threshold(self, prediction: Prediction) -> bool | None:
        """Whether an agentic prediction ended without reaching its `min_confidence_score`."""
        shot = shot_of(prediction)
        return shot.below_threshold if shot and shot.decision else None

    @extend_schema_field(serializers.ChoiceField(Decision.choices, allow_null=True))
    def get_decision(self, prediction: Prediction) -> str | None:
        """Why an agentic prediction ended."""
        shot = shot_of(prediction)
        return shot.decision or None if shot else None

    @extend_schema_field(AttemptSerializer(many=True, allow_null=True))
    def get_attempts(self, prediction: Prediction) -> list[dict[str, Any]] | None:
        shot = shot_of(prediction)
        return AttemptSerializer(shot.attempts.all(), many=True, context=self.context).data if shot else None

    @extend_schema_field(PredictionUrlsSerializer)
    def get_urls(self, prediction: Prediction) -> dict[str, str]:
        request = self.context.get("request")
        return {
            "get": link("prediction", request, id=prediction.id),
            "cancel": link("prediction-cancel", request, id=prediction.id),
        }

    def predict_seconds(self, row: Prediction) -> float | None:
        return row.predict_seconds

    def place(self, row: Prediction) -> Place | None:
        return self.context["places"].get(row.id)


class GenerationUrlsSerializer(PredictionUrlsSerializer):
    events = serializers.URLField()


class GenerationSerializer(Document):
    strategy = serializers.CharField()
    type = serializers.CharField()
    family = serializers.CharField(source="family.key", allow_null=True)
    workflow = serializers.CharField(source="workflow.key")
    version = serializers.IntegerField(source="workflow_version")
    selection = serializers.DictField(child=serializers.CharField())
    inputs = serializers.DictField()
    rating = serializers.CharField()
    seed = serializers.IntegerField()
    priority = serializers.CharField(source="get_priority_display")
    metadata = serializers.DictField()
    predictions = PredictionSerializer(many=True, source="parts")
    not_before = serializers.DateTimeField(allow_null=True)
    deadline = serializers.DateTimeField(allow_null=True)
    urls = serializers.SerializerMethodField()

    @extend_schema_field(GenerationUrlsSerializer)
    def get_urls(self, generation: Generation) -> dict[str, str]:
        request = self.context.get("request")
        return {
            "get": link("generation", request, id=generation.id),
            "cancel": link("generation-cancel", request, id=generation.id),
            "events": link("generation-events", request, id=generation.id),
        }

    def predict_seconds(self, row: Generation) -> float | None:
        known = [seconds for item in row.parts if (seconds := item.predict_seconds) is not None]
        return round(sum(known), 3) if known else None

    def place(self, row: Generation) -> Place | None:
        """That of its first prediction in line."""
        places = [place for item in row.parts if (place := self.context["places"].get(item.id))]
        return min(places, key=lambda place: place.position or 0, default=None)


def generation_documents(
    generations: Iterable[Generation], request: HttpRequest | None = None
) -> list[dict[str, Any]]:
    """Rows of `selectors.generations_of` as JSON, with the places of all of them looked up at once."""
    rows = list(generations)
    return _documents(rows, places_of(item for row in rows for item in row.parts), request)


def generation_document(generation: Generation, request: HttpRequest | None = None) -> dict[str, Any]:
    return generation_documents([generation], request)[0]


def accepted_document(accepted: Accepted, request: HttpRequest) -> dict[str, Any]:
    """What was just written, as it was written."""
    return _documents([accepted.generation], accepted.places, request)[0]


def prediction_document(prediction: Prediction, request: HttpRequest | None = None) -> dict[str, Any]:
    _with_shots([prediction])
    context = {"request": request, "places": places_of([prediction])}
    return PredictionSerializer(prediction, context=context).data


def output_documents(prediction: Prediction, request: HttpRequest | None = None) -> list[dict[str, Any]]:
    return OutputSerializer(prediction.outputs_in_order, many=True, context={"request": request}).data


def _documents(
    rows: list[Generation], places: dict[UUID, Place], request: HttpRequest | None
) -> list[dict[str, Any]]:
    _with_shots(item for row in rows for item in row.parts)
    return GenerationSerializer(rows, many=True, context={"request": request, "places": places}).data


def shot_of(prediction: Prediction) -> Shot | None:
    """What an agentic prediction is to reach, and its attempts."""
    return prediction.shot if prediction.generation.type == Generation.Type.AGENTIC else None


def _with_shots(predictions: Iterable[Prediction]) -> None:
    """Look up the shots of the agentic ones, all at once; base ones cost nothing."""
    agentic = [item for item in predictions if item.generation.type == Generation.Type.AGENTIC]
    prefetch_related_objects(agentic, "shot__best", "shot__attempts__drawing__assets")
