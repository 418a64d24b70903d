"""R8: a LoRA added and taken away again, against diffusers' load, fuse, unfuse and unload.

Ours comes from the store in main memory, where `prefetch` puts it while the picture before is drawn; the
first time, from the file, is printed beside it. What a step costs with the LoRA as a sum and as layers of
its own (what `set_adapters` leaves in the model) shows why it is a sum.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
from diffusers import StableDiffusionXLPipeline

from gpu.adapters import AdapterStore, attached
from gpu.loras import ADAPTED
from gpu.requests import Adapter

from .ratio import pairs, ratios, verdict
from .subject import PROMPT, Subject, subject

BAR = 0.1


def main() -> None:
    with subject() as measured:
        pipeline = measured.pipeline()
        store = AdapterStore(pinned=measured.device != "cpu")
        chosen = [Adapter(str(measured.lora))]

        def swap() -> None:
            with attached(pipeline, chosen, store):
                pass

        def surgery() -> None:
            pipeline.load_lora_weights(str(measured.lora))
            pipeline.fuse_lora(components=list(ADAPTED))
            pipeline.unfuse_lora(components=list(ADAPTED))
            pipeline.unload_lora_weights()

        first = _seconds(measured, swap)
        timed = pairs(lambda: _seconds(measured, swap), lambda: _seconds(measured, surgery))
        print(f"{measured.name}: {measured.lora.name}, {store.bytes() / 2**20:.1f} MiB")
        print(f"added and taken away     {median(ours for ours, _ in timed) * 1e3:9.2f} ms")
        print(f"the first time           {first * 1e3:9.2f} ms")
        print(f"load, fuse, unload       {median(theirs for _, theirs in timed) * 1e3:9.2f} ms")
        _print_steps(measured, pipeline, store, chosen)
        print(verdict("R8", ratios(timed), at_most=BAR))


def _print_steps(
    measured: Subject, pipeline: StableDiffusionXLPipeline, store: AdapterStore, chosen: list[Adapter]
) -> None:
    def as_sum() -> float:
        with attached(pipeline, chosen, store):
            return _seconds(measured, lambda: _draw(measured, pipeline))

    def as_layers() -> float:
        pipeline.load_lora_weights(str(measured.lora))
        try:
            return _seconds(measured, lambda: _draw(measured, pipeline))
        finally:
            pipeline.unload_lora_weights()

    values = ratios(pairs(as_layers, as_sum))
    spread = f"{median(values):.2f} [{min(values):.2f}–{max(values):.2f}]"
    print(f"a picture, layers ÷ sums {spread:>12}")


def _draw(measured: Subject, pipeline: StableDiffusionXLPipeline) -> None:
    pipeline(PROMPT, generator=torch.Generator().manual_seed(0), output_type="latent", **measured.settings)


def _seconds(measured: Subject, action: Callable[[], None]) -> float:
    measured.finish()
    began = time.perf_counter()
    action()
    measured.finish()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
