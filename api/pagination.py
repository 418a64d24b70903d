"""Lists: newest first, by cursor."""

from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination

from strategies.errors import one

from .problems import Refused


class NewestFirst(CursorPagination):
    """`{next, previous, results}`; `limit` sets the page size."""

    ordering = "-created_at"
    page_size = 20
    page_size_query_param = "limit"
    max_page_size = 100

    def decode_cursor(self, request):
        try:
            cursor = super().decode_cursor(request)
            if cursor and cursor.position is not None and parse_datetime(cursor.position) is None:
                raise ValueError
        except (NotFound, ValueError):
            raise Refused(
                "invalid_cursor",
                "The cursor is damaged; take `next` and `previous` as they are, or start again without one.",
                errors=one(("cursor",), "not a cursor of this list", "invalid_cursor"),
            ) from None
        return cursor
