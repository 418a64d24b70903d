"""From "where the weights come from" to checked files on this disk. Importable without torch."""

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gpu import hub, tensorfile
from gpu.errors import (
    IncompatibleAdapter,
    ModelIncomplete,
    ModelNotFound,
    UnsafeWeights,
    UnsupportedModel,
)
from gpu.requests import ModelSource
from gpu.tensorfile import SUFFIX, TensorFile

PICKLE_SUFFIXES = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
# Describes single-file SDXL checkpoints that bring no folder of configs; configs only, pinned.
SDXL_CONFIG = ModelSource(
    "stabilityai/stable-diffusion-xl-base-1.0", "462165984030d82259a11f4367a4eed129e94a7b"
)
SDXL, VIDEO = "StableDiffusionXL", "StableVideoDiffusion"  # how the names of their pipelines begin
_FAMILIES = {SDXL: "an SDXL", VIDEO: "a Stable Video Diffusion"}
# What an autoencoder's config says if it is one of SDXL; other families have other latents.
SDXL_LATENTS = {"_class_name": "AutoencoderKL", "latent_channels": 4, "scaling_factor": 0.13025}
_STEMS = {"diffusers": "diffusion_pytorch_model", "transformers": "model"}
_LORA_DOWN = re.compile(r".+(lora_A|lora_down|lora\.down|_lora\.down|lora_linear_layer\.down)\.weight")
_CROSS_ATTENTION = re.compile(r".*attn2[._](processor[._])?to_k")


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """One network of a model in a folder."""

    name: str  # of the component; empty where the model is one network
    class_name: str
    folder: Path
    weights: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A complete model on disk: a diffusers folder, or one file described by a folder of configs."""

    source: ModelSource
    path: Path  # the folder, or the single file
    config: Path  # the folder with the configs
    weights: tuple[Path, ...]

    @property
    def is_single_file(self) -> bool:
        return self.path.is_file()

    def loaded_bytes(self, item_bytes: int, besides: Collection[Path] = ()) -> int:
        """How much memory the weights take with that many bytes per number, read from the headers.

        `besides` are files that need none, since what they hold is loaded.
        """
        wanted = (path for path in self.weights if path not in besides)
        return item_bytes * sum(tensorfile.read(path).elements for path in wanted)

    def networks(self) -> Iterator[NetworkFiles]:
        """The networks of a folder, by the order of their weights."""
        index = self.path / "model_index.json"
        if not index.is_file():
            class_name = _read_json(self.path / "config.json")["_class_name"]
            yield NetworkFiles("", class_name, self.path, self.weights)
            return
        classes = _read_json(index)
        for name in dict.fromkeys(path.parent.name for path in self.weights):
            weights = tuple(path for path in self.weights if path.parent.name == name)
            yield NetworkFiles(name, classes[name][1], self.path / name, weights)

    def read_ahead(self) -> None:
        """Let the system fetch the weights from the disk while something else is done."""
        for path in self.weights:
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every weight file, by its path inside the model."""
        root = self.path.parent if self.is_single_file else self.path
        return {path.relative_to(root).as_posix(): tensorfile.sha256(path) for path in self.weights}


@dataclass(frozen=True, slots=True)
class LoraInfo:
    """What the header of a LoRA file tells. `cross_attention_dim` is 2048 for SDXL, 768 for SD 1.5."""

    path: Path
    rank: int  # the largest one
    keys: int  # tensors
    bytes: int
    sha256: str
    cross_attention_dim: int | None


def resolve_checkpoint(source: ModelSource, variant: str | None = None) -> ModelFiles:
    """Find an SDXL checkpoint and check that nothing is missing.

    A single file `name.safetensors` is described by the folder `name` beside it (model_index.json, the
    components' configs and tokenizers); without one it is taken for a full-size SDXL checkpoint, whose
    configs come from the hub.
    Raises `ModelNotFound`, `ModelIncomplete` (naming the file), `UnsafeWeights`, `UnsupportedModel`,
    `InvalidRequest` for a hub id without a commit, `HubUnreachable`.
    """
    path = _locate(source, variant)
    if path.is_dir():
        return ModelFiles(source, path, path, tuple(_component_weights(path, variant)))
    tensorfile.read(path)
    sibling = path.with_suffix("")
    config = sibling if sibling.is_dir() else hub.snapshot(SDXL_CONFIG, hub.CONFIG_PATTERNS)
    _components(config)  # they must be complete; the weights come from the file
    return ModelFiles(source, path, config, (path,))


