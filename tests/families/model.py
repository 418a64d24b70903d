"""The rules of families once more, by brute force over plain dictionaries: what the code is compared with.

Nothing here knows how the code does it. A refusal is the code of the problem; None means that it is done.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import product

DRAFT, PUBLISHED, ARCHIVED = "draft", "published", "archived"


@dataclass
class ModelWorkflow:
    state: str = PUBLISHED
    adult: bool = False
    outputs: bool = True

    @property
    def runs(self) -> bool:
        return self.state == PUBLISHED and self.outputs


@dataclass
class ModelAxis:
    control: str
    options: list[str]
    default: str | None


@dataclass
class ModelFamily:
    """`axes` in their order, `members` by workflow, with the tuple of each."""

    axes: dict[str, ModelAxis] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)

    # --- what there is to pick ------------------------------------------------------------------------
    def defaults(self) -> dict[str, str]:
        return {key: axis.default for key, axis in self.axes.items() if axis.default is not None}

    def selections(self) -> list[dict[str, str]]:
        """Every full tuple, the last axis counting fastest."""
        options = [axis.options for axis in self.axes.values()]
        return [dict(zip(self.axes, values, strict=True)) for values in product(*options)]

    def at(self, selection: dict[str, str]) -> str | None:
        """The workflow whose tuple this is."""
        if set(selection) == set(self.axes):
            for workflow, held in self.members.items():
                if held == selection:
                    return workflow
        return None

    def uses(self, axis: str, option: str | None = None) -> bool:
        return any(
            axis in held and (option is None or held[axis] == option) for held in self.members.values()
        )


@dataclass
class Catalogue:
    """Two families at most, and the workflows they may share."""

    families: dict[str, ModelFamily] = field(default_factory=dict)
    workflows: dict[str, ModelWorkflow] = field(default_factory=dict)

    # --- what may be authored: what is done, or the code of the rule that says no ----------------------
    def axis_add(self, family: str, key: str, control: str, options: list[str], default: str | None):
        axes = self.families[family].axes
        if key in axes or max(Counter(options).values(), default=0) > 1:
            return "duplicate_key"
        if control == "toggle" and len(options) > 2:
            return "toggle_options"
        if default is not None and default not in options:
            return "invalid_default"
        axes[key] = ModelAxis(control, list(options), default or next(iter(options), None))
        return None

    def axis_update(self, family: str, key: str, control: str, default: str | None):
        axis = self.families[family].axes[key]
        if not self._toggle_fits(family, key, control, len(axis.options)):
            return "toggle_options"
        if default is not None and default not in axis.options:
            return "invalid_default"
        before = axis.control, axis.default
        axis.control, axis.default = control, default or axis.default
        if self._adult_default(family):
            axis.control, axis.default = before
            return "invalid_default"
        return None

    def axis_delete(self, family: str, key: str):
        if self.families[family].uses(key):
            return "axis_in_use"
        axes = dict(self.families[family].axes)
        del self.families[family].axes[key]
        if self._adult_default(family):
            self.families[family].axes = axes
            return "invalid_default"
        return None

    def option_add(self, family: str, axis: str, value: str):
        found = self.families[family].axes[axis]
        if value in found.options:
            return "duplicate_key"
        if not self._toggle_fits(family, axis, found.control, len(found.options) + 1):
            return "toggle_options"
        found.options.append(value)
        found.default = found.default or value
        return None

    def option_delete(self, family: str, axis: str, value: str):
        found = self.families[family].axes[axis]
        if self.families[family].uses(axis, value):
            return "option_in_use"
        if found.default == value and len(found.options) > 1:
            return "invalid_default"
        if not self._toggle_fits(family, axis, found.control, len(found.options) - 1):
            return "toggle_options"
        found.options.remove(value)
        found.default = None if found.default == value else found.default
        return None

    def member_assign(self, family: str, workflow: str, selection: dict[str, str]):
        if workflow not in self.workflows:
            return "unknown_workflow"
        if not self.workflows[workflow].runs:
            return "workflow_unavailable"
        if workflow in self.families[family].members:
            return "workflow_already_member"
        return self._give(family, workflow, selection)

    def member_retuple(self, family: str, workflow: str, selection: dict[str, str]):
        return self._give(family, workflow, selection)

    def member_remove(self, family: str, workflow: str):
        del self.families[family].members[workflow]

    def workflow_create(self, key: str, adult: bool):
        if key in self.workflows:
            return "duplicate_key"
        self.workflows[key] = ModelWorkflow(DRAFT, adult)
        return None

    def workflow_publish(self, key: str):
        self.workflows[key].state = PUBLISHED

    def workflow_archive(self, key: str):
        self.workflows[key].state = ARCHIVED

    def workflow_delete(self, key: str):
        if any(key in family.members for family in self.families.values()):
            return "workflow_in_use"
        del self.workflows[key]
        return None

    def workflow_rate(self, key: str, adult: bool):
        before, self.workflows[key].adult = self.workflows[key].adult, adult
        if any(
            self._adult_default(family) for family in self.families if key in self.families[family].members
        ):
            self.workflows[key].adult = before
            return "invalid_default"
        return None

    def workflow_outputs(self, key: str, outputs: bool):
        self.workflows[key].outputs = outputs

    # --- what a client may reach -----------------------------------------------------------------------
    def reach(self, family: str, selection: dict[str, str]) -> str | None:
        """The workflow that runs for a selection."""
        workflow = self.families[family].at(selection)
        return workflow if workflow and self.workflows[workflow].runs else None

    def nearest(self, family: str, selection: dict[str, str]) -> list[dict[str, str]]:
        """All that can be reached, the fewest changed picks first, then by the workflow's key."""
        reached = [other for other in self.families[family].selections() if self.reach(family, other)]

        def rank(other: dict[str, str]) -> tuple[int, str]:
            changed = [key for key in other if selection.get(key) != other[key]]
            return len(changed), self.reach(family, other) or ""

        return sorted(reached, key=rank)

    # --- the rules that several changes share ----------------------------------------------------------
    def _give(self, family: str, workflow: str, selection: dict[str, str]):
        found = self.families[family]
        if set(selection) - set(found.axes):
            return "unknown_axis"
        if set(found.axes) - set(selection):
            return "incomplete_tuple"
        for key, axis in found.axes.items():
            if selection[key] not in axis.options:
                return "unknown_option"
            if axis.control == "toggle" and len(axis.options) != 2:
                return "toggle_options"
        if any(held == selection for other, held in found.members.items() if other != workflow):
            return "duplicate_tuple"
        before = dict(found.members)
        found.members[workflow] = dict(selection)
        if self._adult_default(family):
            found.members = before
            return "invalid_default"
        return None

    def _toggle_fits(self, family: str, axis: str, control: str, count: int) -> bool:
        if control != "toggle":
            return True
        return count == 2 if self.families[family].uses(axis) else count <= 2

    def _adult_default(self, family: str) -> bool:
        workflow = self.families[family].at(self.families[family].defaults())
        return workflow is not None and self.workflows[workflow].adult
