"""Training a LoRA from a handful of pictures on a resident checkpoint, which stays as it was.

Pictures and prompt are encoded once; a step draws its noise from the seed and its own number alone, so that
a training that was cut off goes on from its last checkpoint as if nothing had happened.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, StableDiffusionXLPipeline, UNet2DConditionModel
from diffusers.training_utils import cast_training_params
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from PIL import Image, ImageOps
from torch import Tensor

from gpu.device import CPU
from gpu.errors import BrokenOutput, Canceled
from gpu.requests import StepEvent
from gpu.training_requests import TrainingRequest, TrainingResult
from gpu.unfinished import keep, kept

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0")
CONVOLUTIONS = ("conv1", "conv2", "time_emb_proj")
FULL_SIZE = 100_000_000  # parameters
PICTURES_A_STEP = 4
CHECKPOINT = "checkpoint.pt"
LORA = "pytorch_lora_weights.safetensors"


def train(
    base: StableDiffusionXLPipeline,
    request: TrainingRequest,
    on_step: Callable[[StepEvent], None],
    should_cancel: Callable[[], bool],
) -> TrainingResult:
    """Train, with a checkpoint in the request's folder every so often, and leave the LoRA file there.

    Goes on from the checkpoint that the folder holds.
    Raises: `Canceled` between two steps, when `should_cancel` says so, with the last step saved;
    `BrokenOutput` when the training diverges.
    """
    lessons = _lessons(base, request)
    with _adapter(base, request) as weights:
        course = _Course(request, weights)
        first = course.step
        saved_at = time.monotonic()
        while course.step < request.steps:
            if should_cancel():
                course.save()
                raise Canceled("The training was canceled.")
            course.take(_loss(base.unet, lessons, request.seed + course.step))
            on_step(StepEvent(course.step, request.steps, lambda: list(request.images)))
            if time.monotonic() - saved_at > request.checkpoint_seconds:
                course.save()
                saved_at = time.monotonic()
        course.save()
        layers = get_peft_model_state_dict(base.unet)
    base.save_lora_weights(request.folder, unet_lora_layers=layers, weight_name=LORA)
    return TrainingResult(request.folder / LORA, _side(base), first, tuple(course.losses))


def _targets(unet: UNet2DConditionModel) -> list[str]:
    """The layers that learn. Attention holds the shapes of a full-size UNet; a small one has too little of
    it, and none at the finest level, so there the convolutions learn too."""
    small = unet.num_parameters() < FULL_SIZE
    return [*ATTENTION, *CONVOLUTIONS] if small else list(ATTENTION)


@contextmanager
def _adapter(base: StableDiffusionXLPipeline, request: TrainingRequest) -> Iterator[list[torch.nn.Parameter]]:
    """A fresh LoRA in the UNet, in float32 whatever the UNet's own dtype; gone after the block."""
    unet, rank = base.unet.requires_grad_(False), request.rank
    config = LoraConfig(
        r=rank, lora_alpha=rank, init_lora_weights="gaussian", target_modules=_targets(unet)
    )  # fmt: skip
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(request.seed)
            unet.add_adapter(config)
        cast_training_params(unet, torch.float32)
        if unet.device.type != CPU:  # time for memory: a full-size UNet leaves little beside itself
            unet.train().enable_gradient_checkpointing()
        yield [weight for weight in unet.parameters() if weight.requires_grad]
    finally:
        unet.disable_gradient_checkpointing()
        unet.eval()
        base.unload_lora_weights()


class _Course:
    """What a training has reached: weights, the optimiser's memory, losses; kept in one file."""

    def __init__(self, request: TrainingRequest, weights: list[torch.nn.Parameter]) -> None:
        self._file = request.folder / CHECKPOINT
        self._weights = weights
        self._optimizer = torch.optim.AdamW(weights, lr=request.learning_rate)
        self.losses: list[float] = []
        if state := kept(self._file):
            self._go_on_from(state)

    @property
    def step(self) -> int:
        """Steps taken so far."""
        return len(self.losses)

    def take(self, loss: Tensor) -> None:
        """One step downhill."""
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad()
        value = loss.item()
        if not np.isfinite(value):
            raise BrokenOutput(
                f"The training diverged at step {self.step + 1}; use a lower learning_rate or other pictures."
            )
        self.losses.append(value)

    def save(self) -> None:
        state = {
            "weights": [weight.detach() for weight in self._weights],
            "optimizer": self._optimizer.state_dict(),
            "losses": self.losses,
        }
        keep(self._file, state)

    def _go_on_from(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for weight, stored in zip(self._weights, state["weights"], strict=True):
                weight.copy_(stored)
        self._optimizer.load_state_dict(state["optimizer"])
        self.losses = state["losses"]


@dataclass(frozen=True, slots=True)
class _Lessons:
    """What every step draws from."""

    latents: Tensor
    hidden: Tensor
    conditions: dict[str, Tensor]
    schedule: DDPMScheduler


@torch.no_grad()
def _lessons(base: StableDiffusionXLPipeline, request: TrainingRequest) -> _Lessons:
    """Pictures and prompt, encoded."""
    device, dtype = base.unet.device, base.unet.dtype
    side = _side(base)
    texts = base.encode_prompt(request.prompt, device=device, do_classifier_free_guidance=False)
    hidden, _, pooled, _ = texts
    size = torch.tensor([[side, side, 0, 0, side, side]], device=device, dtype=dtype)
    return _Lessons(
        latents=torch.cat([_latents(base, image, side) for image in request.images]).float(),
        hidden=hidden,
        conditions={"text_embeds": pooled, "time_ids": size},
        schedule=DDPMScheduler.from_config(base.scheduler.config),
    )


def _side(base: StableDiffusionXLPipeline) -> int:
    """The checkpoint's own size, in pixels."""
    return base.unet.config.sample_size * base.vae_scale_factor


def _latents(base: StableDiffusionXLPipeline, image: Image.Image, side: int) -> Tensor:
    """A picture, cut to a square of the checkpoint's own size, as scaled latents."""
    square = ImageOps.fit(image.convert("RGB"), (side, side), Image.Resampling.LANCZOS)
    vae = base.vae
    pixels = base.image_processor.preprocess(square).to(vae.device, vae.dtype)
    return vae.encode(pixels).latent_dist.mode() * vae.config.scaling_factor


def _loss(unet: UNet2DConditionModel, lessons: _Lessons, seed: int) -> Tensor:
    """How far the UNet is from the truth on some of the pictures, under noise that the seed decides."""
    draw = torch.Generator().manual_seed(seed)
    schedule, device = lessons.schedule, unet.device
    count = min(PICTURES_A_STEP, len(lessons.latents))
    chosen = torch.randperm(len(lessons.latents), generator=draw)[:count]
    clean = lessons.latents[chosen.to(device)]
    noise = torch.randn(clean.shape, generator=draw).to(device)
    steps = torch.randint(schedule.config.num_train_timesteps, (count,), generator=draw).to(device)
    predicted = unet(
        schedule.add_noise(clean, noise, steps).to(unet.dtype),
        steps,
        lessons.hidden.expand(count, -1, -1),
        added_cond_kwargs={name: value.expand(count, -1) for name, value in lessons.conditions.items()},
        return_dict=False,
    )[0]
    return torch.nn.functional.mse_loss(predicted.float(), _truth(schedule, clean, noise, steps))


def _truth(schedule: DDPMScheduler, clean: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
    """What the checkpoint was taught to predict."""
    kind = schedule.config.prediction_type
    if kind == "v_prediction":
        return schedule.get_velocity(clean, noise, steps)
    return clean if kind == "sample" else noise
