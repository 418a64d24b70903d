"""Regions in photographs: a CLIPSeg checkpoint (Lüddecke and Ecker, 2022) as transformers runs it.

Nothing is shipped or downloaded unasked: the workflow names a local folder or a pinned hub revision.
"""

import torch
from PIL import Image
from torch.nn.functional import interpolate
from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

from gpu import hub
from gpu.errors import ModelIncomplete
from gpu.masks import Mask, from_array, grown
from gpu.regions import RIM, RegionNotFound
from gpu.requests import ModelSource

LIKELY = 0.5  # of 0..1; the logits are trained with a binary cross-entropy


class ClipSegFinder:
    """Loaded once; runs on the CPU, where a picture takes about a second and no device memory."""

    def __init__(self, source: ModelSource) -> None:
        """Raises: ModelIncomplete, or as `gpu.hub.snapshot`."""
        folder = source.location
        if source.revision is not None:
            folder = str(hub.snapshot(source, (*hub.CONFIG_PATTERNS, *hub.weight_patterns(None))))
        options = {"local_files_only": True}
        try:
            self._model = CLIPSegForImageSegmentation.from_pretrained(
                folder, use_safetensors=True, **options
            ).eval()
            self._processor = CLIPSegProcessor.from_pretrained(folder, **options)
        except (OSError, ValueError) as error:
            raise ModelIncomplete(
                f"The region finder {source.location} cannot be loaded; it must be a CLIPSeg folder with"
                " safetensors weights."
            ) from error

    @torch.inference_mode()
    def find(self, picture: Image.Image, text: str) -> Mask:
        """Where the model holds the text for more likely than not. Raises: RegionNotFound."""
        rgb = picture.convert("RGB")
        inputs = self._processor(
            text=[text], images=[rgb], return_tensors="pt", padding="max_length", truncation=True
        )
        logits = self._model(**inputs).logits
        size = (rgb.height, rgb.width)
        full = interpolate(logits.reshape(1, 1, *logits.shape[-2:]), size, mode="bilinear")
        found = full[0, 0].sigmoid().numpy() > LIKELY
        if not found.any():
            raise RegionNotFound(f"There is no “{text}” in the picture; name what is there, or send a mask.")
        return grown(from_array(found), max(2, round(min(rgb.size) * RIM)))
