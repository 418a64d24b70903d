import pytest

from api.stack.errors import StackError
from api.stack.options import Options


def test_defaults_are_loopback_8000_and_5555():
    options = Options.read({})

    assert options.url == "http://127.0.0.1:8000"
    assert options.flower_url == "http://127.0.0.1:5555"


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "8e3"])
def test_a_port_that_is_no_port_is_refused_by_name(value):
    with pytest.raises(StackError, match="ATELIER_PORT must be a number from 1 to 65535"):
        Options.read({"ATELIER_PORT": value})


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),
        ("::1", "http://[::1]:8000"),
        ("10.0.0.5", "http://10.0.0.5:8000"),
    ],
)
def test_the_address_is_one_that_this_machine_reaches(host, url):
    assert Options.read({"ATELIER_HOST": host}).url == url
