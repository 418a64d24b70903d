import pickle

import pytest
import torch
from django.core.files.uploadedfile import SimpleUploadedFile
from safetensors.torch import save

from gpu import pocket
from strategies.errors import InvalidInputs, InvalidLora
from strategies.loras import lora_create, lora_delete
from strategies.params import parse
from tests.factories import make_generation, make_owner, the_task


def upload(data: bytes, name: str = "style.safetensors") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


@pytest.fixture
def outline() -> bytes:
    return next(pocket.LORA.glob("*.safetensors")).read_bytes()


def test_a_real_lora_is_stored_with_its_hash_and_rank(owner, outline):
    lora = lora_create(owner, "outline", upload(outline))
    assert lora.rank == 8 and lora.size == len(outline) and len(lora.sha256) == 64
    storage, name = lora.file.storage, lora.file.name
    assert storage.exists(name)
    lora_delete(lora)
    assert not storage.exists(name)


def test_a_stored_lora_can_be_asked_for_by_its_owner_only(owner, workflow, outline):
    lora = lora_create(owner, "outline", upload(outline))
    asked = [{"lora": str(lora.id), "weight": 0.7}]
    params = parse(the_task(make_generation(owner, workflow, inputs={"loras": asked})).params)
    assert [(each.lora, each.weight) for each in params.loras] == [(lora.id, 0.7)]
    with pytest.raises(InvalidInputs) as caught:
        make_generation(make_owner(), workflow, inputs={"loras": asked})
    assert caught.value.errors[0]["loc"] == ["inputs", "loras", 0, "lora"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (pickle.dumps({"lora": [1]}), "unsafe_weights"),
        (b"", "model_incomplete"),
        (save({"weight": torch.zeros(2, 2)}), "incompatible_adapter"),
        (
            save({"unet.a.lora_A.weight": torch.zeros(4, 8), "unet.a.lora_B.weight": torch.zeros(8, 5)}),
            "incompatible_adapter",
        ),
    ],
)
def test_what_is_no_lora_is_refused_and_not_stored(owner, data, kind):
    with pytest.raises(InvalidLora) as caught:
        lora_create(owner, "bad", upload(data))
    assert caught.value.errors[0]["type"] == kind
    assert not owner.loras.exists()
