"""`/v1/queues` and `/v1/pools`: short lists that come whole; staff may tell a pool to take no work."""

from dataclasses import replace

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.fleet import PoolState, pool_states
from strategies.queues import queue_states
from strategies.services.pools import pool_drain, pool_pause, pool_resume

from ..permissions import IsOperator
from ..serializers.operators import PoolListSerializer, PoolSerializer, QueueListSerializer


class Queues(APIView):
    @extend_schema(operation_id="queues_list", responses=QueueListSerializer)
    def get(self, request: Request) -> Response:
        document = {"next": None, "previous": None, "results": queue_states()}
        return Response(QueueListSerializer(document).data)


class Pools(APIView):
    @extend_schema(operation_id="pools_list", responses=PoolListSerializer)
    def get(self, request: Request) -> Response:
        document = {"next": None, "previous": None, "results": pool_states()}
        return Response(PoolListSerializer(document).data)


class PoolDetail(APIView):
    @extend_schema(operation_id="pools_read", responses=PoolSerializer)
    def get(self, request: Request, name: str) -> Response:
        return Response(PoolSerializer(_pool(name)).data)


class PoolPause(APIView):
    permission_classes = (IsOperator,)

    @extend_schema(operation_id="pools_pause", request=None, responses=PoolSerializer)
    def post(self, request: Request, name: str) -> Response:
        """Let the pool finish what it runs and take nothing more; its models stay loaded."""
        pool_pause(_pool(name).name, by=request.user)
        return Response(PoolSerializer(_pool(name)).data)


class PoolDrain(APIView):
    permission_classes = (IsOperator,)

    @extend_schema(operation_id="pools_drain", request=None, responses=PoolSerializer)
    def post(self, request: Request, name: str) -> Response:
        """As pausing; once nothing runs, the pool lets go of its device and is `drained`."""
        pool_drain(_pool(name).name, by=request.user)
        return Response(PoolSerializer(_pool(name)).data)


class PoolResume(APIView):
    permission_classes = (IsOperator,)

    @extend_schema(operation_id="pools_resume", request=None, responses=PoolSerializer)
    def post(self, request: Request, name: str) -> Response:
        """Let the pool take work again."""
        before = _pool(name)
        pool_resume(name, by=request.user)
        return Response(PoolSerializer(replace(before, hold=None)).data)


def _pool(name: str) -> PoolState:
    for pool in pool_states():
        if pool.name == name:
            return pool
    raise Http404
