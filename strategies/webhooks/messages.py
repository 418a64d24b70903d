"""What is sent: `{type, timestamp, data}`, where `data` has the fields of the REST document.

What happened is written down when it happens (`happened`). The addresses are put in when it is sent
(`body`): those of outputs expire, and a message may be sent days later.
"""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from standardwebhooks import Webhook

from ..file_tokens import file_token
from ..metrics import metrics_of
from ..models import Asset, Generation, Prediction, WebhookDelivery

PATHS = {
    "generation": "/v1/generations/{id}",
    "prediction": "/v1/predictions/{id}",
    "file": "/v1/files/{token}",
}


def happened(event: str, generation: UUID, prediction: UUID | None) -> dict[str, Any]:
    """The message for an event, without addresses."""
    if prediction is None:
        rows = Generation.objects.select_related("family", "workflow")
        data = _generation(rows.prefetch_related("predictions__outputs").get(id=generation))
    else:
        item = Prediction.objects.select_related("generation").prefetch_related("outputs")
        data = _prediction(item.get(id=prediction))
    return {"type": event, "timestamp": _time(timezone.now()), "data": data}


def body(delivery: WebhookDelivery) -> bytes:
    """The message as it is sent now."""
    payload = delivery.payload
    data = _with_addresses(payload["data"], payload["type"].partition(".")[0])
    return json.dumps({**payload, "data": data}, separators=(",", ":")).encode()


def signed_headers(message: str, content: bytes, secrets: list[str]) -> dict[str, str]:
    """The headers of Standard Webhooks; every one of the secrets signs."""
    now = timezone.now()
    signatures = [Webhook(secret).sign(message, now, content.decode()) for secret in secrets]
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _generation(row: Generation) -> dict[str, Any]:
    predictions = list(row.predictions.all())
    known = [item.predict_seconds for item in predictions if item.predict_seconds is not None]
    return {
        **_common(row, round(sum(known), 3) if known else None),
        "strategy": row.strategy,
        "type": row.type,
        "family": row.family.key if row.family else None,
        "workflow": row.workflow.key,
        "version": row.workflow_version,
        "selection": row.selection,
        "rating": row.rating,
        "seed": row.seed,
        "metadata": row.metadata,
        "predictions": [_prediction(item) for item in predictions],
    }


def _prediction(row: Prediction) -> dict[str, Any]:
    return {
        **_common(row, row.predict_seconds),
        "generation": str(row.generation_id),
        "seed": row.seed,
        "output": [_output(asset) for asset in row.outputs_in_order],
        **_judgement(row),
    }


def _judgement(row: Prediction) -> dict[str, Any]:
    """What an agentic prediction came to."""
    shot = row.shot if row.generation.type == Generation.Type.AGENTIC else None
    return {
        "confidence": shot.best.score if shot and shot.best else None,
        "below_threshold": shot.below_threshold if shot and shot.decision else None,
        "decision": shot.decision or None if shot else None,
    }


def _common(row: Generation | Prediction, predict_seconds: float | None) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "status": row.status,
        "error": {"code": row.error_code, "detail": row.error_detail} if row.error_code else None,
        "metrics": metrics_of(row, predict_seconds),
        "created_at": _time(row.created_at),
        "started_at": _time(row.started_at),
        "completed_at": _time(row.completed_at),
    }


def _output(asset: Asset) -> dict[str, Any]:
    return {
        "id": str(asset.id),
        "width": asset.width,
        "height": asset.height,
        "content_type": asset.content_type,
        "sha256": asset.sha256,
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _with_addresses(data: dict[str, Any], noun: str) -> dict[str, Any]:
    here = _address(noun, id=data["id"])
    urls = {"get": here, "cancel": f"{here}/cancel"}
    if noun == "generation":
        predictions = [_with_addresses(item, "prediction") for item in data["predictions"]]
        return {**data, "predictions": predictions, "urls": {**urls, "events": f"{here}/events"}}
    output = [
        {**item, "url": _address("file", token=file_token(UUID(item["id"])))} for item in data["output"]
    ]
    return {**data, "output": output, "urls": urls}


def _address(name: str, **parts: str) -> str:
    return settings.PUBLIC_URL.rstrip("/") + PATHS[name].format(**parts)
