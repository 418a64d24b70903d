"""`/v1/subjects/{id}/train`."""

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.models import Subject
from strategies.services.training import TrainingAsk, training_prepare, training_start
from strategies.signatures import TaskSignature

from ..idempotency import idempotent_after
from ..schema import IDEMPOTENCY_KEY
from ..selectors import concepts_of
from ..serializers.base import parsed
from ..serializers.tasks import TaskSerializer
from ..serializers.training import TrainingAskSerializer
from .tasks import accepted_task


class SubjectTrain(APIView):
    def prepared(self, request: Request, id: UUID) -> TaskSignature:
        subject = get_object_or_404(concepts_of(request.user, Subject), id=id)
        ask = TrainingAsk(**parsed(TrainingAskSerializer, request))
        return training_prepare(subject, ask, request_id=request.request_id)

    @extend_schema(
        operation_id="subjects_train", request=TrainingAskSerializer, responses={202: TaskSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )  # fmt: skip
    @idempotent_after(prepared)
    def post(self, request: Request, prepared: TaskSignature, id: UUID) -> Response:
        """Train a LoRA of the subject; when the task has succeeded the subject speaks with it."""
        return accepted_task(training_start(prepared).id, request)
