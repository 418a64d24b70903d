"""Random authors at work: every change is made in the catalogue and in the model, and both must agree.

What an author may do is a rule of the machine, whether the rules of families allow it then or not. After
every change, all that a client and an author can see of the families is compared with the model.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from itertools import product
from typing import Any, ClassVar, Protocol

from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from families.catalogue import catalogue_family, resolve
from families.completeness import LISTED_HOLES, completeness
from families.errors import CatalogueError
from families.resolution import NEAREST, resolve_member
from families.selectors import load_family

from .model import Catalogue, ModelFamily

# ATELIER_HISTORIES=1000 looks at so many histories, other ones each time; the default is quick and repeats.
HISTORIES = int(os.environ.get("ATELIER_HISTORIES", "0"))
STEPS = 30
FAMILIES, WORKFLOWS = ["photo", "video"], ["w0", "w1", "w2", "w3", "w4", "w5"]
AXES, VALUES = ["model", "size", "mood"], ["a", "b", "c", "d"]

Change = tuple[Any, ...]  # the name of what is done, and its arguments

families, workflows, values = map(st.sampled_from, (FAMILIES, WORKFLOWS, VALUES))
controls, flags = st.sampled_from(["toggle", "dropdown", "dropdown"]), st.booleans()
places = st.integers(0, 99)  # which of those there are
option_lists = st.lists(values, min_size=1, max_size=3, unique=True)
REFUSALS = [
    "axis_in_use", "duplicate_key", "duplicate_tuple", "incomplete_tuple", "invalid_default", "option_in_use",
    "toggle_options", "unknown_axis", "unknown_option", "unknown_workflow", "workflow_already_member",
    "workflow_in_use", "workflow_unavailable",
]  # fmt: skip


class Author(Protocol):
    """Makes the changes of the model's names; each answers None, or the code of the problem."""

    def family_create(self, key: str) -> str | None: ...
    def axis_add(
        self, family: str, key: str, control: str, options: list[str], default: str | None
    ) -> str | None: ...
    def axis_update(self, family: str, key: str, control: str, default: str | None) -> str | None: ...
    def axis_delete(self, family: str, key: str) -> str | None: ...
    def option_add(self, family: str, axis: str, value: str) -> str | None: ...
    def option_delete(self, family: str, axis: str, value: str) -> str | None: ...
    def member_assign(self, family: str, workflow: str, selection: dict[str, str]) -> str | None: ...
    def member_retuple(self, family: str, workflow: str, selection: dict[str, str]) -> str | None: ...
    def member_remove(self, family: str, workflow: str) -> str | None: ...
    def workflow_create(self, key: str, adult: bool) -> str | None: ...
    def workflow_publish(self, key: str) -> str | None: ...
    def workflow_archive(self, key: str) -> str | None: ...
    def workflow_delete(self, key: str) -> str | None: ...
    def workflow_rate(self, key: str, adult: bool) -> str | None: ...
    def workflow_outputs(self, key: str, outputs: bool) -> str | None: ...


