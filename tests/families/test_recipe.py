import pytest

from families.errors import InvalidRecipe
from families.recipe import check_recipe


@pytest.mark.parametrize(
    ("field", "entries"),
    [
        ("loras", []),
        ("loras", [{"lora": "pocket:pocket-lora-outline", "weight": 1.0, "name": "outline"}]),
        ("controlnets", [{"model": "a/b", "revision": None, "preprocessor": "canny", "scale": 1.0}]),
    ],
)
def test_a_well_spelled_recipe_passes(field, entries):
    check_recipe(field, entries)


@pytest.mark.parametrize(
    ("field", "entries", "loc"),
    [
        ("loras", {}, ("loras",)),
        ("loras", [{"weight": 1.0}], ("loras", 0, "lora")),
        ("loras", [{"lora": "x", "weight": float("nan")}], ("loras", 0, "weight")),
        ("controlnets", [{"model": "x"}, {"model": ""}], ("controlnets", 1, "model")),
        ("controlnets", [{"model": "x", "file": "y"}], ("controlnets", 0, "file")),
    ],
)
def test_a_misspelled_recipe_is_refused_where_it_is_wrong(field, entries, loc):
    with pytest.raises(InvalidRecipe) as refusal:
        check_recipe(field, entries)
    assert refusal.value.errors[0].loc == loc
