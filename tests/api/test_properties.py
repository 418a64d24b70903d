"""Random families under random authors, against a brute-force model: over HTTP."""

from collections import Counter

import pytest
from django.http import HttpResponse
from hypothesis.stateful import run_state_machine_as_test
from rest_framework.test import APIClient

from tests.families.building import IMAGE_CONTRACT, NO_OUTPUTS
from tests.families.histories import REFUSALS, Histories, profile


def told(answer: HttpResponse) -> str | None:
    if answer.status_code < 300:
        return None
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.status_code < 500
    return answer.json()["code"]


class OverHttp:
    """Sends what a script or another front end sends."""

    def __init__(self, client: APIClient) -> None:
        self.client = client

    def family_create(self, key):
        return told(self.client.post("/v1/families", {"key": key, "display_name": key}))

    def axis_add(self, family, key, control, options, default):
        body = {
            "key": key, "display_name": key, "control": control,
            "options": [{"value": value} for value in options],
            **({"default": default} if default is not None else {}),
        }  # fmt: skip
        return told(self.client.post(f"/v1/families/{family}/axes", body))

    def axis_update(self, family, key, control, default):
        body = {"control": control, **({"default": default} if default is not None else {})}
        return told(self.client.patch(f"/v1/families/{family}/axes/{key}", body))

    def axis_delete(self, family, key):
        return told(self.client.delete(f"/v1/families/{family}/axes/{key}"))

    def option_add(self, family, axis, value):
        return told(self.client.post(f"/v1/families/{family}/axes/{axis}/options", {"value": value}))

    def option_delete(self, family, axis, value):
        return told(self.client.delete(f"/v1/families/{family}/axes/{axis}/options/{value}"))

    def member_assign(self, family, workflow, selection):
        body = {"workflow": workflow, "tuple": selection}
        return told(self.client.post(f"/v1/families/{family}/members", body))

    def member_retuple(self, family, workflow, selection):
        return told(self.client.patch(f"/v1/families/{family}/members/{workflow}", {"tuple": selection}))

    def member_remove(self, family, workflow):
        return told(self.client.delete(f"/v1/families/{family}/members/{workflow}"))

    def workflow_create(self, key, adult):
        recipe = {"generator": "mock", "contract": IMAGE_CONTRACT}
        body = {"key": key, "display_name": key, "rating": _rating(adult), **recipe}
        return told(self.client.post("/v1/workflows", body))

    def workflow_publish(self, key):
        return told(self.client.post(f"/v1/workflows/{key}/publish"))

    def workflow_archive(self, key):
        return told(self.client.post(f"/v1/workflows/{key}/archive"))

    def workflow_delete(self, key):
        return told(self.client.delete(f"/v1/workflows/{key}"))

    def workflow_rate(self, key, adult):
        return told(self.client.patch(f"/v1/workflows/{key}", {"rating": _rating(adult)}))

    def workflow_outputs(self, key, outputs):
        contract = IMAGE_CONTRACT if outputs else NO_OUTPUTS
        return told(self.client.patch(f"/v1/workflows/{key}", {"contract": contract}))


def _rating(adult: bool) -> str:
    return "adult" if adult else "sfw"


@pytest.mark.django_db
def test_random_authors_over_http_never_leave_what_the_model_says(account):
    account.user.is_staff = True
    account.user.save()

    class ByRequests(Histories):
        author, seen = OverHttp(account.client), Counter()

    run_state_machine_as_test(ByRequests, settings=profile(histories=2))
    assert ByRequests.seen.keys() == {None, *REFUSALS}, "some rule was never kept or never broken"
