"""Pictures an owner brings: uploaded, fetched or inlined, always stored clean."""

import base64
import binascii
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files.base import ContentFile

from .errors import InvalidImage, InvalidInputs, one
from .fetch import fetch_image
from .images import clean_image
from .models import Asset, Lora
from .uploads import hold, kept_until


def asset_create(owner: AbstractBaseUser, data: bytes, *, loc: tuple[str | int, ...] = ("file",)) -> Asset:
    """Check, clean and store a picture. Raises: InvalidImage."""
    image = clean_image(data, loc=loc)
    asset = Asset(
        owner=owner, content_type=image.content_type, width=image.width, height=image.height,
        size=len(image.data), sha256=image.sha256, expires_at=kept_until(),
    )  # fmt: skip
    asset.file.save("", ContentFile(image.data), save=False)
    asset.save(force_insert=True)
    return asset


def asset_from_reference(owner: AbstractBaseUser, reference: str, *, loc: tuple[str | int, ...]) -> Asset:
    """The asset that an input means: an asset id of this owner, a data URI, or an https URL.

    Raises: InvalidImage naming the input.
    """
    if reference.startswith("data:"):
        return asset_create(owner, _data_uri(reference, loc), loc=loc)
    if "://" in reference:
        return asset_create(owner, fetch_image(reference, loc=loc), loc=loc)
    try:
        id = UUID(reference)
        hold(owner, [id])
        asset = Asset.objects.get(owner=owner, id=id)
    except (ValueError, Asset.DoesNotExist):
        raise InvalidImage(
            "No such asset; upload the image to /v1/assets, or give an https URL or a data URI.",
            errors=one(loc, "unknown asset", "unknown_asset"),
        ) from None
    if not asset.content_type.startswith("image/"):
        raise InvalidImage(
            f"The asset is {asset.content_type}, not a picture; give a picture, such as the clip's poster.",
            errors=one(loc, "not a picture", "not_an_image"),
        )
    return asset


def _data_uri(reference: str, loc: tuple[str | int, ...]) -> bytes:
    header, comma, body = reference.partition(",")
    try:
        if not comma or not header.endswith(";base64"):
            raise ValueError
        return base64.b64decode(body, validate=True)
    except (ValueError, binascii.Error):
        raise InvalidImage(
            "The data URI must be data:image/…;base64,… .",
            errors=one(loc, "not a base64 data URI", "data_uri"),
        ) from None


def lora_of_owner(owner: AbstractBaseUser, lora: UUID, *, loc: tuple[str | int, ...]) -> Lora:
    """An uploaded LoRA of this owner. Raises: InvalidInputs naming the input."""
    try:
        return Lora.objects.get(owner=owner, id=lora)
    except Lora.DoesNotExist:
        raise InvalidInputs(
            "No such LoRA; upload it to /v1/loras first.", errors=one(loc, "unknown LoRA", "unknown_lora")
        ) from None
