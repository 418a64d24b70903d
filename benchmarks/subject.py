"""What the ratios of drawing are measured on: full-size SDXL on a GPU, the pocket models on a CPU.

The full-size checkpoint has random weights, which take as long as any others and need no download; its
tokenizers are the pocket models'.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import (
    AutoencoderKL,
    EulerDiscreteScheduler,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from gpu import device, pocket
from gpu.pipelines import quieten

PROMPT = "a red circle on a blue background"
RANK = 16  # of the full-size LoRA, which touches the attention of the UNet, as most do


@dataclass(frozen=True, slots=True)
class Subject:
    """A checkpoint on disk, a LoRA for it, and what is asked of both."""

    name: str
    device: str
    dtype: torch.dtype
    checkpoint: Path
    lora: Path
    settings: dict[str, Any]  # as the pipelines call them

    def pipeline(self) -> StableDiffusionXLPipeline:
        """The plain diffusers way to load it."""
        plain = StableDiffusionXLPipeline.from_pretrained(
            self.checkpoint, dtype=self.dtype, use_safetensors=True, add_watermarker=False
        )
        plain.set_progress_bar_config(disable=True)
        return plain.to(self.device)

    def finish(self) -> None:
        """Wait until the device has done what it was told."""
        if self.device != device.CPU:
            torch.cuda.synchronize(self.device)


@contextmanager
def subject() -> Iterator[Subject]:
    """The one that suits this machine."""
    quieten()
    if torch.cuda.is_available():
        with tempfile.TemporaryDirectory(prefix="atelier-sdxl-") as folder:
            yield _full_size(Path(folder))
        return
    torch.set_num_threads(1)  # as pools.toml has it
    settings = {"width": 128, "height": 128, "num_inference_steps": 20, "guidance_scale": 3.0}
    lora = next(pocket.LORA.glob("*.safetensors"))
    yield Subject("pocket models, CPU", device.CPU, torch.float32, pocket.CHECKPOINT, lora, settings)


def _full_size(folder: Path) -> Subject:
    checkpoint, lora = folder / "sdxl", folder / "lora.safetensors"
    tokenizer = CLIPTokenizer.from_pretrained(pocket.CHECKPOINT / "tokenizer")
    torch.manual_seed(0)
    with torch.device("cuda:0"):
        unet = _unet()
        first, second = (
            _text_encoder(CLIPTextModel, 768, 12, 12, "quick_gelu"),
            _text_encoder(CLIPTextModelWithProjection, 1280, 32, 20, "gelu"),
        )
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            latent_channels=4,
            sample_size=1024,
            scaling_factor=0.13025,
            force_upcast=False,  # as in the fixed autoencoder, the one to use in half precision
        )
    pipeline = StableDiffusionXLPipeline(
        vae=vae, text_encoder=first, text_encoder_2=second, tokenizer=tokenizer, tokenizer_2=tokenizer,
        unet=unet, scheduler=EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
            timestep_spacing="leading",
        ),
        add_watermarker=False,
    )  # fmt: skip
    pipeline.to(torch.bfloat16).save_pretrained(checkpoint)
    _write_lora(unet, lora)
    settings = {"width": 1024, "height": 1024, "num_inference_steps": 30, "guidance_scale": 5.0}
    name = f"full-size SDXL, {torch.cuda.get_device_name(0)}"
    return Subject(name, "cuda:0", torch.bfloat16, checkpoint, lora, settings)


def _unet() -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(320, 640, 1280),
        layers_per_block=2,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )


def _text_encoder(kind: type, width: int, layers: int, heads: int, activation: str) -> torch.nn.Module:
    return kind(
        CLIPTextConfig(
            hidden_size=width,
            intermediate_size=4 * width,
            projection_dim=width,
            num_hidden_layers=layers,
            num_attention_heads=heads,
            hidden_act=activation,
        )
    )


def _write_lora(unet: UNet2DConditionModel, path: Path) -> None:
    tensors = {}
    for name, layer in unet.named_modules():
        if isinstance(layer, torch.nn.Linear) and ".attn" in name:
            high, wide = layer.weight.shape
            tensors[f"unet.{name}.lora_A.weight"] = torch.randn(RANK, wide) * 0.01
            tensors[f"unet.{name}.lora_B.weight"] = torch.randn(high, RANK) * 0.01
    save_file({name: tensor.half() for name, tensor in tensors.items()}, path)
