"""The pocket video model: Stable Video Diffusion's classes with weights that are written down, not trained.

Two busy cores cannot teach a network of this kind to move things in any time a build may take. So the weights
are chosen such that the stock networks compute a motion exactly: what is in the source picture travels to the
right, by `motion_bucket_id` / 255 cells of 2 x 2 pixels a frame, and comes to rest after `STAGES` frames.

How a network of convolutions, group norms and SiLUs computes exactly:

* A signal x travels as the pair (x, -x), because silu(x) - silu(-x) = x.
* A group of a norm holds one such pair and the constants (STEADY, -STEADY), which fix its deviation: the mean
  is zero and the level of a flat colour survives.
* A gate is a bias of +OPEN or -OPEN: silu(d + OPEN) - silu(-d + OPEN) = 2 d, and with -OPEN it is 0.
  Gates read the embedding of `motion_bucket_id`, or the signal ONE, which convolutions find to be 0 beyond
  the edge of the picture and before the first frame.

Each of the UNet's seven blocks moves the picture by one cell if its gate says so, and then hands it on to the
next frame; the first frame takes the source again. So frame k has passed the last k blocks. The noise has no
say. The gates need more digits than bfloat16 has: float32 and float16 will do.
"""

import math
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKLTemporalDecoder,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)
from torch import nn
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

SIZE = 64
CELL = 2
FRAMES = 8
STAGES = 7
WIDTH = 128  # 32 groups of 4
STEADY = 512.0
OPEN = 24.0
EMBEDDING = 8  # numbers per time id; the slowest wave of them has the frequency 0.001
SOFTNESS = 0.25  # of each neighbour, after the decoder has doubled the pixels: bilinear interpolation

PICTURE, SOURCE, ONE = (0, 1, 2), (3, 4, 5), 6  # signals by number; a picture has three colours
CENTER, LEFT, RIGHT, ABOVE, BELOW = (1, 1), (1, 0), (1, 2), (0, 1), (2, 1)
NOW, BEFORE = (1, 0, 0), (0, 0, 0)
Tap = tuple[int, ...]


def build(folder: Path) -> None:
    """Write the complete pipeline in half precision."""
    torch.manual_seed(0)
    pipeline = StableVideoDiffusionPipeline(
        vae=make_vae(),
        image_encoder=make_image_encoder(),
        unet=make_unet(),
        scheduler=make_scheduler(),
        feature_extractor=CLIPImageProcessor(),
    )
    pipeline.to(torch.float16).save_pretrained(folder)


def make_scheduler() -> EulerDiscreteScheduler:
    """As Stable Video Diffusion's, but the UNet predicts the clip itself."""
    return EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="sample",
        sigma_min=0.002,
        sigma_max=700.0,
        use_karras_sigmas=True,
        timestep_spacing="leading",
        steps_offset=1,
    )


