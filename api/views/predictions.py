"""`/v1/predictions`."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.lifecycle import cancel_prediction
from strategies.services.generations import generation_replay

from ..idempotency import idempotent
from ..schema import CREATING, cancelled
from ..selectors import predictions_of
from ..serializers.generations import GenerationSerializer, PredictionSerializer, prediction_document
from .generations import accepted


class PredictionDetail(APIView):
    @extend_schema(operation_id="predictions_read", responses=PredictionSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(prediction_document(get_object_or_404(predictions_of(request.user), id=id), request))


class PredictionCancel(APIView):
    @extend_schema(
        operation_id="predictions_cancel",
        request=None,
        responses=cancelled("prediction", PredictionSerializer),
    )
    def post(self, request: Request, id: UUID) -> Response:
        """End this prediction and no other; `cancelled` is false when it was over."""
        done = cancel_prediction(get_object_or_404(predictions_of(request.user), id=id))
        document = prediction_document(predictions_of(request.user).get(id=id), request)
        return Response({"cancelled": done, "prediction": document})


class PredictionReplay(APIView):
    @extend_schema(
        operation_id="predictions_replay", request=None, parameters=CREATING,
        responses={202: GenerationSerializer, 201: GenerationSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, id: UUID) -> Response:
        """Ask again for the same picture: same workflow, inputs and seed, as a new generation."""
        prediction = get_object_or_404(predictions_of(request.user), id=id)
        return accepted(generation_replay(prediction, request_id=request.request_id), request)
