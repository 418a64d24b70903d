import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from families.contract import Contract, InputSpec, parse_contract
from families.errors import InvalidContract, InvalidInputs


def spec(kind="text", **fields):
    return {"key": "it", "kind": kind, "label": "It", **fields}


def contract_of(kind="text", **fields):
    return Contract(inputs=[InputSpec(**spec(kind, **fields))])


def problems_of(contract, inputs):
    with pytest.raises(InvalidInputs) as refusal:
        contract.validate_inputs(inputs)
    return [(problem.loc, problem.type) for problem in refusal.value.errors]


def mistakes_of(document):
    with pytest.raises(InvalidContract) as refusal:
        parse_contract(document)
    return [(problem.loc, problem.msg) for problem in refusal.value.errors]


# --- the contract itself ------------------------------------------------------------------------------
def test_an_empty_document_is_a_contract_without_inputs_and_outputs():
    assert parse_contract({}) == Contract(inputs=(), outputs=())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "number", "minimum": 3, "default": 2}, "the default must be at least 3"),
        ({"kind": "number", "maximum": 3, "default": 4}, "the default must be at most 3"),
        ({"kind": "number", "multiple_of": 8, "default": 12}, "the default must be a multiple of 8"),
        ({"kind": "number", "integer": True, "default": 1.5}, "the default must be a whole number"),
        ({"kind": "number", "minimum": 5, "maximum": 4}, "minimum is above maximum"),
        ({"kind": "number", "multiple_of": 0}, "multiple_of must be above 0"),
        ({"kind": "number", "default": True}, "the default must be a number"),
        ({"kind": "toggle", "default": "on"}, "the default must be true or false"),
        ({"kind": "text", "max_length": 2, "default": "abc"}, "the default is longer than 2 characters"),
        ({"kind": "text", "minimum": 1}, "minimum means nothing for text"),
        ({"kind": "toggle", "options": [{"value": "a"}]}, "options means nothing for toggle"),
        ({"kind": "dropdown"}, "dropdown needs options"),
        ({"kind": "aspect_ratio"}, "aspect_ratio needs options"),
        ({"kind": "dropdown", "options": [{"value": "a"}], "default": "b"}, "the default must be one of a"),
        ({"kind": "dropdown", "options": [{"value": "a"}, {"value": "a"}]}, "options repeat a value"),
        ({"kind": "media", "max_items": 3}, "max_items needs multiple"),
    ],
)
def test_a_contradictory_input_is_refused_where_it_stands(fields, sentence):
    assert mistakes_of({"inputs": [spec(**fields)]}) == [(("contract", "inputs", 0), sentence)]


@pytest.mark.parametrize("part", ["inputs", "outputs"])
def test_two_entries_with_one_key_are_refused(part):
    entry = {"inputs": spec(), "outputs": {"key": "it", "kind": "image"}}[part]
    assert mistakes_of({part: [entry, entry]}) == [(("contract",), f"{part} repeat the key it")]


def test_all_mistakes_of_a_contract_are_told_at_once():
    document = {"inputs": [spec(kind="dropdown"), {"key": "A B", "kind": "text", "label": "x"}], "extra": 1}
    assert [loc for loc, _ in mistakes_of(document)] == [
        ("contract", "inputs", 0),
        ("contract", "inputs", 1, "key"),
        ("contract", "extra"),
    ]


@pytest.mark.parametrize(
    "document", [None, [], "text", 3, {"inputs": {}}, {"outputs": [{"key": "a", "kind": "pdf"}]}]
)
def test_what_is_no_contract_is_refused(document):
    assert mistakes_of(document)


@pytest.mark.parametrize("bound", [math.nan, math.inf, True, "3"])
def test_a_bound_must_be_a_finite_number(bound):
    assert mistakes_of({"inputs": [spec("number", minimum=bound)]})


def test_labels_that_a_database_cannot_store_are_refused():
    assert mistakes_of({"inputs": [spec(help="zero\x00byte")]})


