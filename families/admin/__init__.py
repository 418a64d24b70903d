"""Where families are authored: forms that call services, and show a refusal on the field at fault."""

from .axis import AxisAdmin
from .family import FamilyAdmin
from .member import MemberAdmin
from .workflow import WorkflowAdmin

__all__ = ["AxisAdmin", "FamilyAdmin", "MemberAdmin", "WorkflowAdmin"]
