"""`manage.py reseal_secrets`: after it the fallbacks of SECRET_KEY are not needed for stored secrets."""

from django.core.management.base import BaseCommand

from strategies.webhooks.secrets import secrets_reseal


class Command(BaseCommand):
    help = "Seals the secrets of webhooks under the present SECRET_KEY."

    def handle(self, *args: object, **options: object) -> None:
        done, unreadable = secrets_reseal()
        self.stdout.write(f"{done} sealed again.")
        if unreadable:
            self.stderr.write(
                f"{unreadable} cannot be read: name the SECRET_KEY they were sealed under in"
                " SECRET_KEY_FALLBACKS, or have their owners rotate them."
            )
