"""One readable log out of many: lines of all log files as they come, each behind the name of its program."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.2


class LogFile:
    """Reads what is appended to a file that is rotated by renaming."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("rb") if path.exists() else None
        self._rest = b""
        if self._file:
            self._file.seek(0, os.SEEK_END)  # what an earlier run wrote is history

    def lines(self) -> Iterator[str]:
        """The complete lines written since the last call."""
        yield from self._read()
        if self._replaced():
            self.close()
            self._file = self._path.open("rb")
            yield from self._read()

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _replaced(self) -> bool:
        if not self._path.exists():
            return False
        return self._file is None or not os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())

    def _read(self) -> Iterator[str]:
        if self._file is None:
            return
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace").rstrip()


@contextmanager
def followed(directory: Path, names: Sequence[str], write: Callable[[str], None]) -> Iterator[None]:
    """Pass on every new line of the named programs' logs, until leaving and then once more."""
    width = max(map(len, names), default=0)
    files = {name: LogFile(directory / f"{name}.log") for name in names}
    done = threading.Event()

    def pass_on() -> None:
        for name, file in files.items():
            for line in file.lines():
                write(f"{name:<{width}} | {line}")

    def follow() -> None:
        while not done.wait(POLL_SECONDS):
            pass_on()
        pass_on()

    thread = threading.Thread(target=follow, name="logs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        for file in files.values():
            file.close()
