"""Signing in with a password, wrong only so often: for the studio's door and the admin's."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from math import ceil
from typing import Any

import structlog
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError
from rest_framework.throttling import SimpleRateThrottle
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm

log = structlog.get_logger(__name__)
# How often one address may be wrong, and how often about one account. No account is closed for its owner, who
# comes from another address.
OF_ADDRESS = ("60/m",)
OF_ACCOUNT = ("5/m", "30/h")


class Failures(SimpleRateThrottle):
    """What somebody got wrong, counted where every web process sees it."""

    def __init__(self, rate: str, by: str) -> None:
        self.rate = rate
        self.key = f"sign-in:{rate}:{sha256(by.encode()).hexdigest()}"
        super().__init__()

    def get_cache_key(self, request: HttpRequest, view: object) -> str:
        return self.key

    def throttle_success(self) -> bool:
        return True  # looking counts nothing

    def seconds_to_wait(self, request: HttpRequest) -> int:
        return 0 if self.allow_request(request, None) else ceil(self.wait() or 1)

    def count(self) -> None:
        super().throttle_success()


class LimitedSignIn:
    """Looks at no password after too many wrong ones; `wait` has the seconds until the next may be tried."""

    wait = 0
    request: HttpRequest
    cleaned_data: dict[str, Any]

    def clean(self) -> dict[str, Any]:
        address = self.request.META.get("REMOTE_ADDR", "")
        account = f"{address} {self.cleaned_data.get('username', '').casefold()}"
        failures = [Failures(rate, address) for rate in OF_ADDRESS]
        failures += [Failures(rate, account) for rate in OF_ACCOUNT]
        with _redis_may_be_away():
            self.wait = max(each.seconds_to_wait(self.request) for each in failures)
        if self.wait:
            raise ValidationError(
                f"Too many attempts to sign in. Wait {_spoken(self.wait)}, then try again.", code="throttled"
            )
        try:
            return super().clean()  # type: ignore[misc]
        except ValidationError:
            with _redis_may_be_away():
                for each in failures:
                    each.count()
            raise


class StudioSignInForm(LimitedSignIn, AuthenticationForm):
    pass


class AdminSignInForm(LimitedSignIn, UnfoldAuthenticationForm):
    pass


def answering_429(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The page of a sign-in view, with the status and the header that programs look at."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if wait := getattr(form, "wait", 0):
            response.status_code = 429
            response.headers["Retry-After"] = str(wait)
        return response

    return answer


@contextmanager
def _redis_may_be_away() -> Iterator[None]:
    """People sign in without it, and nothing is counted."""
    try:
        yield
    except RedisError as error:
        log.error("sign_in_not_limited", error=str(error))


def _spoken(seconds: int) -> str:
    if seconds > 90:
        return f"{ceil(seconds / 60)} minutes"
    return "a second" if seconds == 1 else f"{seconds} seconds"
