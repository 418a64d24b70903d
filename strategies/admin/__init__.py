"""The admin pages of requests and of what people bring."""

from . import concepts, requests, shots, webhooks

__all__ = ["concepts", "requests", "shots", "webhooks"]
