"""What can be wrong with a request; every error is the caller's to mend and says how."""

from typing import Any, ClassVar, TypedDict


class Problem(TypedDict):
    """One field's problem: where it is, what is wrong, and a stable kind."""

    loc: list[str | int]
    msg: str
    type: str


class RequestError(Exception):
    """A request that cannot be accepted.

    `code` is stable for programs, `detail` a sentence for people, `errors` names the fields.
    """

    code: ClassVar[str] = "invalid_request"

    def __init__(self, detail: str, *, errors: list[Problem] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        self.extra = extra


class InvalidInputs(RequestError):
    """One or more inputs break the workflow's contract or the strategy's limits."""

    code = "invalid_inputs"


class UnknownWorkflow(RequestError):
    """No published workflow has this key."""

    code = "unknown_workflow"


class WorkflowUnavailable(RequestError):
    """The workflow exists but cannot be run."""

    code = "workflow_unavailable"


class UnknownStrategy(RequestError):
    """No strategy has this name, or it has no default workflow."""

    code = "unknown_strategy"


class NoPoolFits(RequestError):
    """No live pool that serves the queue could ever run it; `reasons` name each and what it lacks."""

    code = "no_pool_fits"


class AgeVerificationRequired(RequestError):
    """The workflow is rated adult and the account is not age-verified."""

    code = "age_verification_required"


class LanguageModelUnavailable(RequestError):
    """The request needs a language or vision model, and none is set up."""

    code = "language_model_unavailable"


class InvalidImage(RequestError):
    """An image is missing, corrupt, oversized, disguised or not to be fetched."""

    code = "invalid_image"


class InvalidLora(RequestError):
    """An uploaded LoRA is not safetensors, too large, or holds no adapter weights."""

    code = "invalid_lora"


class StillRunning(RequestError):
    """The thing asked for is only possible once the generation is over."""

    code = "still_running"


class NotWaiting(RequestError):
    """Only what has not started yet can be changed."""

    code = "not_waiting"


class LoraInUse(RequestError):
    """A subject, product or style speaks with the LoRA."""

    code = "lora_in_use"


class AssetInUse(RequestError):
    """A picture is the portrait of a subject, product or style."""

    code = "asset_in_use"


class InvalidWebhook(RequestError):
    """The address of a webhook is not one, or leads into a private network."""

    code = "invalid_webhook"


class TooManyWebhooks(RequestError):
    """The account has as many webhooks as it may have."""

    code = "too_many_webhooks"


class WebhookDisabled(RequestError):
    """Nothing is sent to a webhook that is disabled."""

    code = "webhook_disabled"


class SecretUnreadable(RequestError):
    """A stored secret was sealed under a key that is gone."""

    code = "secret_unreadable"


class DeliveryUnderWay(RequestError):
    """The delivery is being attempted at this moment."""

    code = "delivery_under_way"


def one(loc: tuple[str | int, ...], msg: str, kind: str = "value_error") -> list[Problem]:
    """The `errors` of a single-field problem."""
    return [Problem(loc=list(loc), msg=msg, type=kind)]
