"""What an account may see: every look-up of the REST surface starts from one of these."""

from django.db.models import Prefetch, QuerySet

from strategies.concepts import Kind
from strategies.models import Asset, Generation, Lora, Prediction, Task, WebhookDelivery, WebhookEndpoint

from .models import User


def generations_of(owner: User) -> QuerySet[Generation]:
    return whole(Generation.objects.filter(owner=owner))


def whole(generations: QuerySet[Generation]) -> QuerySet[Generation]:
    """With everything that their JSON shows, in three queries however many there are."""
    parts = Prefetch("predictions", Prediction.objects.prefetch_related("outputs"), to_attr="parts")
    return generations.select_related("family", "workflow").prefetch_related(parts)


def predictions_of(owner: User) -> QuerySet[Prediction]:
    return (
        Prediction.objects.filter(generation__owner=owner)
        .select_related("generation__workflow", "generation__family", "generation__owner")
        .prefetch_related("outputs")
    )


def tasks_of(owner: User) -> QuerySet[Task]:
    """Their tasks; everybody's for staff."""
    tasks = Task.objects.all() if owner.is_staff else Task.objects.filter(owner=owner)
    made = Prefetch("assets", Asset.objects.order_by("index"))
    return tasks.select_related("prediction").prefetch_related(made)


def assets_of(owner: User) -> QuerySet[Asset]:
    return Asset.objects.filter(owner=owner)


def concepts_of(owner: User, kind: type[Kind]) -> QuerySet[Kind]:
    """Their subjects, products or styles."""
    return kind.objects.filter(owner=owner).select_related("picture")


def loras_of(owner: User) -> QuerySet[Lora]:
    return Lora.objects.filter(owner=owner)


def webhooks_of(owner: User) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(owner=owner)


def deliveries_of(owner: User) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(owner=owner).select_related("endpoint", "generation")
