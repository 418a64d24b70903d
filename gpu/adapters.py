"""LoRA adapters: added to the weights for one request, always taken away again.

The modules stay as they are: while a LoRA acts, parameters point to sums, and afterwards to the numbers that
were loaded, which are never written. So no step is slower than without a LoRA, nothing that is compiled is
compiled again, and no trace can remain. (docs/decisions/0008-a-lora-is-a-sum-not-a-layer.md)
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Lock
from weakref import WeakValueDictionary

import torch
from diffusers import DiffusionPipeline

from gpu.errors import GpuError, IncompatibleAdapter
from gpu.loras import Delta, Lora
from gpu.requests import Adapter
from gpu.weights import LoraInfo, validate_lora

STORE_BYTES = 1 << 30  # an SDXL LoRA is 20 to 200 MB
Reserve = Callable[[int], None]


class AdapterStore:
    """LoRAs in main memory by content hash: the least recently used ones leave beyond `budget` bytes.

    `pinned` keeps them where a GPU fetches them by itself. For several threads.
    """

    def __init__(self, budget: int = STORE_BYTES, *, pinned: bool = False) -> None:
        self._budget = budget
        self._pinned = pinned
        self._loras: OrderedDict[str, Lora] = OrderedDict()
        self._lock = Lock()
        self._turns: WeakValueDictionary[str, Lock] = WeakValueDictionary()  # of files that are being read
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lora")

    def get(self, source: str) -> Lora:
        """Read a file, unless it is here. Raises what `validate_lora` and `Lora` raise."""
        info = validate_lora(source)
        with self._lock:
            turn = self._turns.setdefault(info.sha256, Lock())
        with turn:  # whoever wants the same one meanwhile waits for it, and nobody else
            with self._lock:
                lora = self._loras.get(info.sha256)
            lora = lora or Lora(info, pinned=self._pinned)
            self._keep(lora)
            return lora

    def prefetch(self, sources: Sequence[str]) -> None:
        """Begin to read files that are going to be wanted, in this order, as many as there is room for.

        What is wrong with one is said when it is wanted.
        """
        self._reader.submit(self._read, dict.fromkeys(sources))

    def bytes(self) -> int:
        """Bytes of all tensors held."""
        with self._lock:
            return self._bytes()

    def _read(self, sources: Iterable[str]) -> None:
        room = self._budget
        for source in sources:
            with suppress(GpuError):
                room -= validate_lora(source).bytes
                if room < 0:
                    break
                self.get(source)

    def _keep(self, lora: Lora) -> None:
        """As the one that was used last."""
        with self._lock:
            self._loras[lora.info.sha256] = lora
            self._loras.move_to_end(lora.info.sha256)
            while self._bytes() > self._budget:
                self._loras.popitem(last=False)

    def _bytes(self) -> int:
        return sum(lora.block.nbytes for lora in self._loras.values())


@contextmanager
def attached(
    pipeline: DiffusionPipeline,
    adapters: Sequence[Adapter],
    store: AdapterStore,
    reserve: Reserve = lambda _: None,
) -> Iterator[tuple[LoraInfo, ...]]:
    """Run the block with the LoRAs acting at their weights; afterwards the models are as they were.

    `reserve` is told how many bytes the sums are about to take. Yields what is known of each file, in the
    order of `adapters`. Raises `IncompatibleAdapter` if a LoRA does not fit the checkpoint, and what
    `AdapterStore.get` and `reserve` raise.
    """
    loras = [store.get(adapter.source) for adapter in adapters]
    added = _matched(pipeline, loras, [adapter.weight for adapter in adapters])
    reserve(sum(weight.nbytes for weight in added))
    loaded = {weight: weight.data for weight in added}
    try:
        _add(added)
        yield tuple(lora.info for lora in loras)
    finally:
        for weight, data in loaded.items():
            weight.data = data


# For each weight what is added to it: parts of which LoRA, and how much of them.
Added = dict[torch.nn.Parameter, list[tuple[Lora, Delta, float]]]


def _matched(pipeline: DiffusionPipeline, loras: Sequence[Lora], strengths: Sequence[float]) -> Added:
    """All weights that change; nothing has changed yet when one of them does not fit."""
    added: Added = defaultdict(list)
    for lora, strength in zip(loras, strengths, strict=True):
        for delta in lora.deltas(pipeline.unet.config):
            weight = _weight(pipeline, delta, lora.info)
            if strength:
                added[weight].append((lora, delta, delta.scale * strength))
    return added


def _weight(pipeline: DiffusionPipeline, delta: Delta, info: LoraInfo) -> torch.nn.Parameter:
    network = getattr(pipeline, delta.component)
    name = delta.layer
    if not hasattr(network, "text_model"):  # some versions of transformers have this level, some not
        name = name.removeprefix("text_model.")
    try:
        layer = network.get_submodule(name)
    except AttributeError:
        layer = None
    if not isinstance(layer, (torch.nn.Linear, torch.nn.Conv2d)):
        raise IncompatibleAdapter(
            f"{info.path.name} does not fit this checkpoint: it has no layer {delta.component}.{name};"
            " use a LoRA trained for it."
        )
    wide, high, rank = layer.weight[0].numel(), layer.weight.shape[0], delta.down.shape[0]
    if (delta.up[:, 0].numel(), delta.down[0].numel(), delta.up[0].numel()) != (high, wide, rank):
        raise IncompatibleAdapter(
            f"{info.path.name} does not fit this checkpoint: {delta.component}.{name} takes {wide} numbers"
            f" and gives {high}, not {delta.down[0].numel()} and {delta.up.shape[0]}; use a LoRA trained"
            " for it."
        )
    return layer.weight


@torch.no_grad()
def _add(added: Added) -> None:
    here: dict[Lora, torch.Tensor] = {}
    for weight, parts in added.items():
        total = weight.data.clone()  # in its own layout
        for lora, delta, strength in parts:
            if lora not in here:  # one copy of all of it, in the dtype that all networks share
                here[lora] = lora.block.to(weight.device, weight.dtype, non_blocking=True)
            up, down = (_part(here[lora], matrix) for matrix in (delta.up, delta.down))
            if total.ndim == 2:
                total.addmm_(up, down, alpha=strength)
            else:
                total.add_((up @ down).view(total.shape), alpha=strength)
        weight.data = total


def _part(block: torch.Tensor, matrix: torch.Tensor) -> torch.Tensor:
    """The same numbers in a copy of the block, as a matrix."""
    return block[matrix.storage_offset() :][: matrix.numel()].view(matrix.shape[0], -1)
