"""Full queues for `benchmarks.claims`, which starts the servers first."""

from django.core.management import call_command
from django.db import connection
from django.db.models import Model

from api.models import User
from strategies.lifecycle import claim, window
from strategies.models import Generation, Prediction, Task
from strategies.policy import POLICY
from tests.factories import make_generation, make_owner, make_workflow

COPIES = """
CREATE TEMP TABLE copy AS
WITH people AS (SELECT array_agg(id) AS ids FROM (SELECT id FROM api_user ORDER BY id LIMIT %(owners)s) AS o)
SELECT gen_random_uuid() AS id, gen_random_uuid() AS prediction, ids[1 + number %% %(owners)s] AS owner,
    'model-' || (number * 7 %% %(models)s) AS model, now() - number * interval '1 ms' AS at
FROM generate_series(1, %(size)s) AS number, people
"""

RETIRED = """
UPDATE strategies_task SET status = 'canceled', completed_at = now(), started_at = NULL, lease_token = NULL,
    lease_expires_at = NULL
"""


def prepare() -> None:
    """The tables, and one generation that the others are copies of."""
    call_command("migrate", verbosity=0)
    make_generation(make_owner(), make_workflow())


def fill(size: int, owners: int, models: int) -> None:
    """So many tasks wait: of that many owners, for that many models."""
    known = range(User.objects.count(), owners)
    User.objects.bulk_create(User(username=f"one-of-many-{number}") for number in known)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE strategies_share")
        template = Generation.objects.order_by("created_at")[0].pk
        for table in ("task", "prediction", "generation"):
            key = "id" if table == "generation" else "generation_id"
            cursor.execute(f"DELETE FROM strategies_{table} WHERE {key} <> %s", [template])
        cursor.execute(RETIRED)
        cursor.execute(COPIES, {"size": size, "owners": owners, "models": models})
        waits = {"status": "'starting'", "started_at": "NULL::timestamptz"}
        of_copy = {"owner_id": "copy.owner", "generation_id": "copy.id", "created_at": "copy.at", **waits}
        of_task = {"prediction_id": "copy.prediction", "model": "copy.model"}
        cursor.execute(_copies(Generation, id="copy.id", **of_copy))
        cursor.execute(_copies(Prediction, id="copy.prediction", **of_copy))
        cursor.execute(
            _copies(Task, id="gen_random_uuid()", completed_at="NULL::timestamptz", **of_copy, **of_task)
        )
        cursor.execute("DROP TABLE copy")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")  # what filling left to write is not what a claim costs


def claim_one() -> None:
    held = claim(
        queue="generation",
        worker="bench@here",
        device="cpu",
        lease_seconds=600,
        resident={"model-1", "model-2"},
    )
    assert held is not None


def plan() -> str:
    """Of the query that reads most, at the size and shape that came last."""
    terms = {
        "queue": "generation", "lines": POLICY.lines, "look_ahead": POLICY.look_ahead, "bound": POLICY.bound,
        "capacity": POLICY.capacity,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) " + window.LINES, terms)
        return "\n".join(row[0] for row in cursor.fetchall())


def _copies(kind: type[Model], /, **values: str) -> str:
    """SQL that copies the template's row once for every row of the table `copy`, with these values."""
    columns = [field.column for field in kind._meta.concrete_fields if not field.generated]
    expressions = ", ".join(values.get(column, f"template.{column}") for column in columns)
    table = kind._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {expressions} FROM copy,"
        f" (SELECT * FROM {table} LIMIT 1) AS template"
    )
