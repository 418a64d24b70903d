"""Workflows, as their authors read and write them."""

from rest_framework import serializers

from families.models import Workflow
from families.models.workflow import Rating, State
from families.resolution import workflow_reasons
from strategies.registry import STRATEGIES

from .base import ChoiceField, StrictSerializer

CONTRACT = "Typed inputs and declared outputs: `{inputs: [{key, kind, label, …}], outputs: [{key, kind}]}`."
VAE = "An autoencoder to use instead of the checkpoint's own."
REFINER = "A second checkpoint, which draws from `refiner_start`, a share of the steps, to the end."
LORAS = "`[{lora, weight?, name?}]`"
CONTROLNETS = "`[{model, revision?, preprocessor?, scale?}]`"


class WorkflowSerializer(serializers.Serializer):
    """`version` is what generations record; `revision` grows with every change, and is the ETag."""

    key = serializers.CharField()
    display_name = serializers.CharField()
    description = serializers.CharField()
    state = serializers.ChoiceField(State.values)
    version = serializers.IntegerField()
    revision = serializers.IntegerField()
    available = serializers.SerializerMethodField()
    reasons = serializers.SerializerMethodField(help_text="Why it cannot be selected.")
    families = serializers.SerializerMethodField(help_text="The families that it is a member of.")
    strategy = serializers.CharField()
    is_default_for_strategy = serializers.BooleanField()
    generator = serializers.CharField()
    checkpoint = serializers.CharField()
    checkpoint_revision = serializers.CharField()
    vae = serializers.CharField(help_text=VAE)
    vae_revision = serializers.CharField()
    refiner = serializers.CharField(help_text=REFINER)
    refiner_revision = serializers.CharField()
    refiner_start = serializers.FloatField()
    loras = serializers.ListField(child=serializers.DictField(), help_text=LORAS)
    controlnets = serializers.ListField(child=serializers.DictField(), help_text=CONTROLNETS)
    scheduler = serializers.CharField()
    prompt_prefix = serializers.CharField()
    contract = serializers.DictField(help_text=CONTRACT)
    rating = serializers.ChoiceField(Rating.values)
    price = serializers.FloatField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_available(self, workflow: Workflow) -> bool:
        return not workflow_reasons(workflow)

    def get_reasons(self, workflow: Workflow) -> list[str]:
        return workflow_reasons(workflow)

    def get_families(self, workflow: Workflow) -> list[str]:
        return sorted(member.family.key for member in workflow.memberships.all())


class WorkflowChangeSerializer(StrictSerializer):
    """A field's rules are the services'; here is what a body looks like."""

    key = serializers.CharField(required=False, help_text="Fixed once made.")
    display_name = serializers.CharField(required=False)
    description = serializers.CharField(required=False, allow_blank=True)
    strategy = ChoiceField(sorted(STRATEGIES), required=False)
    generator = serializers.CharField(required=False)
    checkpoint = serializers.CharField(required=False, allow_blank=True)
    checkpoint_revision = serializers.CharField(required=False, allow_blank=True)
    vae = serializers.CharField(required=False, allow_blank=True, help_text=VAE)
    vae_revision = serializers.CharField(required=False, allow_blank=True)
    refiner = serializers.CharField(required=False, allow_blank=True, help_text=REFINER)
    refiner_revision = serializers.CharField(required=False, allow_blank=True)
    refiner_start = serializers.FloatField(required=False)
    loras = serializers.ListField(child=serializers.DictField(), required=False, help_text=LORAS)
    controlnets = serializers.ListField(child=serializers.DictField(), required=False, help_text=CONTROLNETS)
    scheduler = serializers.CharField(required=False, allow_blank=True)
    prompt_prefix = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    contract = serializers.DictField(required=False, help_text=CONTRACT)
    rating = ChoiceField(Rating.values, required=False)
    price = serializers.DecimalField(max_digits=10, decimal_places=4, required=False)


class NewWorkflowSerializer(WorkflowChangeSerializer):
    key = serializers.CharField()
    display_name = serializers.CharField()