def resolve_video(source: ModelSource, variant: str | None = None) -> ModelFiles:
    """Find a Stable Video Diffusion folder and check that nothing is missing.

    Raises as `resolve_checkpoint` does.
    """
    path = _locate(source, variant)
    if not path.is_dir():
        raise UnsupportedModel(f"{path.name} is a single file; a video model must be a diffusers folder.")
    return ModelFiles(source, path, path, tuple(_component_weights(path, variant, VIDEO)))


def resolve_controlnet(source: ModelSource, variant: str | None = None) -> ModelFiles:
    """Find a ControlNet: a folder, or `name.safetensors` with its config.json in the folder `name`.

    Raises as `resolve_checkpoint` does.
    """
    path = _locate(source, variant)
    if path.is_dir():
        _read_json(path / "config.json")
        return ModelFiles(source, path, path, tuple(_weight_files(path, _STEMS["diffusers"], variant)))
    tensorfile.read(path)
    config = path.with_suffix("")
    _read_json(config / "config.json")
    return ModelFiles(source, path, config, (path,))


def resolve_vae(source: ModelSource, variant: str | None = None) -> ModelFiles:
    """Find an autoencoder that reads and writes the latents of SDXL; spelled as a ControlNet is.

    Raises as `resolve_checkpoint` does.
    """
    files = resolve_controlnet(source, variant)
    config = _read_json(files.config / "config.json")
    for name, wanted in SDXL_LATENTS.items():
        if config.get(name) != wanted:
            raise UnsupportedModel(
                f"{files.path.name} is no autoencoder for SDXL, as its {name} is {config.get(name)} and not"
                f" {wanted}; use one that is."
            )
    return files


def resolve_clip(source: ModelSource) -> ModelFiles:
    """Find a CLIP model: a folder with its config, its preprocessors and `model.safetensors`.

    Raises as `resolve_checkpoint` does.
    """
    path = _locate(source, None)
    kind = _read_json(path / "config.json").get("model_type")
    if kind != "clip":
        raise UnsupportedModel(f"{path.name} is a {kind} model; use a CLIP one.")
    if not (path / "processor_config.json").is_file():
        _require_file(path / "preprocessor_config.json")
    return ModelFiles(source, path, path, tuple(_weight_files(path, _STEMS["transformers"], None)))


def adapter_file(source: str) -> Path:
    """The LoRA file that an adapter's source means: the file, or the only one in the folder."""
    path = Path(source)
    if not path.is_dir():
        return path
    found = sorted(path.glob(f"*{SUFFIX}"))
    if len(found) != 1:
        raise ModelNotFound(f"Folder {path.name} holds {len(found)} {SUFFIX} files; name the one to use.")
    return found[0]


def validate_lora(path: str | Path) -> LoraInfo:
    """Check a LoRA by its header: safetensors, and every down matrix has its up matrix of equal rank.

    Whether it fits a checkpoint is known only when it is attached to one.
    Raises `ModelNotFound`, `UnsafeWeights`, `ModelIncomplete`, `IncompatibleAdapter`.
    """
    found = adapter_file(str(path))
    if not found.is_file():
        raise ModelNotFound(f"There is no file {found.name}; check the path.")
    status = found.stat()
    return _lora_info(found, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=1024)
def _lora_info(path: Path, _changed: int, _size: int) -> LoraInfo:
    """Remembered while the file's size and time of change stay the same."""
    file = tensorfile.read(path)
    downs = [name for name in file.shapes if _LORA_DOWN.fullmatch(name)]
    if not downs:
        raise IncompatibleAdapter(
            f"{file.path.name} holds no LoRA weights; use a LoRA saved by diffusers, PEFT or kohya."
        )
    ranks = [_rank(file, down) for down in downs]
    widths = [file.shapes[down][1] for down in downs if _CROSS_ATTENTION.match(down)]
    return LoraInfo(
        path=file.path,
        rank=max(ranks),
        keys=len(file.shapes),
        bytes=file.bytes,
        sha256=tensorfile.sha256(file.path),
        cross_attention_dim=widths[0] if widths else None,
    )


