"""Who may do what."""

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from .problems import Refused


class IsStaff(IsAuthenticated):
    """Authors: staff accounts, by key or by browser session."""

    work = "Authoring"

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not super().has_permission(request, view):
            return False
        if not request.user.is_staff:
            raise Refused(
                "staff_only",
                f"{self.work} needs a staff account; an administrator can make this one staff in the admin.",
            )
        return True


class IsOperator(IsStaff):
    """Who tells pools what to do: staff accounts, as authors."""

    work = "Operating a pool"
