"""What a user would otherwise run: bare Celery on Redis, one queue, and the cost-model pipeline in a task."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from celery import Celery

from api.stack.redis import embedded_redis
from gpu.requests import InferenceRequest, ModelSource, PipelineKey
from tests.stack import ROOT
from workers.generators.mock import Mock, MockConfig

ADDRESS = "BARE_REDIS"
app = Celery("bare", broker=os.environ.get(ADDRESS), backend=os.environ.get(ADDRESS))
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)


@app.task(name="nothing")
def nothing() -> float:
    """When it started."""
    return time.time()


@app.task(name="draw")
def draw(model: str, steps: int) -> tuple[float, float]:
    """When it started and ended."""
    began = time.time()
    key = PipelineKey(ModelSource(model))
    request = InferenceRequest(key, ("x",), (0,), width=64, height=64, num_inference_steps=steps)
    _mock().generate(request, lambda _: None, lambda: False)
    return began, time.time()


@cache
def _mock() -> Mock:
    return Mock(MockConfig.from_environment())


@contextmanager
def bare_celery(**environment: str) -> Iterator[Celery]:
    """A Redis and one worker process of one child, as Atelier's pools have; an app to send with."""
    with ExitStack() as held:
        folder = held.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        url = held.enter_context(embedded_redis(Path(folder)))
        command = [
            sys.executable, "-m", "celery", "--quiet", "--app", "benchmarks.bare", "worker",
            "--concurrency", "1", "--without-mingle", "--without-gossip", "--loglevel", "ERROR",
        ]  # fmt: skip
        env = {**os.environ, **environment, ADDRESS: url, "PYTHONWARNINGS": "ignore"}
        worker = subprocess.Popen(command, cwd=ROOT, env=env)
        sender = Celery("sender", broker=url, backend=url, set_as_current=False)
        try:
            sender.send_task("nothing").get(timeout=60)
            yield sender
        finally:
            worker.terminate()
            worker.wait(30)
