"""`Idempotency-Key`: the same request again gets the first answer again, and the work is done once.

The work and its answer are committed together, so a process that dies in between leaves neither. What is slow
is done before, such as fetching pictures from other servers: it must hold no transaction open.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial, wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from strategies.sealing import opened, sealed

from .models import IdempotencyRecord
from .problems import Refused

KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=2)  # longer than a request takes; if not, the slow one is fenced out
ACCEPTABLE = re.compile(r"[\x21-\x7e]{1,255}")
REPLAYED = "Idempotent-Replayed"
Post = Callable[..., Response]


def idempotent(post: Post) -> Post:
    """Makes a view method that creates something honour `Idempotency-Key`."""

    @wraps(post)
    def wrapper(view, request: Request, **kwargs: Any) -> Response:
        return _once(request, lambda: partial(post, view, request, **kwargs))

    return wrapper


def idempotent_after(prepare: Callable[..., Any]) -> Callable[[Post], Post]:
    """The same for a method with a slow part: `prepare` does it, and the method gets what it returns."""

    def decorator(post: Post) -> Post:
        @wraps(post)
        def wrapper(view, request: Request, **kwargs: Any) -> Response:
            return _once(
                request, lambda: partial(post, view, request, prepare(view, request, **kwargs), **kwargs)
            )

        return wrapper

    return decorator


def _once(request: Request, prepare: Callable[[], Callable[[], Response]]) -> Response:
    """The answer to a request: what `prepare` returns makes it, unless it was made before."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return prepare()()
    record, fresh = _reserve(request, key)
    if not fresh:
        return _earlier_answer(record, _fingerprint(request))
    try:
        work = prepare()
        with transaction.atomic():
            response = work()
            _complete(record, response)
    except BaseException:
        IdempotencyRecord.objects.filter(id=record.id).delete()  # a failure releases the key
        raise
    return response


def purge() -> int:
    """Forget keys that have expired; an index makes this next to nothing. Returns how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def _reserve(request: Request, key: str) -> tuple[IdempotencyRecord, bool]:
    """The record of this key, and whether it was made just now; the unique constraint decides between two."""
    if not ACCEPTABLE.fullmatch(key):
        raise Refused("invalid_idempotency_key", "An Idempotency-Key is 1 to 255 visible ASCII characters.")
    purge()
    own = IdempotencyRecord.objects.filter(owner=request.user, key=key)
    own.filter(created_at__lt=timezone.now() - ABANDONED, status=None).delete()
    return IdempotencyRecord.objects.get_or_create(
        owner=request.user, key=key, defaults={"fingerprint": _fingerprint(request)}
    )


def _earlier_answer(record: IdempotencyRecord, fingerprint: str) -> Response:
    if record.fingerprint != fingerprint:
        raise Refused(
            "idempotency_key_reused", "This Idempotency-Key was used for another request; take a new one."
        )
    if record.status is None:
        raise _in_progress()
    return Response(json.loads(opened(record.body)), status=record.status, headers={REPLAYED: "true"})


def _complete(record: IdempotencyRecord, response: Response) -> None:
    kept = IdempotencyRecord.objects.filter(id=record.id).update(
        status=response.status_code, body=sealed(json.dumps(response.data))
    )
    if not kept:  # taken for abandoned and given to another request: that one's work counts
        raise _in_progress()


def _in_progress() -> Refused:
    return Refused(
        "idempotency_in_progress", "A request with this Idempotency-Key is being worked on; ask again soon."
    )


def _fingerprint(request: Request) -> str:
    """SHA-256 of method, path and what the body means: multipart boundaries may differ, files may not."""
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode())
    data = request.data
    if isinstance(data, QueryDict):
        for name, values in sorted(data.lists()):
            for value in values:
                digest.update(json.dumps([name, _content(value)]).encode())
    else:
        digest.update(json.dumps(data, sort_keys=True).encode())
    return digest.hexdigest()


def _content(value: Any) -> str:
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return digest.hexdigest()
