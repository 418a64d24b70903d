"""Subjects, products and styles: an owner's own, written here, and what they add to a picture."""

import re
from collections.abc import Iterable
from typing import Any, TypedDict, TypeVar, Unpack
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from families.contract import Contract

from .assets import asset_from_reference, lora_of_owner
from .errors import InvalidInputs, one
from .models import Product, Style, Subject
from .models.concept import Concept

Kind = TypeVar("Kind", bound=Concept)
# An input of kind `character` picks one of these by its key, and a subject under any other key.
KINDS: dict[str, type[Concept]] = {"product": Product, "style": Style}


class ConceptFields(TypedDict, total=False):
    """`picture` is an asset id, an https URL or a data URI."""

    name: str
    trigger_word: str
    lora: UUID | None
    weight: float
    picture: str | None


def concept_prepare(owner: AbstractBaseUser, **fields: Unpack[ConceptFields]) -> dict[str, Any]:
    """The fields with rows for references; a picture may be fetched here, so it belongs in no transaction.

    Raises: InvalidInputs for a LoRA, InvalidImage for a picture that is not the owner's or not usable.
    """
    values: dict[str, Any] = dict(fields)
    if lora := fields.get("lora"):
        values["lora"] = lora_of_owner(owner, lora, loc=("lora",))
    if picture := fields.get("picture"):
        values["picture"] = asset_from_reference(owner, picture, loc=("picture",))
    return values


def concept_create(kind: type[Kind], *, owner: AbstractBaseUser, values: dict[str, Any]) -> Kind:
    """A concept of what was prepared."""
    with transaction.atomic():
        _hold(values)
        return kind.objects.create(owner=owner, **values)


def concept_update(concept: Kind, **changes: Unpack[ConceptFields]) -> Kind:
    """Change what is given and leave the rest. Raises: as `concept_prepare`."""
    values = concept_prepare(concept.owner, **changes)
    with transaction.atomic():
        _hold(values)
        locked = type(concept).objects.select_for_update().get(pk=concept.pk)
        for field, value in values.items():
            setattr(locked, field, value)
        locked.save()
    return locked


def concept_delete(concept: Concept) -> None:
    """Forget a concept; its LoRA and picture stay, and so does what was accepted with it."""
    type(concept).objects.filter(pk=concept.pk).delete()


def _hold(values: dict[str, Any]) -> None:
    """Keep the LoRA and the picture from being deleted until they are used."""
    for row in (values.get("lora"), values.get("picture")):
        if row is not None:
            type(row).objects.select_for_update(no_key=True).get(pk=row.pk)


# --- in a picture -------------------------------------------------------------------------------------
def character_keys(contract: Contract) -> list[str]:
    """The inputs that pick a concept."""
    return [spec.key for spec in contract.inputs if spec.kind == "character"]


def concepts_of(owner: AbstractBaseUser, picked: dict[str, str]) -> list[Concept]:
    """The owner's concepts that the inputs `{key: id}` pick.

    Raises: InvalidInputs naming each input that picks none.
    """
    found, problems = [], []
    for key, reference in picked.items():
        kind = KINDS.get(key, Subject)
        if concept := _concept(kind, owner, reference):
            found.append(concept)
        else:
            noun = kind._meta.model_name
            problems += one(("inputs", key), f"no such {noun}; /v1/{noun}s lists yours", f"unknown_{noun}")
    if problems:
        raise InvalidInputs("Some inputs pick what is not there, or not yours; see errors.", errors=problems)
    return found


def with_triggers(prompt: str, concepts: Iterable[Concept]) -> str:
    """The prompt, with the trigger words that it does not have yet in front."""
    return with_words(prompt, [concept.trigger_word for concept in concepts if concept.trigger_word])


def with_words(prompt: str, words: Iterable[str]) -> str:
    """The prompt, with those of the words that it does not have yet in front."""
    return " ".join([*(word for word in words if not _says(prompt, word)), prompt])


def words_of(concepts: Iterable[Concept]) -> dict[str, str]:
    """What a template's fields stand for: each concept by its trigger word, else by its name."""
    words: dict[str, list[str]] = {}
    for concept in concepts:
        words.setdefault(concept._meta.model_name or "", []).append(concept.trigger_word or concept.name)
        if concept.trigger_word:
            words.setdefault("trigger", []).append(concept.trigger_word)
    return {field: " and ".join(each) for field, each in words.items()}


def _says(prompt: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", prompt, re.IGNORECASE) is not None


def _concept(kind: type[Concept], owner: AbstractBaseUser, reference: str) -> Concept | None:
    try:
        return kind.objects.filter(owner=owner, id=UUID(reference)).first()
    except ValueError:
        return None
