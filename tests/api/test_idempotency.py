import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from api import idempotency
from api.models import IdempotencyRecord
from strategies.models import Asset, Generation, Subject
from strategies.webhooks import addresses
from tests.factories import make_workflow

from .work import png

KEY = {"Idempotency-Key": "order-12"}


def post(client, ask, **headers):
    return client.post("/v1/generations", ask, headers={**KEY, **headers})


def test_the_same_request_again_gets_the_first_answer_again(client, ask):
    first, again = post(client, ask), post(client, ask)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json() and Generation.objects.count() == 1
    assert again.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.headers


def test_another_body_under_the_same_key_is_refused(client, ask):
    post(client, ask)
    answer = post(client, {**ask, "seed": 8})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_the_key_of_another_account_is_another_key(client, stranger, ask):
    assert post(client, ask).json()["id"] != post(stranger.client, ask).json()["id"]


def test_a_request_still_being_worked_on_is_in_progress(client, account, ask):
    post(client, ask)
    IdempotencyRecord.objects.update(status=None, body=None)
    answer = post(client, ask)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")


def test_a_request_whose_process_died_is_done_again(client, ask):
    post(client, ask)
    IdempotencyRecord.objects.update(status=None, created_at=timezone.now() - idempotency.ABANDONED * 2)
    assert "Idempotent-Replayed" not in post(client, ask).headers


def test_a_refused_request_releases_its_key(client, ask):
    assert post(client, {**ask, "workflow": "nonsense"}).status_code == 422
    assert post(client, ask).status_code == 202


@pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ümlaut"])
def test_a_key_that_cannot_be_kept_is_refused(client, ask, key):
    answer = post(client, ask, **{"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_idempotency_key")


def test_an_upload_is_recognised_by_its_content(client):
    def upload(colour: str):
        file = SimpleUploadedFile("a.png", png(colour), "image/png")
        return client.post("/v1/assets", {"file": file}, format="multipart", headers=KEY)

    assert upload("red").json() == upload("red").json() and Asset.objects.count() == 1
    assert upload("blue").json()["code"] == "idempotency_key_reused"


def test_an_expired_key_is_forgotten(client, ask):
    post(client, ask)
    IdempotencyRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotent-Replayed" not in post(client, ask).headers


@pytest.fixture
def slow_picture(settings):
    """The address of a picture on a server that answers when the test says so: `(url, asked, answer)`."""
    settings.ALLOW_PRIVATE_IMAGE_URLS = True
    asked, answer = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            answer.wait(20)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(png())

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/a.png", asked, answer
        answer.set()
        server.shutdown()


def open_transactions() -> int:
    """Of other connections to this database, those that hold one open while nothing is asked of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%%' AND pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/v1/generations", "/v1/subjects", "/v1/subjects/{subject}/train"])
def test_a_slow_server_holds_no_transaction_open(client, account, workflow, slow_picture, path):
    url, asked, answer = slow_picture
    make_workflow(strategy="generate", generator="local_sdxl", checkpoint="a", is_default_for_strategy=True)
    subject = Subject.objects.create(owner=account.user, name="Ada", trigger_word="ada")
    inputs = {"prompt": "a red circle", "image": url}
    bodies = {
        "/v1/generations": {"workflow": workflow.key, "inputs": inputs},
        "/v1/subjects": {"name": "Bob", "picture": url},
        "/v1/subjects/{subject}/train": {"images": [url]},
    }
    answers = []

    def request() -> None:
        answers.append(client.post(path.format(subject=subject.id), bodies[path], headers=KEY))
        connection.close()

    thread = threading.Thread(target=request)
    thread.start()
    assert asked.wait(20) and open_transactions() == 0
    answer.set()
    thread.join()
    again = client.post(path.format(subject=subject.id), bodies[path], headers=KEY)
    assert answers[0].status_code in (201, 202)
    assert again.json() == answers[0].json() and again.headers["Idempotent-Replayed"] == "true"


def test_the_answer_is_kept_sealed_as_it_may_show_a_secret(client):
    body = {"url": "https://hooks.invalid/a"}
    first, again = (client.post("/v1/webhooks", body, headers=KEY) for _ in range(2))
    assert first.json()["secret"].startswith("whsec_") and again.json() == first.json()
    assert first.json()["secret"] not in IdempotencyRecord.objects.get().body


@pytest.mark.django_db(transaction=True)
def test_a_slow_name_server_holds_no_transaction_open(client, monkeypatch):
    seen = []

    def look_up(*_, **__) -> list[str]:
        seen.append(connection.in_atomic_block)
        return ["8.8.8.8"]

    monkeypatch.setattr(addresses, "get_ip_address", look_up)
    answer = client.post("/v1/webhooks", {"url": "https://hooks.invalid/a"}, headers=KEY)
    assert answer.status_code == 201 and seen == [False]


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_does_the_work(account, ask):
    answers = []

    def request() -> None:
        answers.append(post(account.client.__class__(headers=account.headers), ask))
        connection.close()

    threads = [threading.Thread(target=request) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert Generation.objects.count() == 1
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
