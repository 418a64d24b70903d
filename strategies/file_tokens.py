"""The signed, expiring names under which files can be fetched without a key."""

import time
from uuid import UUID

from django.conf import settings
from django.core.signing import Signer

SIGNER = Signer(salt="atelier.files")


def file_token(asset: UUID) -> str:
    """The same for a while, so that browsers can keep the picture; good for OUTPUT_URL_SECONDS at least."""
    step = max(1, settings.OUTPUT_URL_SECONDS // 24)
    expiry = (int(time.time()) // step + 1) * step + settings.OUTPUT_URL_SECONDS
    return SIGNER.sign(f"{asset.hex}.{expiry}")
