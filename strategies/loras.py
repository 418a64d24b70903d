"""LoRAs an owner uploads."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.files import File
from django.core.files.temp import NamedTemporaryFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from gpu.errors import GpuError
from gpu.weights import validate_lora

from .errors import InvalidLora, LoraInUse, one
from .models import Lora, Subject
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


@dataclass(frozen=True, slots=True)
class TrainedLora:
    """A LoRA whose file is stored and whose row is not yet, and the subject that it was trained for."""

    lora: Lora
    subject: UUID


def trained_lora(subject: Subject, file: Path) -> TrainedLora:
    """Store what a training made, under the name of its subject."""
    info = validate_lora(file)
    lora = Lora(
        owner_id=subject.owner_id, name=subject.name, sha256=info.sha256, size=info.bytes, rank=info.rank
    )
    with file.open("rb") as made:
        lora.file.save("", File(made), save=False)
    return TrainedLora(lora, subject.pk)


def lora_adopt(trained: TrainedLora) -> None:
    """Write the row and let the subject speak with it, in the transaction of the training's success.

    A subject that was deleted meanwhile leaves its owner the LoRA.
    """
    trained.lora.save(force_insert=True)
    Subject.objects.filter(id=trained.subject).update(
        lora=trained.lora, weight=1.0, updated_at=timezone.now()
    )


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
