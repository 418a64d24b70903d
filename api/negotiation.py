"""Choosing how to answer."""

from rest_framework.negotiation import DefaultContentNegotiation


class AlwaysJson(DefaultContentNegotiation):
    """Answers are JSON whatever `Accept` says: event-stream clients and browsers send all sorts of things."""

    def select_renderer(self, request, renderers, format_suffix=None):
        return renderers[0], renderers[0].media_type
