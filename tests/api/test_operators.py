import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from api import readiness
from api.stack.ports import free_port
from strategies.models import Generation, Prediction, Task

from .test_bad_input import assert_problem
from .test_generations import create
from .work import claim, fail, finish


def test_queues_say_what_waits_and_runs(client, ask, live_pool):
    for _ in range(3):
        create(client, ask)
    finish()
    claim()
    queues = {queue["name"]: queue for queue in client.get("/v1/queues").json()["results"]}
    queue = queues["generation"]
    assert (queue["name"], queue["depth"], queue["running"], queue["pools"]) == ("generation", 1, 1, 1)
    assert queue["oldest"] and queue["rate_per_minute"] == 0.1 and queue["eta_seconds"] is not None


def test_pools_say_what_they_are(client, live_pool):
    (pool,) = client.get("/v1/pools").json()["results"]
    assert (pool["name"], pool["state"], pool["device"]) == ("gpu@test", "running", "cpu")
    assert pool["queues"] == live_pool.queues and pool["heartbeat_at"] == live_pool.heartbeat_at


@pytest.mark.parametrize(
    ("told", "state", "kind"), [("pause", "paused", "pause"), ("drain", "draining", "drain")]
)
def test_staff_tell_a_pool_to_take_no_work_and_to_take_some_again(
    client, staff, ask, live_pool, told, state, kind
):
    running = Task.objects.get(generation=create(client, ask)["id"])
    claim()
    held = staff.client.post(f"/v1/pools/gpu@test/{told}").json()
    assert (held["state"], held["hold"]["kind"], held["hold"]["by"]) == (state, kind, staff.user.username)
    assert held["in_flight"] == [str(running.id)] and staff.user.username in held["reason"]
    assert {queue["pools"] for queue in client.get("/v1/queues").json()["results"]} == {0}
    assert all("gpu@test was" in missing for missing in readiness.pools())

    resumed = staff.client.post("/v1/pools/gpu@test/resume").json()
    assert resumed == client.get("/v1/pools/gpu@test").json()
    assert (resumed["state"], resumed["hold"], resumed["reason"]) == ("running", None, "")


@pytest.mark.parametrize("told", ["pause", "drain", "resume"])
def test_only_staff_tell_pools_and_only_pools_that_there_are(client, staff, live_pool, told):
    assert_problem(client.post(f"/v1/pools/gpu@test/{told}"), 403, "staff_only")
    assert_problem(staff.client.post(f"/v1/pools/gone@test/{told}"), 404, "not_found")
    assert client.get("/v1/pools/gpu@test").json()["state"] == "running"


def test_operators_lists_need_a_key(db):
    for path in ("/v1/queues", "/v1/pools"):
        assert_problem(APIClient().get(path), 401, "not_authenticated")


def test_metrics_tell_what_prometheus_wants(client, ask, live_pool):
    for _ in range(3):
        create(client, ask)
    finish()
    fail()
    answer = APIClient().get("/metrics")
    lines = answer.content.decode().splitlines()
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'atelier_queue_depth{queue="generation"} 1.0' in lines
    assert not [line for line in lines if line.startswith("atelier_eta_error_ratio{")], "nothing was promised"
    assert 'atelier_queue_running{queue="generation"} 0.0' in lines
    assert 'atelier_generations{status="failed"} 1.0' in lines
    assert 'atelier_tasks{queue="generation",status="succeeded"} 1.0' in lines
    assert "atelier_pools_live 1.0" in lines
    assert 'atelier_pools{state="running"} 1.0' in lines and 'atelier_pools{state="paused"} 0.0' in lines
    assert 'atelier_pool_memory_bytes{kind="resident",pool="gpu@test"} 1024.0' in lines


def test_metrics_tell_how_far_off_promises_were(client, ask, live_pool):
    ids = [create(client, ask)["predictions"][0]["id"] for _ in range(3)]
    for _ in ids:
        finish()
    began = timezone.now()
    for each, promised in zip(ids, (10, 15, 40), strict=True):  # all took 20 s
        Prediction.objects.filter(id=each).update(
            promised_seconds=promised, created_at=began, completed_at=began + timedelta(seconds=20)
        )
    lines = APIClient().get("/metrics").content.decode().splitlines()
    assert 'atelier_eta_error_ratio{quantile="0.5",queue="generation"} 0.5' in lines
    assert 'atelier_eta_error_ratio{quantile="0.9",queue="generation"} 1.0' in lines
    (bias,) = (line for line in lines if line.startswith('atelier_eta_bias_ratio{queue="generation"}'))
    assert float(bias.split()[-1]) == pytest.approx(65 / 60 - 1)


def test_health_is_of_the_process_and_readiness_of_the_installation(web, live_pool, redis_server):
    assert web.get("/healthz").json() == {"status": "ok"}
    assert web.get("/readyz").json() == {"status": "ready"}
    redis_server.flushdb()
    body = assert_problem(web.get("/readyz"), 503, "not_ready")
    assert any("“generation”" in sentence for sentence in body["missing"])


def test_without_broker_and_redis_a_request_is_still_accepted(start_web, account, ask):
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    web = start_web(REDIS_URL=nowhere, BROKER_URL=nowhere)
    answer = web.post("/v1/generations", json=ask, headers=account.headers)
    assert answer.status_code == 202 and answer.elapsed.total_seconds() < 6
    assert Generation.objects.get().tasks.get().published_at is None

    body = assert_problem(web.get("/readyz"), 503, "not_ready")
    assert any("broker" in sentence for sentence in body["missing"])
    assert web.get("/healthz").status_code == 200
    # And its end is heard all the same
    finish()
    lines = web.get(answer.json()["urls"]["events"], headers=account.headers).text
    assert "event: completed" in lines
    waited = web.post(
        f"/v1/predictions/{answer.json()['predictions'][0]['id']}/replay",
        headers={**account.headers, "Prefer": "wait=1"},
    )
    assert waited.status_code == 202 and waited.headers["Preference-Applied"] == "wait=1"


def test_a_database_that_is_away_is_not_ready(start_web):
    web = start_web(DATABASE_URL=f"postgresql://postgres@127.0.0.1:{free_port()}/atelier")
    assert web.get("/healthz").status_code == 200
    answer = web.get("/readyz")
    body = assert_problem(answer, 503, "not_ready")
    assert any("database" in sentence for sentence in body["missing"])
    assert answer.elapsed.total_seconds() < 4


def test_the_web_process_never_imports_torch():
    heavy = "torch diffusers transformers peft accelerate cv2"
    script = f"import api.asgi, sys; print([name for name in {heavy.split()} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"
