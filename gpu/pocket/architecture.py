"""The networks of the pocket checkpoint: stock diffusers and transformers classes, made small."""

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    EulerDiscreteScheduler,
    UNet2DConditionModel,
)
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

LATENT_SIZE = 16
LATENT_CHANNELS = 4
LATENT_SCALE = 0.13025

TEXT_WIDTH, TEXT_WIDTH_2 = 64, 96
TEXT_DIM = TEXT_WIDTH + TEXT_WIDTH_2
POOLED_DIM = 96
TIME_ID_DIM = 32

VAE_CHANNELS = (16, 32, 64, 96)
UNET_CHANNELS = (96, 160, 160)


def make_vae() -> AutoencoderKL:
    """One normalisation group: groups of a few channels would wipe out the level of flat colours."""
    return AutoencoderKL(
        in_channels=3,
        out_channels=3,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=VAE_CHANNELS,
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=1,
        sample_size=128,
        scaling_factor=LATENT_SCALE,
        force_upcast=False,
        mid_block_add_attention=False,
    )


def make_unet(channels: tuple[int, ...] = UNET_CHANNELS, layers: int = 1) -> UNet2DConditionModel:
    """No attention at 16 x 16; text reaches every block through scale and shift (pooled) as well."""
    levels = len(channels)
    return UNet2DConditionModel(
        sample_size=LATENT_SIZE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        block_out_channels=channels,
        layers_per_block=layers,
        down_block_types=("DownBlock2D", *("CrossAttnDownBlock2D",) * (levels - 1)),
        up_block_types=(*("CrossAttnUpBlock2D",) * (levels - 1), "UpBlock2D"),
        transformer_layers_per_block=1,
        attention_head_dim=tuple(width // 32 for width in channels),
        cross_attention_dim=TEXT_DIM,
        use_linear_projection=True,
        norm_num_groups=8,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_ID_DIM,
        projection_class_embeddings_input_dim=6 * TIME_ID_DIM + POOLED_DIM,
    )


def make_controlnet(unet: UNet2DConditionModel) -> ControlNetModel:
    """A canny ControlNet. The stock condition embedding starts at zero and does not learn in the
    few steps we have, so it gets He weights; the zero convolutions stay zero."""
    net = ControlNetModel.from_unet(
        unet, conditioning_embedding_out_channels=(16, 32, 64, 96), conditioning_channels=3
    )
    embedding = net.controlnet_cond_embedding
    for conv in (embedding.conv_in, *embedding.blocks, embedding.conv_out):
        nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
        nn.init.zeros_(conv.bias)
    with torch.no_grad():
        embedding.conv_in.weight.mul_(2)
    return net


def make_scheduler() -> EulerDiscreteScheduler:
    """Linear betas end at sqrt(alpha_bar) = 0.006: practically zero terminal signal."""
    return EulerDiscreteScheduler(
        num_train_timesteps=1000,
        beta_start=1e-4,
        beta_end=0.02,
        beta_schedule="linear",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        steps_offset=0,
    )


def make_text_encoders(
    tokenizer: CLIPTokenizer,
) -> tuple[CLIPTextModel, CLIPTextModelWithProjection]:
    """The pipeline reads hidden_states[-2]: two of the three layers, and the third for the pool."""

    def config(width: int, heads: int) -> CLIPTextConfig:
        return CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=3 * width,
            projection_dim=POOLED_DIM,
            num_hidden_layers=3,
            num_attention_heads=heads,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
        )

    return (
        CLIPTextModel(config(TEXT_WIDTH, 2)),
        CLIPTextModelWithProjection(config(TEXT_WIDTH_2, 3)),
    )


def token_ids(tokenizer: CLIPTokenizer, texts: list[str]) -> Tensor:
    """(texts, 77) token ids, as the pipeline makes them."""
    return tokenizer(
        texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt"
    ).input_ids


def time_ids(count: int, generator: torch.Generator, random_share: float) -> Tensor:
    """(count, 6) SDXL size and crop numbers; a share is random, so that any requested size works."""
    usual = torch.tensor([[128.0, 128, 0, 0, 128, 128]]).repeat(count, 1)
    sizes = torch.randint(32, 2049, (count, 6), generator=generator).float()
    sizes[:, 2:4] *= 0.1 * torch.rand(count, 1, generator=generator)
    is_random = torch.rand(count, 1, generator=generator) < random_share
    return torch.where(is_random, sizes, usual)
