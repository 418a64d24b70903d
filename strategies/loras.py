"""LoRAs an owner uploads."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files import File
from django.core.files.temp import NamedTemporaryFile
from django.core.files.uploadedfile import UploadedFile

from gpu.errors import GpuError
from gpu.weights import validate_lora

from .errors import InvalidLora, one
from .models import Lora


def lora_create(owner: AbstractBaseUser, name: str, upload: UploadedFile) -> Lora:
    """Check an uploaded file and store it.

    Raises: InvalidLora when it is too large, not safetensors (a pickle is refused) or holds no adapter.
    """
    if (upload.size or 0) > settings.LORA_MAX_BYTES:
        limit = settings.LORA_MAX_BYTES // 2**20
        raise InvalidLora(
            f"The LoRA is larger than {limit} MiB.", errors=one(("file",), "too large", "too_large")
        )
    with NamedTemporaryFile(suffix=".safetensors") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        try:
            info = validate_lora(Path(copy.name))
        except GpuError as error:
            raise InvalidLora(str(error), errors=one(("file",), "not a usable LoRA", error.code)) from error
        lora = Lora(owner=owner, name=name, sha256=info.sha256, size=info.bytes, rank=info.rank)
        copy.seek(0)
        lora.file.save("", File(copy), save=False)
    lora.save(force_insert=True)
    return lora


def lora_delete(lora: Lora) -> None:
    """Forget a LoRA and its file. Tasks that wait for it will fail with `unknown_lora`."""
    file = lora.file
    lora.delete()
    file.delete(save=False)
