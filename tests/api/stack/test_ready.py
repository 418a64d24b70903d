from types import SimpleNamespace

import pytest

from api.stack import ready
from api.stack.errors import NotInTime, StackError
from api.stack.ports import free_port

HEALTHY = SimpleNamespace(require_healthy=lambda: None, last_words=lambda name: f"The end of {name}'s log.")


def test_a_port_that_never_answers_is_a_sentence_with_the_end_of_a_log():
    url = f"http://127.0.0.1:{free_port()}/healthz"

    with pytest.raises(
        NotInTime, match=rf"^After 1 seconds nothing answers at {url}\. The end of web's log\.$"
    ):
        ready.wait_for(HEALTHY, ready.page(url, 200), 1, "web")


def test_a_program_that_keeps_dying_ends_the_wait_at_once():
    def dying():
        raise StackError("web keeps dying")

    with pytest.raises(StackError, match="web keeps dying"):
        ready.wait_for(SimpleNamespace(require_healthy=dying), lambda: "nothing yet", 600)


def test_servers_that_are_not_there_are_named():
    port = free_port()

    assert ready.database(f"postgresql://postgres@127.0.0.1:{port}/atelier")() == "PostgreSQL does not answer"
    assert ready.cache(f"redis://127.0.0.1:{port}/0")() == "Redis does not answer"


def test_servers_that_answer_end_the_wait():
    answers = iter(["not yet", None])

    ready.wait_for(HEALTHY, lambda: next(answers), 60)
