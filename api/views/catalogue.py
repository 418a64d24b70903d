"""`/v1/catalog`."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from families.catalogue import catalogue_family, catalogue_list

from ..dry_run import dry_run
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
    def get(self, request: Request) -> Response:
        """Every family with its axes; the list is short and comes whole."""
        return Response({"next": None, "previous": None, "results": catalogue_list()})


class CatalogueFamily(APIView):
    problem_statuses = IN_THE_ADDRESS

    @extend_schema(operation_id="catalog_read", responses=FamilyFormSerializer)
    def get(self, request: Request, family: str) -> Response:
        """One family with the picks of the query (`?AXIS=VALUE`) applied: what its form shows then."""
        return Response(catalogue_family(family, request.query_params.dict()))


class CatalogueResolve(APIView):
    problem_statuses = IN_THE_ADDRESS

    @extend_schema(operation_id="catalog_resolve", request=DryRunAskSerializer, responses=DryRunSerializer)
    def post(self, request: Request, family: str) -> Response:
        """A dry run: what the selection resolves to, what it costs, and how long it would wait."""
        ask = parsed(DryRunAskSerializer, request)
        return Response(dry_run(request.user, family, **ask))
