"""What the page of a workflow shows above its form: whether it is open, why not, and where it is used."""

from typing import Any

from ..models import Workflow
from ..recipe_checks import recipe_problems
from ..resolution import workflow_reasons
from .telling import tuple_of


def life_of(workflow: Workflow, *, may_change: bool) -> dict[str, Any]:
    """The context of `workflow_life.html`."""
    members = workflow.memberships.order_by("family__key").prefetch_related("family__axes")
    return {
        "reasons": workflow_reasons(workflow),
        "problems": shortcomings(workflow),
        "members": [(member, tuple_of(member)) for member in members],
        "actions": _actions(workflow) if may_change else [],
    }


def shortcomings(workflow: Workflow) -> list[str]:
    """What keeps it from being published, each with its place."""
    return [f"{'.'.join(map(str, problem.loc))}: {problem.msg}" for problem in recipe_problems(workflow)]


def _actions(workflow: Workflow) -> list[tuple[str, str]]:
    """The actions of the list that would change something here."""
    is_open = workflow.state == Workflow.State.PUBLISHED
    offered = {
        "make_default": ("Make the default", is_open and not workflow.is_default_for_strategy),
        "archive": ("Archive", workflow.state != Workflow.State.ARCHIVED),
        "publish": ("Publish", not is_open),
    }
    return [(action, words) for action, (words, is_offered) in offered.items() if is_offered]
