"""How a device computes: a pool's settings, applied to the process and to every network it loads."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL

from gpu import memory
from gpu.device import CPU, default_dtype

BUCKETS = 8  # shapes that are compiled; pictures of any further shape are drawn without
RECOMPILES = 64  # of one block's code: shapes times the widths that the blocks of a UNet have
DECODING = 10  # layers as wide as the autoencoder's last one: what decoding holds at once, at full size


@dataclass(frozen=True, slots=True)
class Compute:
    """What a pool may choose.

    `compile` compiles the repeated blocks of each UNet for the first shapes that are asked for; `tf32` lets
    float32 products on a GPU lose three decimal digits for their speed.
    """

    compile: bool = False
    tf32: bool = False


class Engine:
    """The settings at work on one device."""

    def __init__(self, device: str, compute: Compute) -> None:
        self.device = device
        self.compute = compute
        # Not where the cores that would load a model are those that draw: the picture before would pay for
        # the gap that closes (docs/decisions/0015).
        self.loads_ahead = device != CPU
        self._buckets: set[tuple[int, ...]] = set()
        torch.backends.cudnn.benchmark = False  # the fastest kernel may differ from run to run
        torch.backends.cudnn.deterministic = True
        torch.backends.cuda.matmul.allow_tf32 = compute.tf32
        torch.backends.cudnn.allow_tf32 = compute.tf32
        if compute.compile:
            torch._dynamo.config.recompile_limit = RECOMPILES

    def prepare(self, network: torch.nn.Module) -> None:
        """Lay a loaded network out for the device, and have it compiled when it first runs."""
        if self.device != CPU:
            network.to(memory_format=torch.channels_last)  # what convolutions on tensor cores read
        if self.compute.compile and getattr(network, "_repeated_blocks", None):
            network.compile_repeated_blocks(dynamic=False)

    @contextmanager
    def drawing(self, *shape: int) -> Iterator[None]:
        """Around a pipeline call: its shape is compiled if it is one of the first."""
        if shape in self._buckets or len(self._buckets) < BUCKETS:
            self._buckets.add(shape)
            yield
        else:
            with self.eager():
                yield

    @contextmanager
    def eager(self) -> Iterator[None]:
        """Without what is compiled: for a training, which changes the modules themselves."""
        if not self.compute.compile:
            yield
            return
        with torch.compiler.set_stance("force_eager"):
            yield

    @contextmanager
    def decoding(self, vae: AutoencoderKL, width: int, height: int) -> Iterator[None]:
        """Around a pipeline call: a picture is decoded in tiles if it would not fit whole.

        Only then, because tiles change it a little where they meet.
        """
        layer = width * height * vae.config.block_out_channels[0] * vae.dtype.itemsize
        if layer * DECODING <= memory.free_bytes(self.device):
            yield
            return
        vae.enable_tiling()
        try:
            yield
        finally:
            vae.disable_tiling()

    @torch.no_grad()
    def warm_up(self) -> None:
        """Take the device, and load the libraries that its first product, convolution and attention need."""
        dtype = getattr(torch, default_dtype(self.device))
        picture = torch.zeros(1, 64, 32, 32, device=self.device, dtype=dtype)
        seen = torch.nn.Conv2d(64, 64, 3, device=self.device, dtype=dtype)(picture).flatten(2)
        rows = torch.nn.Linear(seen.shape[-1], 64, device=self.device, dtype=dtype)(seen)[None]
        torch.nn.functional.scaled_dot_product_attention(rows, rows, rows).sum().item()
