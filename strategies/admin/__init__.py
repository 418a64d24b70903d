"""The admin pages of requests and of what people bring."""

from . import concepts, pools, refines, requests, shots, webhooks

__all__ = ["concepts", "pools", "refines", "requests", "shots", "webhooks"]