def _rank(file: TensorFile, down: str) -> int:
    head, _, tail = down.rpartition("lora")
    up = f"{head}lora{tail.replace('_A', '_B').replace('down', 'up')}"
    if up not in file.shapes:
        raise IncompatibleAdapter(f"{file.path.name} has {down} but no {up}; export the LoRA again.")
    inner, outer = file.shapes[down], file.shapes[up]
    if len(inner) not in (2, 4) or len(outer) != len(inner) or inner[0] != outer[1] or 0 in inner + outer:
        raise IncompatibleAdapter(
            f"{file.path.name}: shapes {inner} and {outer} of {down} and {up} do not multiply;"
            " export the LoRA again."
        )
    return inner[0]


def _locate(source: ModelSource, variant: str | None) -> Path:
    path = Path(source.location)
    if path.suffix in PICKLE_SUFFIXES:
        raise UnsafeWeights(f"{path.name} is refused: convert the weights to {SUFFIX} and use that file.")
    if path.exists():
        return path
    if hub.is_hub_id(source.location) and source.revision:
        return hub.snapshot(source, (*hub.CONFIG_PATTERNS, *hub.weight_patterns(variant)))
    raise ModelNotFound(
        f"There is no folder or file {path.name}; check its path on the machine of the pool,"
        " or give a hub id together with its revision."
    )


def _components(folder: Path, family: str = SDXL) -> dict[str, str]:
    """The components that have weights, with the library of each; every config is known to exist."""
    index = _read_json(folder / "model_index.json")
    kind = index.get("_class_name")
    if not (isinstance(kind, str) and kind.startswith(family)):
        raise UnsupportedModel(f"{folder.name} is a {kind} checkpoint; use {_FAMILIES[family]} one.")
    weighted = {}
    for name, value in index.items():
        if name.startswith("_") or not isinstance(value, list) or len(value) != 2 or None in value:
            continue
        library, class_name = value
        if library not in _STEMS:
            raise UnsupportedModel(
                f"{folder.name} wants {class_name} from {library}, custom code; use a stock checkpoint."
            )
        if _check_config(folder / name, class_name):
            weighted[name] = library
    return weighted


def _check_config(folder: Path, class_name: str) -> bool:
    """Whether a component has weights, once its config files are known to be there."""
    if "Tokenizer" in class_name:
        if not (folder / "tokenizer.json").is_file():
            _require_file(folder / "vocab.json")
            _require_file(folder / "merges.txt")
        return False
    if "Scheduler" in class_name:
        _read_json(folder / "scheduler_config.json")
        return False
    if "Processor" in class_name or "FeatureExtractor" in class_name:
        _read_json(folder / "preprocessor_config.json")
        return False
    _read_json(folder / "config.json")
    return True


def _component_weights(folder: Path, variant: str | None, family: str = SDXL) -> Iterator[Path]:
    for name, library in _components(folder, family).items():
        yield from _weight_files(folder / name, _STEMS[library], variant)


def _weight_files(folder: Path, stem: str, variant: str | None) -> list[Path]:
    """The one weight file of a component, or all its shards; each one checked."""
    infix = f".{variant}" if variant else ""
    whole = folder / f"{stem}{infix}{SUFFIX}"
    index = folder / f"{stem}{SUFFIX}.index{infix}.json"
    if index.is_file() and not whole.is_file():
        names = set(_read_json(index).get("weight_map", {}).values())
        files = [folder / name for name in sorted(names)]
    else:
        files = [whole]
    for file in files:
        if Path(file.name) != file.relative_to(folder):
            raise UnsupportedModel(f"{index.name} points outside its folder; use a stock checkpoint.")
        _require_file(file)
        tensorfile.read(file)
    return files


def _require_file(path: Path) -> None:
    if path.is_file():
        return
    place = f"{path.parent.name}/{path.name}"
    pickles = [file.name for file in path.parent.glob("*") if file.suffix in PICKLE_SUFFIXES]
    if path.suffix == SUFFIX and pickles:
        raise UnsafeWeights(
            f"{path.parent.name}/{pickles[0]} is refused and {place} is missing;"
            f" convert the weights to {SUFFIX}."
        )
    raise ModelIncomplete(f"{place} is missing; copy or download the model again, with all its files.")


def _read_json(path: Path) -> Mapping[str, Any]:
    _require_file(path)
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise ModelIncomplete(f"{path.parent.name}/{path.name} is not valid JSON; copy it again.") from error
    if not isinstance(document, dict):
        raise ModelIncomplete(f"{path.parent.name}/{path.name} is not a JSON object; copy it again.")
    return document