def profile(histories: int) -> settings:
    """How long to look: so many histories, unless the environment says otherwise."""
    return settings(
        max_examples=HISTORIES or histories,
        stateful_step_count=STEPS,
        derandomize=not HISTORIES,
        phases=[Phase.generate, Phase.shrink] if HISTORIES else [Phase.generate],  # shrinking takes minutes
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class Histories(RuleBasedStateMachine):
    """Every history is a transaction that is rolled back at its end."""

    author: ClassVar[Author]
    seen: ClassVar[Counter[str | None]]  # outcomes, over all histories
    unaskable: ClassVar[set[str]] = set()  # refusals of what this author has no way to ask for

    def __init__(self) -> None:
        super().__init__()
        self._transaction = transaction.atomic()
        self._transaction.__enter__()
        self.model, self.changed = Catalogue(), set(FAMILIES)
        for family in FAMILIES:
            self.author.family_create(family)
            self.model.families[family] = ModelFamily()
        for key in WORKFLOWS[:5]:
            self._do("workflow_create", key, key == "w0")
            if key != "w4":
                self._do("workflow_publish", key)
        for family, key, control in ((0, "model", "dropdown"), (0, "size", "toggle"), (1, "model", "toggle")):
            self._do("axis_add", FAMILIES[family], key, control, ["a", "b"], None)
        for workflow, model, size in (("w1", "a", "a"), ("w2", "b", "a"), ("w3", "a", "b")):
            self._do("member_assign", "photo", workflow, {"model": model, "size": size})
        self._do("member_assign", "video", "w1", {"model": "a"})
        self._do("axis_add", "video", "mood", "dropdown", ["a", "b"], None)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._transaction.__exit__(None, None, None)

    def _do(self, action: str, *arguments) -> None:
        """The same change on both sides."""
        expected = getattr(self.model, action)(*arguments)
        answer = getattr(self.author, action)(*arguments)
        assert answer == expected, (action, arguments, answer)
        self.seen[expected] += 1
        self.changed |= {arguments[0]} & set(FAMILIES) or set(FAMILIES)

    @initialize(codes=st.permutations(REFUSALS), place=places)
    def break_every_rule(self, codes, place):
        for code in codes:
            self.break_a_rule(code, place)

    @rule(code=st.sampled_from(REFUSALS), place=places)
    def break_a_rule(self, code, place):
        """Of all that could be asked for now, something of each kind that this rule forbids."""
        if code in self.unaskable:
            return
        forbidden = [change for change in self._changes() if _foretold(self.model, change) == code]
        for action in sorted({change[0] for change in forbidden}):
            self._do(*_pick([change for change in forbidden if change[0] == action], place))

    def _changes(self) -> Iterator[Change]:
        """What an author could ask for, sensible or not."""
        for name, family in self.model.families.items():
            for key in AXES:
                yield "axis_add", name, key, "toggle", VALUES[:3], None
                yield "axis_add", name, key, "dropdown", VALUES[:2], VALUES[3]
            for key, axis in family.axes.items():
                yield "axis_delete", name, key
                yield "axis_update", name, key, "toggle", None
                for value in VALUES:
                    yield "axis_update", name, key, axis.control, value
                    yield "option_add", name, key, value
                for value in axis.options:
                    yield "option_delete", name, key, value
            tuples = family.selections()[:9]
            for odd in ({}, dict.fromkeys(family.axes, "nonsense"), dict.fromkeys([*AXES, "nonsense"], "a")):
                tuples.append(odd)
            for workflow, selection in product([*WORKFLOWS, "nonsense"], tuples):
                if workflow in family.members:
                    yield "member_retuple", name, workflow, selection
                yield "member_assign", name, workflow, selection
        for key in self.model.workflows:
            yield "workflow_create", key, False
            yield "workflow_delete", key
            yield "workflow_rate", key, True

    # --- axes and options -------------------------------------------------------------------------------
    @rule(family=families, place=places, control=controls, options=option_lists, default=places)
    def add_an_axis(self, family, place, control, options, default):
        if key := _pick([key for key in AXES if key not in self.model.families[family].axes], place):
            self._do("axis_add", family, key, control, options, _pick([None, *options], default))

    @rule(family=families, place=places, control=controls, default=st.none() | values)
    def change_an_axis(self, family, place, control, default):
        if key := _pick(self.model.families[family].axes, place):
            self._do("axis_update", family, key, control, default)

    @rule(family=families, place=places)
    def delete_an_axis(self, family, place):
        if key := _pick(self.model.families[family].axes, place):
            self._do("axis_delete", family, key)

    @rule(family=families, place=places, value=values)
    def add_an_option(self, family, place, value):
        if key := _pick(self.model.families[family].axes, place):
            self._do("option_add", family, key, value)

    @rule(family=families, place=places, value=places)
    def delete_an_option(self, family, place, value):
        of = self.model.families[family].axes
        if (key := _pick(of, place)) and (option := _pick(of[key].options, value)):
            self._do("option_delete", family, key, option)

    # --- members ------------------------------------------------------------------------------------------
    @rule(family=families, workflow=workflows, place=places)
    def assign(self, family, workflow, place):
        if selection := _pick(self.model.families[family].selections(), place):
            self._do("member_assign", family, workflow, selection)

    @rule(family=families, member=places, place=places)
    def retuple(self, family, member, place):
        workflow = _pick(self.model.families[family].members, member)
        if workflow and (selection := _pick(self.model.families[family].selections(), place)):
            self._do("member_retuple", family, workflow, selection)

    @rule(family=families, member=places)
    def remove_a_member(self, family, member):
        if workflow := _pick(self.model.families[family].members, member):
            self._do("member_remove", family, workflow)

    # --- workflows ----------------------------------------------------------------------------------------
    @rule(place=places, adult=flags)
    def create_a_workflow(self, place, adult):
        if key := _pick([key for key in WORKFLOWS if key not in self.model.workflows], place):
            self._do("workflow_create", key, adult)

    @rule(place=places, action=st.sampled_from(["workflow_publish", "workflow_archive", "workflow_delete"]))
    def open_or_close_a_workflow(self, place, action):
        if key := _pick(self.model.workflows, place):
            self._do(action, key)

    @rule(place=places, action=st.sampled_from(["workflow_rate", "workflow_outputs"]), flag=flags)
    def change_a_workflow(self, place, action, flag):
        if key := _pick(self.model.workflows, place):
            self._do(action, key, flag)

    # --- what must hold -------------------------------------------------------------------------------------
    @invariant()
    def everybody_sees_what_the_model_says(self):
        connection.check_constraints()  # what a commit would check
        for family in sorted(self.changed):
            compare(self.model, family)
        self.changed = set()


def compare(model: Catalogue, family: str) -> None:
    """All that the catalogue says of a family, against the model."""
    loaded, expected = load_family(family), model.families[family]
    assert loaded.axis_keys == tuple(expected.axes)
    for selection in expected.selections():
        _compare_reading(model, family, catalogue_family(loaded, selection), selection)
        _compare_resolving(model, family, selection, partial(resolve_member, loaded, selection))
    _compare_reading(model, family, catalogue_family(loaded, {}), expected.defaults())
    _compare_resolving(model, family, expected.defaults(), partial(resolve, family, {}))
    _compare_completeness(model, family)


def _compare_reading(model: Catalogue, family: str, answer: dict, selection: dict[str, str]) -> None:
    reached = [other for other in model.families[family].selections() if model.reach(family, other)]
    assert answer["available"] == bool(reached)
    assert answer["selection"] == selection
    assert answer["default_selection"] == model.families[family].defaults()
    workflow, resolved = model.families[family].at(selection), answer["resolved"]
    assert resolved["workflow"] == workflow
    assert resolved["available"] == (model.reach(family, selection) is not None)
    assert bool(resolved["reasons"]) != resolved["available"]
    if workflow:
        assert resolved["rating"] == ("adult" if model.workflows[workflow].adult else "sfw")
    if not resolved["available"]:
        assert resolved["nearest"] == model.nearest(family, selection)[:NEAREST]
    for axis in answer["axes"]:
        assert [option["value"] for option in axis["options"]] == model.families[family].axes[
            axis["key"]
        ].options
        for option in axis["options"]:
            picked = {**selection, axis["key"]: option["value"]}
            assert option["selected"] == (picked == selection)
            assert option["available"] == (model.reach(family, picked) is not None)
            assert ("unavailable_reason" in option) != option["available"]


def _compare_resolving(model: Catalogue, family: str, selection: dict[str, str], find: Callable) -> None:
    try:
        outcome = find().workflow.key
    except CatalogueError as error:
        outcome = error.code
        assert error.extra["nearest"] == model.nearest(family, selection)[:NEAREST]
    workflow = model.families[family].at(selection)
    refusal = "member_unavailable" if workflow else "no_member"
    assert outcome == (model.reach(family, selection) or refusal)


def _compare_completeness(model: Catalogue, family: str) -> None:
    found, expected = completeness(family), model.families[family]
    holes = [selection for selection in expected.selections() if expected.at(selection) is None]
    assert (found["holes"], found["hole_count"]) == (holes[:LISTED_HOLES], len(holes))
    incomplete = {key for key, held in expected.members.items() if set(held) != set(expected.axes)}
    assert {row["workflow"] for row in found["incomplete"]} == incomplete
    stopped = {key for key in expected.members if not model.workflows[key].runs}
    assert {row["workflow"] for row in found["unavailable"]} == incomplete | stopped
    reached = [other for other in expected.selections() if model.reach(family, other)]
    assert [(row["axis"], row["value"]) for row in found["unreachable_options"]] == [
        (key, value)
        for key, axis in expected.axes.items()
        for value in axis.options
        if not any(other[key] == value for other in reached)
    ]


def _pick(choices, place: int):
    """One of these, None when there is none."""
    listed = list(choices)
    return listed[place % len(listed)] if listed else None


def _foretold(model: Catalogue, change: Change) -> str | None:
    """What the model would answer, without doing it."""
    action, *arguments = change
    return getattr(deepcopy(model), action)(*arguments)
