"""`/studio/`: the person's page. The server sends a shell and who is signed in; the page builds the rest from
the REST API."""

import secrets
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponseBase
from django.middleware.csrf import get_token
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.generic import TemplateView

from ..sign_in import StudioSignInForm

STATIC = Path(__file__).resolve().parent.parent / "static"
# Everything from this origin only; the one inline script, the import map, carries the nonce.
POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors {frames}"
)


@cache
def modules() -> list[str]:
    """The page's scripts, told to the browser at once so that it need not discover them one after another."""
    found = (path for path in (STATIC / "studio").rglob("*") if path.suffix in (".js", ".mjs"))
    return sorted(path.relative_to(STATIC).as_posix() for path in found)


class Guarded:
    """A page under the content security policy, never kept by caches."""

    frames = "'none'"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.nonce = secrets.token_urlsafe(16)
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        response.headers["Content-Security-Policy"] = POLICY.format(nonce=self.nonce, frames=self.frames)
        response.headers["Cache-Control"] = "no-store"
        return response


@method_decorator(xframe_options_sameorigin, name="dispatch")
class Studio(Guarded, LoginRequiredMixin, TemplateView):
    frames = "'self'"  # the admin shows a family in it
    template_name = "studio/studio.html"
    login_url = reverse_lazy("studio-sign-in")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        account = {
            "username": user.get_username(),
            "age_verified": bool(user.age_verified_at),
            "is_staff": user.is_staff,
            "csrf": get_token(self.request),
        }
        return super().get_context_data(nonce=self.nonce, modules=modules(), account=account, **kwargs)


class SignIn(Guarded, LoginView):
    """For every account, unlike the admin's, which is for staff."""

    template_name = "studio/sign_in.html"
    authentication_form = StudioSignInForm
    redirect_authenticated_user = True
    next_page = reverse_lazy("studio")


class SignOut(Guarded, LogoutView):
    next_page = reverse_lazy("studio-sign-in")