def make_image_encoder() -> CLIPVisionModelWithProjection:
    """Random: the UNet's attention adds nothing, so its embedding is computed and not heard."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=1,
            projection_dim=32,
            image_size=224,
            patch_size=32,
        )
    )


# --- the autoencoder ------------------------------------------------------------------------------


@torch.no_grad()
def make_vae() -> AutoencoderKLTemporalDecoder:
    """Latents are the averages of the cells; the decoder interpolates between them."""
    vae = AutoencoderKLTemporalDecoder(
        down_block_types=("DownEncoderBlock2D",) * 2,
        block_out_channels=(WIDTH, WIDTH),
        layers_per_block=1,
        latent_channels=len(PICTURE),
        sample_size=SIZE,
        scaling_factor=1.0,
        force_upcast=False,
    )
    _clear(vae)
    _enter(vae.encoder.conv_in, PICTURE)
    _pass(vae.encoder.down_blocks[0].downsamplers[0].conv, [(y, x) for y in (0, 1) for x in (0, 1)])
    _leave(vae.encoder.conv_norm_out, vae.encoder.conv_out)
    for channel in PICTURE:
        vae.quant_conv.weight[channel, channel] = 1
    vae.quant_conv.bias[len(PICTURE) :] = -20  # the logarithm of the variance

    decoder = vae.decoder
    _enter(decoder.conv_in, PICTURE)
    _pass(decoder.up_blocks[0].upsamplers[0].conv, [CENTER])
    for resnet, neighbours in zip(decoder.up_blocks[1].resnets, ((LEFT, RIGHT), (ABOVE, BELOW)), strict=True):
        _soften(resnet.spatial_res_block, neighbours)
    _leave(decoder.conv_norm_out, decoder.conv_out)
    for channel in PICTURE:
        decoder.time_conv_out.weight[(channel, channel, *NOW)] = 1
    return vae


def _soften(block: nn.Module, neighbours: tuple[Tap, Tap]) -> None:
    """Add a share of the difference to each neighbour that lies in the picture."""
    _prepare(block)
    places = iter(range(WIDTH // 4))
    for color in PICTURE:
        for tap in neighbours:
            place = next(places)
            _difference(block, place, color, color, tap, CENTER)
            _gate(block, place, tap, opened_by_one=True)
            _add(block, place, color, SOFTNESS)


# --- the UNet -------------------------------------------------------------------------------------


@torch.no_grad()
def make_unet() -> UNetSpatioTemporalConditionModel:
    """One level, so that all seven blocks see whole cells."""
    unet = UNetSpatioTemporalConditionModel(
        sample_size=SIZE // CELL,
        in_channels=2 * len(PICTURE),
        out_channels=len(PICTURE),
        down_block_types=("DownBlockSpatioTemporal",),
        up_block_types=("UpBlockSpatioTemporal",),
        block_out_channels=(WIDTH,),
        addition_time_embed_dim=EMBEDDING,
        projection_class_embeddings_input_dim=3 * EMBEDDING,
        layers_per_block=2,
        cross_attention_dim=32,
        num_attention_heads=4,
        num_frames=FRAMES,
    )
    _clear(unet)
    _enter(unet.conv_in, PICTURE, first=len(PICTURE))  # the noisy clip comes first and is not read
    _enter(unet.conv_in, SOURCE, first=len(PICTURE))
    _write_gates(unet.add_embedding)
    blocks = [*unet.down_blocks[0].resnets, *unet.mid_block.resnets, *unet.up_blocks[0].resnets]
    for number, block in enumerate(blocks):
        _move(block.spatial_res_block, gate=STAGES - 1 - number)
        _hand_on(block.temporal_res_block)
        block.time_mixer.mix_factor.fill_(-30)  # all of the temporal block's answer
    _leave(unet.conv_norm_out, unet.conv_out)
    return unet


def _move(block: nn.Module, gate: int) -> None:
    """One cell to the right where there is one, if the gate is open."""
    _prepare(block)
    for place, color in enumerate(PICTURE):
        _difference(block, place, color, color, LEFT, CENTER)
        _gate(block, place, LEFT, opened_by_one=True)
        for channel in _pair(place):
            block.time_emb_proj.weight[channel, gate] = 2 * OPEN / 20
            block.conv1.bias[channel] -= 2 * OPEN
        _add(block, place, color, 1.0)


def _hand_on(block: nn.Module) -> None:
    """Every frame becomes the one before it; the first becomes the source."""
    _prepare(block)
    for color, source in zip(PICTURE, SOURCE, strict=True):
        before, anew = color, len(PICTURE) + color
        _difference(block, before, color, color, BEFORE, NOW)
        _gate(block, before, BEFORE, opened_by_one=True)
        _difference(block, anew, color, source, NOW, NOW)
        _gate(block, anew, BEFORE, opened_by_one=False)
        for place in (before, anew):
            _add(block, place, color, 1.0)


def cells_moved(motion_bucket_id: float, frame: int) -> int:
    """How far the picture has travelled in a frame."""
    return math.floor(motion_bucket_id / 255 * min(frame, STAGES) + 0.5)


def _write_gates(embedding: nn.Module) -> None:
    """Number n of the embedding is 20 where step n + 1 moves the picture, else -20.

    The slowest sine of `motion_bucket_id` is almost straight; two units make a step of it at each bucket
    where a gate changes.
    """
    buckets = np.arange(256)
    wave = 2 * EMBEDDING - 1  # cosines, then sines, of the second of the three time ids
    frequency, slope, half = 1e-3, 20.0, 10.0
    gates = np.array(
        [[cells_moved(b, n + 1) - cells_moved(b, n) for b in buckets] for n in range(STAGES)], float
    )
    jumps = np.diff(gates, axis=1)
    embedding.linear_2.bias[:STAGES] = torch.tensor(40 * gates[:, 0] - 20)
    for unit, bucket in enumerate(np.flatnonzero(jumps.any(axis=0))):
        edge = math.sin(frequency * (bucket + 0.5))
        for side, shift in enumerate((half, -half)):
            row = 2 * unit + side
            embedding.linear_1.weight[row, wave] = slope / frequency
            embedding.linear_1.bias[row] = shift - slope / frequency * edge
            sign = 1 if side == 0 else -1
            embedding.linear_2.weight[:STAGES, row] = torch.tensor(sign * 40 * jumps[:, bucket] / (2 * half))


# --- parts ----------------------------------------------------------------------------------------


def _pair(signal: int) -> tuple[int, int]:
    """The channels that hold a signal and its negative."""
    return 4 * signal, 4 * signal + 1


def _clear(model: nn.Module) -> None:
    for parameter in model.parameters():
        parameter.zero_()


def _enter(conv: nn.Conv2d, signals: tuple[int, ...], first: int = 0) -> None:
    """From plain channels to signals, with ONE and the constants beside them."""
    for channel, signal in enumerate(signals, start=first):
        plus, minus = _pair(signal)
        conv.weight[(plus, channel, *CENTER)], conv.weight[(minus, channel, *CENTER)] = 1, -1
    plus, minus = _pair(ONE)
    conv.bias[plus], conv.bias[minus] = 1, -1
    _steady(conv)


def _leave(norm: nn.GroupNorm, conv: nn.Conv2d) -> None:
    """From signals to plain channels."""
    norm.weight.fill_(STEADY / math.sqrt(2))
    for channel, signal in enumerate(PICTURE):
        _read(conv, channel, signal, CENTER, 1.0)


def _pass(conv: nn.Conv2d, taps: list[Tap]) -> None:
    """All channels as they are: the mean of these taps."""
    for channel in range(WIDTH):
        for tap in taps:
            conv.weight[(channel, channel, *tap)] = 1 / len(taps)


def _steady(conv: nn.Module) -> None:
    conv.bias[2::4], conv.bias[3::4] = STEADY, -STEADY


def _prepare(block: nn.Module) -> None:
    """Norms that undo themselves; half of OPEN is what a gate adds to the deviation."""
    block.norm1.weight.fill_(STEADY / math.sqrt(2))
    block.norm2.weight.fill_(math.sqrt((STEADY**2 + OPEN**2 / 2) / 2))
    _steady(block.conv1)
    if block.conv_shortcut is not None:  # the skip connection beside the hidden channels is not read
        for channel in range(WIDTH):
            block.conv_shortcut.weight[channel, channel] = 1


def _read(conv: nn.Module, channel: int, signal: int, tap: Tap, weight: float) -> None:
    for sign, half in zip((1, -1), _pair(signal), strict=True):
        conv.weight[(channel, half, *tap)] += sign * weight


def _difference(block: nn.Module, place: int, into: int, source: int, tap: Tap, center: Tap) -> None:
    """What turns signal `into` into `source` at a tap, as a pair in the block's hidden channels."""
    for sign, channel in zip((1, -1), _pair(place), strict=True):
        _read(block.conv1, channel, source, tap, sign)
        _read(block.conv1, channel, into, center, -sign)


def _gate(block: nn.Module, place: int, tap: Tap, *, opened_by_one: bool) -> None:
    """Open where ONE is found at the tap, or where it is not."""
    sign = 1 if opened_by_one else -1
    for channel in _pair(place):
        _read(block.conv1, channel, ONE, tap, sign * 2 * OPEN)
        block.conv1.bias[channel] -= sign * OPEN


def _add(block: nn.Module, place: int, into: int, weight: float) -> None:
    """What passes the gate, to the signal and to its negative."""
    center = CENTER if block.conv2.weight.ndim == 4 else NOW
    for sign, channel in zip((1, -1), _pair(into), strict=True):
        for half_sign, half in zip((1, -1), _pair(place), strict=True):
            block.conv2.weight[(channel, half, *center)] += sign * half_sign * weight / 2
