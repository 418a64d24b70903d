"""Run a command that cannot outlive whoever started it.

`python -m api.stack.tether SIGNAL COMMAND…` asks the kernel for SIGNAL when the parent dies, however it dies,
and becomes COMMAND. Outside Linux it only becomes COMMAND.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def die_with_parent(number: signal.Signals) -> None:
    """Have this process sent a signal when its parent goes; survives exec, but not a change of user."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(number))


def tethered(number: signal.Signals, command: Sequence[str]) -> list[str]:
    """The command line that runs `command` tied to the process that starts it."""
    return [sys.executable, "-m", "api.stack.tether", number.name, *command]


def main(arguments: Sequence[str]) -> None:
    name, *command = arguments
    die_with_parent(signal.Signals[name])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
