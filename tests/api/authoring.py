"""Authoring over HTTP, as a short script reads."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.test import APIClient

from tests.families.building import IMAGE_CONTRACT as CONTRACT


@dataclass
class Author:
    """A staff account at work; every step must succeed."""

    client: APIClient

    def draft(self, key: str, **fields: Any) -> dict:
        recipe = {"display_name": key.title(), "generator": "mock", "contract": CONTRACT}
        body = {"key": key, **recipe, **fields}
        return made(self.client.post("/v1/workflows", body))

    def published(self, key: str, **fields: Any) -> dict:
        self.draft(key, **fields)
        return made(self.client.post(f"/v1/workflows/{key}/publish"), 200)

    def family(self, key: str, **axes: str) -> str:
        """A family with a drop-down per keyword; its address."""
        made(self.client.post("/v1/families", {"key": key, "display_name": key.title()}))
        for axis, values in axes.items():
            self.axis(f"/v1/families/{key}", axis, values)
        return f"/v1/families/{key}"

    def axis(self, family: str, key: str, values: str, control: str = "dropdown", **fields: Any) -> dict:
        options = [{"value": value} for value in values.split()]
        body = {"key": key, "display_name": key.title(), "control": control, "options": options, **fields}
        return made(self.client.post(f"{family}/axes", body))

    def member(self, family: str, workflow: str, **picks: str) -> dict:
        return made(self.client.post(f"{family}/members", {"workflow": workflow, "tuple": picks}))

    def version(self, address: str) -> str:
        return self.client.get(address).headers["ETag"]


def made(answer: HttpResponse, status: int = 201) -> dict:
    assert answer.status_code == status, answer.content
    return answer.json()


def refused(answer: HttpResponse, status: int, code: str, *loc: str | int) -> dict:
    """The problem, which blames the field at `loc`."""
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code, body
    assert list(loc) in [error["loc"] for error in body["errors"]], body
    return body
