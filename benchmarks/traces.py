"""`python -m benchmarks.traces NAME > TRACE.csv`: requests hard on a scheduler, always the same ones."""

import argparse
import csv
import random
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True, slots=True)
class Request:
    """One line of a trace."""

    arrival_s: float
    owner: str
    model: str
    loras: tuple[str, ...] = ()
    width: int = 1024
    height: int = 1024
    steps: int = 30
    images: int = 1


HEADER = tuple(field.name for field in fields(Request))
SIZES = ((1024, 1024), (832, 1216), (1216, 832), (768, 768), (512, 512))
Trace = Iterator[Request]


def distinct(chance: random.Random) -> Trace:
    """Every request wants another model: nothing can be won."""
    for number in range(300):
        yield Request(number * 1.5, f"owner-{number % 5}", f"model-{number}")


def hot(chance: random.Random) -> Trace:
    """One model that nearly everybody wants, and a trickle of others that must not starve."""
    for number in range(1500):
        rare = number % 25 == 0
        model = f"rare-{chance.randrange(20)}" if rare else "hot"
        yield Request(number * 1.4, f"owner-{chance.randrange(8)}", model)


def loras(chance: random.Random) -> Trace:
    """A LoRA per request, on two models."""
    for number in range(600):
        own = (f"lora-{number}", *(("style",) if number % 3 == 0 else ()))
        yield Request(number * 1.8, f"owner-{number % 6}", f"model-{number % 2}", own)


def bursts(chance: random.Random) -> Trace:
    """Silence, then sixty at once for eight models."""
    for burst in range(12):
        for _ in range(60):
            model = f"model-{chance.randrange(8)}"
            yield Request(burst * 130.0 + chance.random(), f"owner-{chance.randrange(10)}", model)


def flood(chance: random.Random) -> Trace:
    """Five hundred requests of one owner at once, and another who asks for one now and then."""
    everything = [Request(0.0, "flood", f"model-{number % 4}") for number in range(500)]
    everything += [Request(10.0 + 20.0 * number, "light", "model-9") for number in range(35)]
    yield from sorted(everything, key=lambda request: request.arrival_s)


def mixed(chance: random.Random) -> Trace:
    """A day's work of a team: twenty owners, sixteen models of falling popularity, all sizes and lengths."""
    clock = 0.0
    models, owners = range(1, 17), range(1, 21)
    for _ in range(2000):
        clock += chance.expovariate(0.42)
        width, height = chance.choices(SIZES, (5, 2, 2, 1, 1))[0]
        yield Request(
            round(clock, 3),
            f"owner-{chance.choices(owners, [1 / owner for owner in owners])[0]}",
            f"model-{chance.choices(models, [1 / model for model in models])[0]}",
            tuple(f"lora-{chance.randrange(30)}" for _ in range(chance.choice((0, 0, 0, 1, 2)))),
            width,
            height,
            chance.choice((20, 25, 30, 40)),
            chance.choice((1, 1, 1, 2, 4)),
        )


TRACES: dict[str, Callable[[random.Random], Trace]] = {
    each.__name__: each for each in (distinct, hot, loras, bursts, flood, mixed)
}


def trace(name: str) -> list[Request]:
    """The requests of a trace, by arrival."""
    return sorted(TRACES[name](random.Random(name)), key=lambda request: request.arrival_s)


def main() -> None:
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `| head` is no error
    parser = argparse.ArgumentParser(prog="python -m benchmarks.traces", description=__doc__)
    listing = "; ".join(f"{name}: {each.__doc__}" for name, each in TRACES.items())
    parser.add_argument("name", choices=TRACES, help=listing)
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(HEADER)
    for request in trace(parser.parse_args().name):
        rows.writerow({**asdict(request), "loras": ";".join(request.loras)}.values())


if __name__ == "__main__":
    main()
