import subprocess
import sys

import yaml
from django.conf import settings
from django.test import Client
from jsonschema import Draft202012Validator

from api.urls import SHORTHANDS
from strategies.params import PARAMS


def test_the_openapi_document_has_no_warnings():
    command = [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_operation_documents_its_problems(db):
    document = yaml.safe_load(Client().get("/schema/").content)
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 20
    for path, method, operation in operations:
        problem = operation["responses"]["default"]["content"]
        assert list(problem) == ["application/problem+json"], (method, path)
    assert "/v1/generations/{id}/events" in document["paths"]


def test_bodies_are_typed_by_task_type_and_by_strategy(db):
    document = yaml.safe_load(Client().get("/schema/").content)

    def fits(schema: dict, **body) -> bool:
        return Draft202012Validator({**schema, "components": document["components"]}).is_valid(body)

    tasks = document["components"]["schemas"]["TaskAskRequest"]
    assert set(tasks["discriminator"]["mapping"]) == set(PARAMS)
    assert fits(tasks, task_type="prompt", params={"template": "a {prompt}"})
    assert not fits(tasks, task_type="prompt", params={"colour": "red"})
    assert not fits(tasks, task_type="evaluation", params={"template": "a {prompt}"})

    def shorthand(name: str) -> dict:
        body = document["paths"][f"/v1/generations/{name}"]["post"]["requestBody"]
        return body["content"]["application/json"]["schema"]

    assert all(shorthand(name)["allOf"] for name in SHORTHANDS)
    assert fits(shorthand("refine"), inputs={"base_image": "data:,", "scale": 2})
    assert not fits(shorthand("refine"), inputs={"base_image": "data:,", "scale": 3})
    assert not fits(shorthand("subject"), inputs={"subject": 1})


def test_the_docs_need_nothing_from_elsewhere(db):
    page = Client().get("/docs/").content.decode()
    assert "swagger-ui" in page and "http://" not in page and "https://" not in page
    assert Client().get("/").headers["Location"] == "/docs/"
