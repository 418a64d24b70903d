import pytest

from strategies.errors import UnknownStrategy
from strategies.registry import STRATEGIES, get_strategy, register
from strategies.text_to_image import TextToImage


def test_every_strategy_is_found_by_its_name():
    assert all(get_strategy(name).name == name for name in STRATEGIES)


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="'generate'"):
        register([TextToImage(), TextToImage()])


def test_a_miss_names_the_known():
    with pytest.raises(UnknownStrategy, match=r"'paint'; known: .*generate"):
        get_strategy("paint")
