import subprocess
import sys

import yaml
from django.conf import settings
from django.test import Client


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


def test_the_docs_need_nothing_from_elsewhere(db):
    page = Client().get("/docs/").content.decode()
    assert "swagger-ui" in page and "http://" not in page and "https://" not in page
    assert Client().get("/").headers["Location"] == "/docs/"
