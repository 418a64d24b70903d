"""Every write to the catalogue: one keyword-only function per action, named after what it acts on.

Each runs in a transaction under a lock on what it changes, so that two authors cannot together break a rule
that each alone kept. All raise `families.errors.CatalogueError`.

An `expected_version` is what the author has seen, a family's `version` or a workflow's `revision`: if
somebody else has saved since, the service raises StaleVersion and writes nothing.
"""

from .arranging import axis_arrange, axis_fill, members_retuple
from .axes import axis_add, axis_delete, axis_update
from .families import family_create, family_delete, family_update
from .members import member_assign, member_remove, member_retuple
from .options import option_add, option_delete, option_update
from .workflows import (
    workflow_archive,
    workflow_copy,
    workflow_create,
    workflow_delete,
    workflow_make_default,
    workflow_publish,
    workflow_update,
)

__all__ = [
    "axis_add",
    "axis_arrange",
    "axis_delete",
    "axis_fill",
    "axis_update",
    "family_create",
    "family_delete",
    "family_update",
    "member_assign",
    "member_remove",
    "member_retuple",
    "members_retuple",
    "option_add",
    "option_delete",
    "option_update",
    "workflow_archive",
    "workflow_copy",
    "workflow_create",
    "workflow_delete",
    "workflow_make_default",
    "workflow_publish",
    "workflow_update",
]
