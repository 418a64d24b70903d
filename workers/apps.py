from importlib import import_module

from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        # They register themselves, which needs every app to be loaded.
        import_module("workers.checks")
        import_module("workers.recipes")
