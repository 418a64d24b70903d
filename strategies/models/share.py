"""What an owner has had of the devices lately."""

from django.conf import settings
from django.db import models


class Share(models.Model):
    """Device seconds as they counted at `as_of`; from then on they count less (see `strategies.policy`)."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="share"
    )
    seconds = models.FloatField()
    as_of = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.owner_id}: {self.seconds:.1f} s"
