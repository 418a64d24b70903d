"""Writing what was trained in the layout that diffusers reads, in half precision."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    ModelMixin,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import load_file, save_file

from gpu.pocket import CHECKPOINT, CLIP, CONTROLNET, LORA
from gpu.pocket.architecture import make_scheduler
from gpu.pocket.text import TextStack

LORA_FILE = "pytorch_lora_weights.safetensors"


def export_part(work: Path, output: Path, stage: str) -> None:
    """Write what one of the stages that follow the checkpoint left in `work` into `output`."""
    if stage == "refine":
        _export_model(UNet2DConditionModel, work / "refined", output / CHECKPOINT.name / "unet")
    elif stage == "decoder":
        _export_model(AutoencoderKL, work / "vae-refined", output / CHECKPOINT.name / "vae")
    elif stage == "controlnet":
        _export_model(ControlNetModel, work / "controlnet", output / CONTROLNET.name)
    elif stage == "clip":
        shutil.copytree(work / "clip", output / CLIP.name, dirs_exist_ok=True)
    else:
        layers = load_file(work / "lora" / LORA_FILE)
        (output / LORA.name).mkdir(parents=True, exist_ok=True)
        halves = {name: layer.half().contiguous() for name, layer in layers.items()}
        save_file(halves, output / LORA.name / LORA_FILE, {"format": "pt"})


def _export_model(kind: type[ModelMixin], source: Path, target: Path) -> None:
    model = kind.from_pretrained(source, dtype=torch.float16)
    model.register_to_config(_name_or_path="")  # not where it was trained
    model.save_pretrained(target)


def export_pipeline(work: Path, folder: Path) -> None:
    """The complete SDXL pipeline."""
    stack = TextStack.load(work / "text")
    pipeline = StableDiffusionXLPipeline(
        vae=AutoencoderKL.from_pretrained(work / "vae"),
        text_encoder=stack.first,
        text_encoder_2=stack.second,
        tokenizer=stack.tokenizers[0],
        tokenizer_2=stack.tokenizers[1],
        unet=UNet2DConditionModel.from_pretrained(work / "unet"),
        scheduler=make_scheduler(),
        force_zeros_for_empty_prompt=True,
        add_watermarker=False,
    )
    shutil.rmtree(folder, ignore_errors=True)
    pipeline.to(torch.float16).save_pretrained(folder)
    for name in ("text_encoder", "text_encoder_2"):
        _amend(folder / name / "config.json", dtype="float32")
    for name in ("tokenizer", "tokenizer_2"):
        _write_vocabulary(folder / name)
    _amend(
        folder / "scheduler" / "scheduler_config.json",
        clip_sample=False,
        set_alpha_to_one=False,
        skip_prk_steps=True,
        sample_max_value=1.0,
    )


def _amend(file: Path, **values: object) -> None:
    """Plain from_pretrained() must load text encoders in float32 (transformers obeys the config's dtype)
    and must not let DDIM clip the latents (SDXL's own config says so too)."""
    config = json.loads(file.read_text()) | values
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def _write_vocabulary(folder: Path) -> None:
    """vocab.json and merges.txt, for readers older than tokenizer.json."""
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    merges = (m if isinstance(m, str) else " ".join(m) for m in model["merges"])
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
