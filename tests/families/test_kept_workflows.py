"""A workflow that is kept in the process is always what the database holds."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from families.kept_workflows import workflow_by_key
from families.models import Workflow
from families.services import workflow_archive

from .building import published

pytestmark = pytest.mark.django_db


def test_what_has_not_changed_is_not_read_again(django_assert_num_queries):
    published("plain")
    first = workflow_by_key("plain")
    with django_assert_num_queries(1):
        assert workflow_by_key("plain") is first


def test_what_an_author_archives_is_archived_at_once():
    workflow = published("plain")
    assert workflow_by_key("plain").state == Workflow.State.PUBLISHED
    workflow_archive(workflow=workflow)
    with CaptureQueriesContext(connection) as context:
        assert workflow_by_key("plain").state == Workflow.State.ARCHIVED
    assert len(context) == 2


def test_what_was_rolled_back_was_never_there():
    published("plain", display_name="as it was")
    with transaction.atomic():
        Workflow.objects.update(display_name="by hand")
        assert workflow_by_key("plain").display_name == "by hand"
        transaction.set_rollback(True)
    assert workflow_by_key("plain").display_name == "as it was"


def test_one_made_again_under_its_old_key_is_another():
    published("plain").delete()
    assert workflow_by_key("plain") is None
    again = published("plain")
    assert workflow_by_key("plain") == again
