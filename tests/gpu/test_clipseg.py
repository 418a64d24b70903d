"""The CLIPSeg finder with a tiny model of the real classes; its weights are random but for the last layer."""

import numpy as np
import pytest
import torch
from transformers import (
    CLIPImageProcessorPil,
    CLIPSegConfig,
    CLIPSegForImageSegmentation,
    CLIPSegProcessor,
    CLIPTokenizer,
)

from gpu.clipseg import ClipSegFinder
from gpu.errors import ModelIncomplete
from gpu.pocket import CHECKPOINT
from gpu.regions import RegionNotFound
from gpu.requests import ModelSource
from tests.pictures import circle_and_square

TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2}


@pytest.fixture
def model(tmp_path):
    """Saves a model whose logits are shifted by so much: `model(+100)` is sure of everything."""

    def saved(shift: float) -> str:
        torch.manual_seed(0)
        tokenizer = CLIPTokenizer.from_pretrained(CHECKPOINT / "tokenizer")
        text = {
            **TINY, "vocab_size": len(tokenizer), "max_position_embeddings": 77,
            "eos_token_id": tokenizer.eos_token_id, "bos_token_id": tokenizer.bos_token_id,
        }  # fmt: skip
        config = CLIPSegConfig(
            text_config=text, vision_config={**TINY, "image_size": 64, "patch_size": 16}, projection_dim=32,
            extract_layers=[0, 1], reduce_dim=16, decoder_num_attention_heads=2, decoder_intermediate_size=32,
            conditional_layer=0,
        )  # fmt: skip
        network = CLIPSegForImageSegmentation(config)
        with torch.no_grad():
            network.decoder.transposed_convolution.bias += shift
        network.save_pretrained(tmp_path)
        size = {"height": 64, "width": 64}
        images = CLIPImageProcessorPil(size=size, crop_size=size, do_center_crop=False)
        CLIPSegProcessor(image_processor=images, tokenizer=tokenizer).save_pretrained(tmp_path)
        return str(tmp_path)

    return saved


def test_what_the_model_is_sure_of_is_marked_at_the_size_of_the_picture(model):
    finder = ClipSegFinder(ModelSource(model(+100)))
    mask = finder.find(circle_and_square((200, 120)), "a red circle")
    assert mask.size == (200, 120) and np.asarray(mask).min() == 255


def test_what_the_model_does_not_see_is_not_found(model):
    with pytest.raises(RegionNotFound, match="a red circle"):
        ClipSegFinder(ModelSource(model(-100))).find(circle_and_square(), "a red circle")


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(ModelIncomplete, match="CLIPSeg"):
        ClipSegFinder(ModelSource(str(tmp_path)))
