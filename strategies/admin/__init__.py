"""The admin pages of requests and of what people bring."""

from . import concepts, requests, webhooks

__all__ = ["concepts", "requests", "webhooks"]
