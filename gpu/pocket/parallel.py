"""Data-parallel training on a few CPU cores: one single-threaded process per core.

OpenMP inside every small operation collapses as soon as somebody else uses a core; two processes that
exchange gradients through shared memory only slow down. Modules run in bfloat16; the float32 master
weights, AdamW state and exponential average are sharded over the processes.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

WORLD = 2
LOG_SECONDS = 20
SAVE_SECONDS = 150


@dataclass(frozen=True)
class Shared:
    """What the processes of one stage share; every buffer is flat, one value per parameter.

    `clock` holds the seconds spent, and those at the last checkpoint.
    """

    master: Tensor
    average: Tensor
    gradients: list[Tensor]
    norms: Tensor
    clock: Tensor
    barrier: Any


@dataclass(frozen=True)
class Settings:
    """How a stage is trained. The rate rises, stays for `hold` of the budget, then falls to zero."""

    minutes: float
    rate: float
    weight_decay: float = 0.0
    average: float = 0.998
    warmup_steps: int = 100
    hold: float = 0.25
    clip: float = 1.0
    checkpoint: Path | None = None

    def rate_at(self, step: int, progress: float) -> float:
        """Learning rate at `progress` (0..1 of the budget of minutes)."""
        falling = min(1.0, max(0.0, (progress - self.hold) / (1 - self.hold)))
        anneal = 0.005 + 0.995 * 0.5 * (1 + math.cos(math.pi * falling))
        return self.rate * min(1.0, (step + 1) / self.warmup_steps) * anneal


def share(parameters: int, world: int) -> Shared:
    """Buffers for `parameters` values and `world` processes."""
    return Shared(
        master=torch.zeros(parameters).share_memory_(),
        average=torch.zeros(parameters).share_memory_(),
        gradients=[torch.zeros(parameters, dtype=torch.bfloat16).share_memory_() for _ in range(world)],
        norms=torch.zeros(world, dtype=torch.float64).share_memory_(),
        clock=torch.zeros(2, dtype=torch.float64).share_memory_(),
        barrier=torch.multiprocessing.get_context("spawn").Barrier(world),
    )


def launch(worker: Callable[..., None], parameters: int, *args: Any, world: int = WORLD) -> None:
    """Run `worker(rank, shared, *args)` in `world` processes, for modules of so many `parameters`."""
    os.environ["OMP_NUM_THREADS"] = "1"
    context = torch.multiprocessing.get_context("spawn")
    shared = share(parameters, world)
    processes = [
        context.Process(target=_enter, args=(worker, rank, shared, *args), daemon=True)
        for rank in range(world)
    ]
    for process in processes:
        process.start()
    _join(processes)


def _join(processes: list[Any]) -> None:
    """Wait for all; when one fails, end the others, which would wait for it at the barrier."""
    while any(process.is_alive() for process in processes):
        if any(process.exitcode for process in processes):
            for process in processes:
                process.terminate()
        time.sleep(0.2)
    codes = [process.exitcode for process in processes]
    if any(codes):
        raise RuntimeError(f"a training process failed: exit codes {codes}")


def _enter(worker: Callable[..., None], rank: int, shared: Shared, *args: Any) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(rank)
    worker(rank, shared, *args)


def parameters_of(modules: list[nn.Module]) -> list[nn.Parameter]:
    return [p for module in modules for p in module.parameters() if p.requires_grad]


def parameter_count(modules: list[nn.Module]) -> int:
    return sum(parameter.numel() for parameter in parameters_of(modules))


class Replica:
    """One process's copy of the modules being trained.

    Rank 0's float32 weights become the master weights; the trainable parameters are then bfloat16
    views of one flat buffer, and their gradients views of this rank's shared gradient buffer.
    """

    def __init__(self, rank: int, shared: Shared, modules: list[nn.Module], settings: Settings) -> None:
        self.rank, self.shared, self.settings = rank, shared, settings
        self.step_count, self.loss, self._spent, self._saved = 0, 0.0, 0.0, 0.0
        self.parameters = parameters_of(modules)
        count = sum(parameter.numel() for parameter in self.parameters)
        if count != shared.master.numel():
            raise ValueError(f"buffers for {shared.master.numel()} values, modules have {count}")
        if rank == 0:
            self._copy_out(shared.master)
            shared.average.copy_(shared.master)
        shared.barrier.wait()
        self._flat = torch.empty(count, dtype=torch.bfloat16)
        for module in modules:
            module.to(torch.bfloat16)
        for parameter, view, gradient in zip(
            self.parameters,
            self._split(self._flat),
            self._split(shared.gradients[rank]),
            strict=True,
        ):
            parameter.data, parameter.grad = view, gradient
        self._flat.copy_(shared.master)
        self._make_optimizer(count)
        self._resume()

    def steps(self) -> Iterator[float]:
        """Yield the progress (0..1) before every step until the budget of minutes is spent."""
        started = self._logged = self._saved = time.monotonic()
        resumed_at = self._spent
        while True:
            if self.rank == 0:
                self._spent = resumed_at + time.monotonic() - started
                self.shared.clock[0] = self._spent
            self.shared.barrier.wait()
            self._spent = float(self.shared.clock[0])
            progress = self._spent / 60 / self.settings.minutes
            if progress >= 1:
                self._save()
                return
            self._progress = progress
            yield progress
            self._report()

    def step(self, loss: Tensor) -> None:
        """Backward pass, gradient exchange, AdamW on this rank's shard, fresh weights."""
        loss.backward()
        value = float(loss.detach())
        decay = 0.98 if self.step_count else 0.0
        self.loss = self.loss * decay + value * (1 - decay)
        self._update()
        self.step_count += 1

    @torch.no_grad()
    def load_average(self) -> None:
        """Give the modules, in float32, the averaged weights."""
        self.shared.barrier.wait()
        self._flat = self.shared.average.clone()
        for parameter, view in zip(self.parameters, self._split(self._flat), strict=True):
            parameter.grad = None
            parameter.data = view

    @torch.no_grad()
    def _update(self) -> None:
        shared, settings = self.shared, self.settings
        shared.barrier.wait()
        gradient = shared.gradients[0][self._slice].float()
        for other in shared.gradients[1:]:
            gradient += other[self._slice]
        gradient /= len(shared.gradients)
        shared.norms[self.rank] = float(gradient.square().sum())
        shared.barrier.wait()
        shared.gradients[self.rank].zero_()
        norm = math.sqrt(float(shared.norms.sum()))
        if math.isfinite(norm):
            self._shard.grad = gradient.mul_(min(1.0, settings.clip / (norm + 1e-6)))
            self._optimizer.param_groups[0]["lr"] = settings.rate_at(self.step_count, self._progress)
            self._optimizer.step()
            keep = min(settings.average, (1 + self.step_count) / (10 + self.step_count))
            shared.average[self._slice].lerp_(self._shard, 1 - keep)
        shared.barrier.wait()
        self._flat.copy_(shared.master)

    def _make_optimizer(self, count: int) -> None:
        size = -(-count // len(self.shared.gradients))
        self._slice = slice(self.rank * size, min(count, (self.rank + 1) * size))
        self._shard = self.shared.master[self._slice]
        self._optimizer = torch.optim.AdamW(
            [self._shard],
            lr=self.settings.rate,
            betas=(0.9, 0.99),
            weight_decay=self.settings.weight_decay,
            fused=True,
        )

    def _split(self, flat: Tensor) -> list[Tensor]:
        parts = flat.split([parameter.numel() for parameter in self.parameters])
        return [part.view(p.shape) for part, p in zip(parts, self.parameters, strict=True)]

    @torch.no_grad()
    def _copy_out(self, flat: Tensor) -> None:
        for view, parameter in zip(self._split(flat), self.parameters, strict=True):
            view.copy_(parameter)

    # --- progress, checkpoints -------------------------------------------------------------------

    def _report(self) -> None:
        now = time.monotonic()
        if self.rank == 0 and now - self._logged > LOG_SECONDS:
            self._logged = now
            minutes = self._spent / 60
            print(f"step {self.step_count} {minutes:.1f} min loss {self.loss:.4f}", flush=True)
        due = self._spent - float(self.shared.clock[1]) > SAVE_SECONDS
        if due:
            self._save()

    def _save(self) -> None:
        """Every rank keeps its shard of weights, average and optimizer state in its own file."""
        self.shared.barrier.wait()
        if self.settings.checkpoint:
            state = {
                "master": self._shard.clone(),
                "average": self.shared.average[self._slice].clone(),
                "optimizer": self._optimizer.state_dict(),
                "steps": self.step_count,
                "seconds": self._spent,
            }
            target = self._file()
            torch.save(state, target.with_suffix(".new"))
            target.with_suffix(".new").replace(target)
        if self.rank == 0:
            self.shared.clock[1] = self._spent
        self.shared.barrier.wait()

    def _resume(self) -> None:
        if self.settings.checkpoint and self._file().exists():
            state = torch.load(self._file())
            self._shard.copy_(state["master"])
            self.shared.average[self._slice].copy_(state["average"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.step_count, self._spent = state["steps"], state["seconds"]
            self.shared.clock[1] = self._spent
        self.shared.barrier.wait()
        self._flat.copy_(self.shared.master)

    def _file(self) -> Path:
        return self.settings.checkpoint.with_suffix(f".rank{self.rank}.pt")
