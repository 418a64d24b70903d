"""Schedulers by the names the field uses. Importable without torch; `gpu.pipelines` builds them."""

from typing import Any

from gpu.errors import UnknownScheduler

# SDXL latents are not bounded by [-1, 1]: clipping them (the default of some classes) ruins the picture.
_UNCLIPPED = {"clip_sample": False}
_DPM = "DPMSolverMultistepScheduler"

SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_karras": ("EulerDiscreteScheduler", {"use_karras_sigmas": True}),
    "euler_trailing": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "dpmpp_2m": (_DPM, {"algorithm_type": "dpmsolver++"}),
    "dpmpp_2m_karras": (_DPM, {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True}),
    "dpmpp_2m_sde": (_DPM, {"algorithm_type": "sde-dpmsolver++"}),
    "dpmpp_2m_sde_karras": (_DPM, {"algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}),
    "dpmpp_2s": ("DPMSolverSinglestepScheduler", {"algorithm_type": "dpmsolver++"}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "deis": ("DEISMultistepScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "pndm": ("PNDMScheduler", {"skip_prk_steps": True}),
    "ddim": ("DDIMScheduler", _UNCLIPPED),
    "ddpm": ("DDPMScheduler", _UNCLIPPED),
    "lcm": ("LCMScheduler", _UNCLIPPED),
    "tcd": ("TCDScheduler", _UNCLIPPED),
}


def recipe(name: str) -> tuple[str, dict[str, Any]]:
    """The diffusers class name and options behind a scheduler name.

    Raises `UnknownScheduler`, whose message lists the known names.
    """
    if name not in SCHEDULERS:
        raise UnknownScheduler(f"Scheduler {name!r} is unknown; use one of {', '.join(sorted(SCHEDULERS))}.")
    return SCHEDULERS[name]
