"""`/v1/queues` and `/v1/pools`: short lists that come whole."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from strategies.pools import live_pools
from strategies.queues import queue_states

from ..serializers.operators import PoolListSerializer, QueueListSerializer


class Queues(APIView):
    @extend_schema(operation_id="queues_list", responses=QueueListSerializer)
    def get(self, request: Request) -> Response:
        document = {"next": None, "previous": None, "results": queue_states()}
        return Response(QueueListSerializer(document).data)


class Pools(APIView):
    @extend_schema(operation_id="pools_list", responses=PoolListSerializer)
    def get(self, request: Request) -> Response:
        document = {"next": None, "previous": None, "results": live_pools()}
        return Response(PoolListSerializer(document).data)
