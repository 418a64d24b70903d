"""`/v1/generations`."""

from dataclasses import replace
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.lifecycle import cancel_generation
from strategies.services.generations import (
    Accepted,
    Prepared,
    generation_delete,
    generation_prepare,
    generation_start,
)

from ..idempotency import idempotent_after
from ..pagination import NewestFirst
from ..schema import CREATING, cancelled
from ..selectors import generations_of
from ..serializers.asks import GenerationAskSerializer, generation_ask
from ..serializers.base import parsed
from ..serializers.generations import (
    GenerationSerializer,
    accepted_document,
    generation_document,
    generation_documents,
)


def accepted(accepted: Accepted, request: Request) -> Response:
    """202 with a generation that was just accepted."""
    document = accepted_document(accepted, request)
    return Response(document, status=202, headers={"Location": document["urls"]["get"]})


class Generations(GenericAPIView):
    pagination_class = NewestFirst
    serializer_class = GenerationSerializer

    @extend_schema(operation_id="generations_list")
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(generations_of(request.user))
        return self.get_paginated_response(generation_documents(page, request))

    def prepared(self, request: Request) -> Prepared:
        ask = generation_ask(parsed(GenerationAskSerializer, request))
        return generation_prepare(owner=request.user, ask=ask, request_id=request.request_id)

    @extend_schema(
        operation_id="generations_create", request=GenerationAskSerializer,
        responses={202: GenerationSerializer, 201: GenerationSerializer}, parameters=CREATING,
    )  # fmt: skip
    @idempotent_after(prepared)
    def post(self, request: Request, prepared: Prepared) -> Response:
        """Accept a generation. `Prefer: wait=N` answers 201 with it finished, if it is within N seconds."""
        return accepted(generation_start(prepared), request)


class GenerationShorthand(APIView):
    """`POST /v1/generations/{edit|refine|…}`: the strategy is in the address, the rest is the same."""

    strategy = ""

    def prepared(self, request: Request) -> Prepared:
        ask = generation_ask(parsed(GenerationAskSerializer, request))
        if not (ask.family or ask.workflow or ask.strategy):
            ask = replace(ask, strategy=self.strategy)
        return generation_prepare(
            owner=request.user, ask=ask, request_id=request.request_id, strategy=self.strategy
        )

    @extend_schema(
        request=GenerationAskSerializer,
        responses={202: GenerationSerializer, 201: GenerationSerializer}, parameters=CREATING,
    )  # fmt: skip
    @idempotent_after(prepared)
    def post(self, request: Request, prepared: Prepared) -> Response:
        """Accept a generation of this strategy, on its default workflow unless another is named."""
        return accepted(generation_start(prepared), request)


class GenerationDetail(APIView):
    @extend_schema(operation_id="generations_read", responses=GenerationSerializer)
    def get(self, request: Request, id: UUID) -> Response:
        return Response(generation_document(get_object_or_404(generations_of(request.user), id=id), request))

    @extend_schema(operation_id="generations_delete", responses={204: None})
    def delete(self, request: Request, id: UUID) -> Response:
        """Forget a generation that is over, with its predictions and pictures."""
        generation_delete(get_object_or_404(generations_of(request.user), id=id))
        return Response(status=204)


class GenerationCancel(APIView):
    @extend_schema(
        operation_id="generations_cancel",
        request=None,
        responses=cancelled("generation", GenerationSerializer),
    )
    def post(self, request: Request, id: UUID) -> Response:
        """End what is not over yet; `cancelled` is false when everything was."""
        generation = get_object_or_404(generations_of(request.user), id=id)
        done = cancel_generation(generation.id)
        document = generation_document(generations_of(request.user).get(id=id), request)
        return Response({"cancelled": done, "generation": document})
