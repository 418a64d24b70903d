"""The requests of docs/authoring.md, as they stand there."""

import json
import re

from django.conf import settings

from strategies.models import Task
from strategies.params import parse

REQUEST = re.compile(r"^post (\S+) '(.*?)'$", re.DOTALL | re.MULTILINE)


def test_the_documented_requests_make_a_product_that_draws(staff):
    page = (settings.BASE_DIR / "docs" / "authoring.md").read_text()
    requests = REQUEST.findall(page)
    assert len(requests) == 6
    for path, body in requests:
        answer = staff.client.post(f"/v1/{path}", json.loads(body))
        assert answer.status_code in (200, 201, 202), answer.content
    assert parse(Task.objects.get().params).prompt == "a red circle on a blue background"


def test_every_documented_address_is_in_the_openapi_document(staff):
    page = (settings.BASE_DIR / "docs" / "authoring.md").read_text()
    schema = staff.client.get("/schema/").content.decode()
    shapes = {re.sub(r"\{\w+\}", "{}", path) for path in re.findall(r"^  (/v1/\S+):$", schema, re.MULTILINE)}
    addresses = re.findall(r"`(?:GET |POST )?(/v1/[^`]*)`", page)
    assert len(addresses) >= 10
    for address in addresses:
        assert re.sub(r"\{\w+\}", "{}", address) in shapes, address
