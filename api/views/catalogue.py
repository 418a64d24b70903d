"""`/v1/catalog`."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from families.catalogue import catalogue_family, catalogue_list
from families.selectors import load_catalogue, load_family

from ..dry_run import dry_run
from ..etag import unless_known
from ..serializers.base import parsed
from ..serializers.catalogue import (
    DryRunAskSerializer,
    DryRunSerializer,
    FamilyFormSerializer,
    FamilyListSerializer,
)

IN_THE_ADDRESS = {"unknown_family": 404}


class Catalogue(APIView):
    @extend_schema(operation_id="catalog_list", responses=FamilyListSerializer)
    def get(self, request: Request) -> HttpResponse:
        """Every family with its axes; the list is short and comes whole. 304 for who has it already."""
        families = load_catalogue()
        token = " ".join(family.token for family in families)
        return unless_known(
            request, token, lambda: {"next": None, "previous": None, "results": catalogue_list(families)}
        )


class CatalogueFamily(APIView):
    problem_statuses = IN_THE_ADDRESS

    @extend_schema(operation_id="catalog_read", responses=FamilyFormSerializer)
    def get(self, request: Request, family: str) -> HttpResponse:
        """One family with the picks of the query (`?AXIS=VALUE`) applied: what its form shows then.

        304 for who has it already.
        """
        loaded = load_family(family)
        picks = request.query_params.dict()
        return unless_known(request, loaded.token, lambda: catalogue_family(loaded, picks))


class CatalogueResolve(APIView):
    problem_statuses = IN_THE_ADDRESS

    @extend_schema(operation_id="catalog_resolve", request=DryRunAskSerializer, responses=DryRunSerializer)
    def post(self, request: Request, family: str) -> Response:
        """A dry run: what the selection resolves to, what it costs, and how long it would wait."""
        ask = parsed(DryRunAskSerializer, request)
        return Response(dry_run(request.user, family, **ask))
