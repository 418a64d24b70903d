"""The admin pages of requests and of what people bring."""

from . import concepts, refines, requests, shots, webhooks

__all__ = ["concepts", "refines", "requests", "shots", "webhooks"]
