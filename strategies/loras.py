"""LoRAs an owner uploads."""

from pathlib import Path

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files import File
from django.core.files.temp import NamedTemporaryFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import ProtectedError

from gpu.errors import GpuError
from gpu.weights import validate_lora

from .errors import InvalidLora, LoraInUse, one
from .models import Lora
from .models.concept import named


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
    """Forget a LoRA and its file. Tasks that wait for it will fail with `input_gone`.

    Raises: LoraInUse while a subject, product or style speaks with it.
    """
    try:
        with transaction.atomic():
            Lora.objects.select_for_update().filter(pk=lora.pk).first()  # nobody takes it up meanwhile
            Lora.objects.filter(pk=lora.pk).delete()
    except ProtectedError as error:
        users = named(error.protected_objects)
        raise LoraInUse(
            f"The LoRA “{lora.name}” is used by {', '.join(users)}; give them another one or none first.",
            errors=one(("lora",), f"used by {', '.join(users)}", "lora_in_use"),
        ) from error
    lora.file.delete(save=False)
