import pytest

from gpu import pocket
from gpu.errors import ModelNotFound
from strategies.params import Weights
from workers.weights import adapter_path, model_source


def test_pocket_models_are_found_wherever_atelier_lies():
    assert model_source(Weights(location="pocket:pocket-sdxl")).location == str(pocket.CHECKPOINT)
    assert adapter_path("pocket:pocket-lora-outline") == str(pocket.LORA)


def test_names_lie_below_the_models_folder(settings, tmp_path):
    settings.MODELS_DIR = tmp_path
    assert model_source(Weights(location="sdxl/base")).location == str(tmp_path / "sdxl/base")


@pytest.mark.parametrize("location", ["../secret", "a/../../secret", "pocket:../../api"])
def test_no_name_climbs_out(settings, tmp_path, location):
    settings.MODELS_DIR = tmp_path
    with pytest.raises(ModelNotFound, match="outside"):
        model_source(Weights(location=location))


def test_a_hub_id_comes_with_its_revision():
    source = model_source(Weights(location="org/name", revision="b" * 40))
    assert (source.location, source.revision) == ("org/name", "b" * 40)
