"""The request rows: what was asked for, what it became, and the work in between."""

from .asset import Asset
from .batch_limit import BatchLimit
from .concept import Product, Style, Subject
from .generation import Generation
from .lora import Lora
from .pool_hold import PoolHold
from .prediction import Prediction
from .refine import Refine
from .share import Share
from .shot import Shot, ShotAttempt
from .status import TERMINAL, Status
from .task import Task
from .webhook import OwnWebhookSecret, WebhookEndpoint
from .webhook_delivery import DeliveryStatus, WebhookDelivery

__all__ = [
    "TERMINAL",
    "Asset",
    "BatchLimit",
    "DeliveryStatus",
    "Generation",
    "Lora",
    "OwnWebhookSecret",
    "PoolHold",
    "Prediction",
    "Product",
    "Refine",
    "Share",
    "Shot",
    "ShotAttempt",
    "Status",
    "Style",
    "Subject",
    "Task",
    "WebhookDelivery",
    "WebhookEndpoint",
]
