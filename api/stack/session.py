"""One run of supervised programs: alone on its folder, started clean, leaving nothing behind."""

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from api.stack.home import open_home, sole_run
from api.stack.logs import followed
from api.stack.program import Program
from api.stack.supervisor import Supervisor, stop_leftovers

Say = Callable[[str], None]
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def alone(home: Path, name: str) -> Iterator[None]:
    """The run of this name to ourselves, cleared of what an interrupted one left.

    From here on SIGTERM and a closed terminal interrupt as Ctrl-C does, also in a shell's background.
    """
    open_home(home)
    for number in STOPPING:
        signal.signal(number, signal.default_int_handler)
    directory = home / "run" / name
    with sole_run(directory, home):
        stop_leftovers(directory)
        yield


@contextmanager
def supervised(
    home: Path,
    name: str,
    groups: Mapping[str, Sequence[Program]],
    environment: Mapping[str, str],
    log: Say,
) -> Iterator[Supervisor]:
    """A supervisor of these programs, none of them started yet; leaving stops them all.

    Parameters: `log` is told every line that any of the programs logs.
    """
    supervisor = Supervisor(home / "run" / name, home / "log", groups)
    with followed(home / "log", [*supervisor.names, supervisor.log_name], log):
        try:
            supervisor.launch(environment)
            yield supervisor
        finally:
            for number in STOPPING:  # an impatient second Ctrl-C must not leave half of it running
                signal.signal(number, signal.SIG_IGN)
            supervisor.stop()