# --- inputs -------------------------------------------------------------------------------------------
def test_defaults_fill_in_for_missing_and_null_values():
    contract = contract_of("number", default=20)
    assert contract.validate_inputs({}) == contract.validate_inputs({"it": None}) == {"it": 20}


def test_an_optional_input_without_a_default_stays_away():
    assert contract_of("media").validate_inputs({}) == {}


@pytest.mark.parametrize("value", [{}, {"it": None}, {"it": ""}, {"it": " \n"}])
def test_a_required_input_must_be_given(value):
    assert problems_of(contract_of(required=True), value) == [(("inputs", "it"), "missing")]


def test_a_required_list_must_not_be_empty():
    assert problems_of(contract_of("media", multiple=True, required=True), {"it": []}) == [
        (("inputs", "it"), "missing")
    ]


def test_a_preview_lets_required_inputs_be_missing_but_checks_what_is_given():
    contract = contract_of(required=True, max_length=3)
    assert contract.preview_inputs({}) == {}
    with pytest.raises(InvalidInputs):
        contract.preview_inputs({"it": "four"})


def test_unknown_inputs_are_refused_by_name():
    assert problems_of(contract_of(), {"other": 1, "it": "x"}) == [(("inputs", "other"), "unknown_input")]


def test_all_problems_are_told_at_once():
    contract = Contract(
        inputs=[
            InputSpec(key=key, kind="number", label=key, minimum=1, required=True) for key in ("a", "b", "c")
        ]
    )
    assert problems_of(contract, {"a": 0, "b": "x", "d": 1}) == [
        (("inputs", "d"), "unknown_input"),
        (("inputs", "a"), "greater_than_equal"),
        (("inputs", "b"), "number_type"),
        (("inputs", "c"), "missing"),
    ]


@pytest.mark.parametrize("inputs", [None, [], "text", 3])
def test_inputs_must_be_an_object(inputs):
    assert problems_of(contract_of(), inputs) == [(("inputs",), "object_type")]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "number_type"),
        ("12", "number_type"),
        (math.nan, "finite_number"),
        (math.inf, "finite_number"),
        (-math.inf, "finite_number"),
        (64.5, "int_type"),
        (56, "greater_than_equal"),
        (264, "less_than_equal"),
        (10**400, "less_than_equal"),
        (65, "multiple_of"),
    ],
)
def test_a_number_outside_its_bounds_is_refused(value, kind):
    width = contract_of("number", integer=True, minimum=64, maximum=256, multiple_of=8)
    assert problems_of(width, {"it": value}) == [(("inputs", "it"), kind)]


@given(st.integers(8, 32).map(lambda eighths: eighths * 8))
def test_every_whole_multiple_inside_the_bounds_is_taken_as_an_integer(value):
    width = contract_of("number", integer=True, minimum=64, maximum=256, multiple_of=8)
    for given_value in (value, float(value)):
        taken = width.validate_inputs({"it": given_value})["it"]
        assert (taken, type(taken)) == (value, int)


@given(st.integers(-1000, 1000))
def test_decimal_steps_are_exact(tenths):
    assert contract_of("number", multiple_of=0.1).validate_inputs({"it": tenths / 10})


