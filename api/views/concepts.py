"""`/v1/subjects`, `/v1/products` and `/v1/styles`: three kinds of the same."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.concepts import concept_create, concept_delete, concept_prepare, concept_update
from strategies.models import Product, Style, Subject
from strategies.models.concept import Concept

from ..idempotency import idempotent_after
from ..pagination import NewestFirst
from ..schema import IDEMPOTENCY_KEY
from ..selectors import concepts_of
from ..serializers.base import parsed
from ..serializers.concepts import ConceptChangeSerializer, ConceptSerializer, NewConceptSerializer

View = TypeVar("View", bound=type[APIView])


def listed(noun: str) -> Callable[[View], View]:
    """Describes a list of one kind."""
    return extend_schema_view(
        get=extend_schema(operation_id=f"{noun}_list"),
        post=extend_schema(
            operation_id=f"{noun}_create", request=NewConceptSerializer, responses={201: ConceptSerializer},
            parameters=[IDEMPOTENCY_KEY],
        ),
    )  # fmt: skip


def detailed(noun: str) -> Callable[[View], View]:
    """Describes one of a kind."""
    return extend_schema_view(
        get=extend_schema(operation_id=f"{noun}_read", responses=ConceptSerializer),
        patch=extend_schema(
            operation_id=f"{noun}_update", request=ConceptChangeSerializer, responses=ConceptSerializer
        ),
        delete=extend_schema(operation_id=f"{noun}_delete", responses={204: None}),
    )


class Concepts(GenericAPIView):
    kind: type[Concept]
    pagination_class = NewestFirst
    serializer_class = ConceptSerializer

    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(concepts_of(request.user, self.kind))
        documents = ConceptSerializer(page, many=True, context={"request": request}).data
        return self.get_paginated_response(documents)

    def prepared(self, request: Request) -> dict[str, Any]:
        return concept_prepare(request.user, **parsed(NewConceptSerializer, request))

    @idempotent_after(prepared)
    def post(self, request: Request, values: dict[str, Any]) -> Response:
        """Name what is to be drawn again and again."""
        return _answer(concept_create(self.kind, owner=request.user, values=values), request, status=201)


class ConceptDetail(APIView):
    kind: type[Concept]

    def get(self, request: Request, id: UUID) -> Response:
        return _answer(self._concept(request, id), request)

    def patch(self, request: Request, id: UUID) -> Response:
        """Change some fields; what is accepted already stays as it was asked for."""
        changes = parsed(ConceptChangeSerializer, request)
        return _answer(concept_update(self._concept(request, id), **changes), request)

    def delete(self, request: Request, id: UUID) -> Response:
        """Forget it; its LoRA and picture stay."""
        concept_delete(self._concept(request, id))
        return Response(status=204)

    def _concept(self, request: Request, id: UUID) -> Concept:
        return get_object_or_404(concepts_of(request.user, self.kind), id=id)


@listed("subjects")
class Subjects(Concepts):
    kind = Subject


@detailed("subjects")
class SubjectDetail(ConceptDetail):
    kind = Subject


@listed("products")
class Products(Concepts):
    kind = Product


@detailed("products")
class ProductDetail(ConceptDetail):
    kind = Product


@listed("styles")
class Styles(Concepts):
    kind = Style


@detailed("styles")
class StyleDetail(ConceptDetail):
    kind = Style


def _answer(concept: Concept, request: Request, status: int = 200) -> Response:
    return Response(ConceptSerializer(concept, context={"request": request}).data, status=status)
