"""What this room knows about recipes: the strategies, the schedulers, and which contracts fit."""

from families.recipe_checks import register_check, register_choices
from gpu.schedulers import SCHEDULERS

from .fit import contract_problems
from .registry import STRATEGIES

register_choices("strategy", sorted(STRATEGIES))
register_choices("scheduler", sorted(SCHEDULERS))
register_check(contract_problems)