@pytest.mark.parametrize(
    ("kind", "fields", "value", "problem"),
    [
        ("text", {}, 3, "string_type"),
        ("text", {"max_length": 3}, "four", "string_too_long"),
        ("text", {}, "zero\x00byte", "string_unicode"),
        ("text", {}, "half a pair \ud83d", "string_unicode"),
        ("toggle", {}, "true", "bool_type"),
        ("toggle", {}, 1, "bool_type"),
        ("dropdown", {"options": [{"value": "a"}]}, "b", "unknown_option"),
        ("dropdown", {"options": [{"value": "a"}]}, ["a"], "unknown_option"),
        ("aspect_ratio", {"options": [{"value": "1:1"}]}, "16:9", "unknown_option"),
        ("media", {}, {"image": "x"}, "string_type"),
        ("media", {"multiple": True}, "one", "list_type"),
        ("media", {"multiple": True, "max_items": 1}, ["a", "b"], "too_many_items"),
        ("character", {}, 3, "string_type"),
        ("lora", {"multiple": True}, {}, "list_type"),
        ("lora", {}, "id", "object_type"),
        ("rectangle", {}, [0, 0, 8, 8], "object_type"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(kind, fields, value, problem):
    assert problems_of(contract_of(kind, **fields), {"it": value}) == [(("inputs", "it"), problem)]


def test_a_rectangle_has_four_whole_numbers():
    contract = contract_of("rectangle")
    whole = {"left": 0, "top": 3, "width": 1, "height": 9}
    assert contract.validate_inputs({"it": whole}) == {"it": whole}
    broken = {"left": -1, "top": 0.5, "width": 0, "depth": 1}
    assert sorted(problems_of(contract, {"it": broken})) == [
        (("inputs", "it", "depth"), "extra_forbidden"),
        (("inputs", "it", "height"), "missing"),
        (("inputs", "it", "left"), "greater_than_equal"),
        (("inputs", "it", "top"), "int_type"),
        (("inputs", "it", "width"), "greater_than_equal"),
    ]


def test_a_mask_is_one_reference_and_says_which_picture_it_lies_over():
    inputs = [spec("media", key="image"), spec("mask", key="mask", picture="image")]
    contract = parse_contract({"inputs": inputs})
    assert contract.validate_inputs({"mask": "asset"}) == {"mask": "asset"}
    assert problems_of(contract, {"mask": ["asset"]}) == [(("inputs", "mask"), "string_type")]


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ({}, "a mask needs a picture"),
        ({"picture": "other"}, "lies over “other”"),
        ({"picture": "prompt"}, "lies over “prompt”"),
        ({"picture": "several"}, "lies over “several”"),
        ({"picture": "mask"}, "lies over “mask”"),
    ],
)
def test_a_mask_over_no_picture_is_refused(mask, message):
    others = [spec("text", key="prompt"), spec("media", key="several", multiple=True)]
    with pytest.raises(InvalidContract, match=message):
        parse_contract({"inputs": [*others, spec("mask", key="mask", **mask)]})


def test_only_a_mask_lies_over_a_picture():
    with pytest.raises(InvalidContract, match="picture means nothing for media"):
        parse_contract({"inputs": [spec("media", picture="it")]})


def test_control_images_are_references_or_objects_with_a_span():
    control = contract_of("media", multiple=True)
    images = ["asset", {"image": "other", "scale": 0.5, "start": 0, "end": 0.8}]
    assert control.validate_inputs({"it": images}) == {"it": images}


def test_the_items_of_a_list_are_blamed_by_their_place():
    control = contract_of("media", multiple=True)
    bad = ["asset", 3, {"scale": math.nan}, {"image": "x", "strength": 1}]
    assert problems_of(control, {"it": bad}) == [
        (("inputs", "it", 1), "string_type"),
        (("inputs", "it", 2, "image"), "missing"),
        (("inputs", "it", 2, "scale"), "finite_number"),
        (("inputs", "it", 3, "strength"), "extra_forbidden"),
    ]


def test_a_lora_weighs_one_unless_it_says_otherwise():
    loras = contract_of("lora", multiple=True).validate_inputs(
        {"it": [{"lora": "a"}, {"lora": "b", "weight": 0.4}]}
    )
    assert loras == {"it": [{"lora": "a", "weight": 1.0}, {"lora": "b", "weight": 0.4}]}


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=4)
)
def test_no_value_whatever_breaks_a_checker(value):
    for kind, fields in [
        ("text", {"max_length": 3}),
        ("number", {"integer": True, "multiple_of": 0.3}),
        ("toggle", {}),
        ("dropdown", {"options": [{"value": "a"}]}),
        ("media", {"multiple": True}),
        ("lora", {"multiple": True}),
        ("lora", {}),
    ]:
        try:
            contract_of(kind, **fields).validate_inputs({"it": value})
        except InvalidInputs as refusal:
            assert refusal.errors
