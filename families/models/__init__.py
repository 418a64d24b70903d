"""The catalogue rows: workflows, and the families that put controls in front of them."""

from .axis import Axis
from .family import Family
from .member import Member, MemberOption
from .option import Option
from .workflow import Workflow

__all__ = ["Axis", "Family", "Member", "MemberOption", "Option", "Workflow"]
