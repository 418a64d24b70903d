"""The admin pages of requests and of what people bring."""

from . import concepts, requests

__all__ = ["concepts", "requests"]
