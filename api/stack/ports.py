"""TCP ports: finding a free one, and refusing to start on a taken one."""

import socket

from api.stack.errors import StackError

LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK) -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def require_free(host: str, port: int, variable: str) -> None:
    """Raises: StackError naming the port and the variable that moves it when it cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # TIME_WAIT does not count as taken
            probe.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StackError(
            f"Port {port} on {host} cannot be used ({reason.lower()}): stop what listens there "
            f"or choose another port with {variable}."
        ) from error
