"""Templates of prompts: known fields and nothing else."""

import pytest

from strategies.templates import check_template, fill


def test_fields_are_replaced_by_their_words():
    words = {"subject": "zorb", "style": "oil paint", "prompt": "in a forest"}
    assert fill("a {style} picture of {subject} {prompt}", words) == "a oil paint picture of zorb in a forest"


def test_a_field_without_words_leaves_no_gap():
    assert fill("{subject}, {product}, {style}", {"subject": "a cat", "style": "ink"}) == "a cat, ink"
    assert fill("{prompt}  {trigger} .", {"prompt": "a cat"}) == "a cat."


def test_doubled_braces_are_braces():
    assert fill("{{{prompt}}}", {"prompt": "cat"}) == "{cat}"


@pytest.mark.parametrize(
    "template",
    [
        "{owner}",
        "{}",
        "{0}",
        "{prompt.__class__}",
        "{prompt[0]}",
        "{prompt!r}",
        "{prompt:>999999999}",
        "{prompt",
        " ",
    ],
)
def test_anything_else_is_refused(template):
    with pytest.raises(ValueError, match=r"field|empty"):
        check_template(template)
