"""The Celery app and nothing else: a leaf that anyone may import."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "api.settings")
app = Celery("atelier")
app.config_from_object("celeryconfig")
