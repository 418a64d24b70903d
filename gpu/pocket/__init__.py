"""The pocket models: a tiny SDXL checkpoint, a ControlNet and a LoRA that draw coloured shapes on a CPU,
and a CLIP that judges them.

Importing this package costs nothing: it only names the folders.
"""

from pathlib import Path

HERE = Path(__file__).resolve().parent

CHECKPOINT = HERE / "pocket-sdxl"
CONTROLNET = HERE / "pocket-controlnet-canny"
LORA = HERE / "pocket-lora-outline"
CLIP = HERE / "pocket-clip"
VIDEO = HERE / "pocket-svd"
