import socket

import pytest

from api.stack.errors import StackError
from api.stack.ports import LOOPBACK, free_port, require_free


def test_a_taken_port_is_refused_with_its_variable_and_without_a_traceback():
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=rf"^Port {port} on 127\.0\.0\.1 .*ATELIER_PORT\.$"):
            require_free(LOOPBACK, port, "ATELIER_PORT")


def test_a_free_port_is_accepted_and_stays_free():
    port = free_port()
    require_free(LOOPBACK, port, "ATELIER_PORT")
    require_free(LOOPBACK, port, "ATELIER_PORT")


def test_a_host_that_is_not_ours_is_a_sentence_too():
    with pytest.raises(StackError, match=r"192\.0\.2\.1"):
        require_free("192.0.2.1", 8000, "ATELIER_PORT")
