"""The process that works dies in every step of every chain; each goes on where it was and stores once.

Pictures and agentic loops are killed in `tests/chaos/test_kills.py`, trainings in `test_training.py`.
"""

import psycopg
import pytest

from tests.chains import Chain, chains
from tests.stack import RunningStack, finished, waited

STATUS = """
SELECT status FROM strategies_task WHERE generation_id = %s AND task_type = %s
"""
STORED = """
SELECT task.task_type, task.status, task.attempt > 1, count(asset.id)
FROM strategies_task AS task LEFT JOIN strategies_asset AS asset ON asset.task_id = task.id
WHERE task.generation_id = %s GROUP BY task.id ORDER BY task.step
"""
FILES = {"video": 2}  # a clip and its poster; everything else makes one picture
PATIENCE = 300  # seconds, on a machine that does much else; a quiet one needs a few


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("chain", chains().values(), ids=chains())
def test_every_step_whose_process_is_killed_is_done_again_and_stored_once(stack: RunningStack, chain: Chain):
    with stack.client() as client, stack.database() as database:
        asked = client.post(f"/v1/generations/{chain.shorthand}", json=chain.body).json()["id"]
        for task_type in chain.task_types:
            children = stack.worker_children(chain.pool)
            waited(lambda step=(asked, task_type): _is_processing(database, *step), PATIENCE)
            for child in children:
                child.kill()
                child.wait(10)
        generation = finished(client, asked, PATIENCE)

        (prediction,) = generation["predictions"]
        assert generation["status"] == "succeeded", generation["error"]
        assert database.execute(STORED, [asked]).fetchall() == [
            (task_type, "succeeded", True, FILES.get(task_type, 1)) for task_type in chain.task_types
        ]
        assert len(prediction["output"]) == FILES.get(chain.task_types[-1], 1)
        for output in prediction["output"]:
            assert client.get(output["url"]).status_code == 200


def _is_processing(database: psycopg.Connection, generation: str, task_type: str) -> bool:
    return database.execute(STATUS, [generation, task_type]).fetchone() == ("processing",)
