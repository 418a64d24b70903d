from importlib import import_module

from django.apps import AppConfig


class StrategiesConfig(AppConfig):
    name = "strategies"
    verbose_name = "Requests"

    def ready(self) -> None:
        import_module("strategies.recipes")  # registers itself; needs every app to be loaded
