"""`subject_generate`: a known subject, drawn again."""

from typing import Any

from .concepts import concepts_of
from .errors import InvalidInputs, Problem, one
from .inputs import TextToImageInputs
from .models import Generation, Subject
from .models.concept import Concept
from .params import GenerationParams
from .strategy import Ask
from .text_to_image import TextToImage


class SubjectGenerate(TextToImage):
    """Text to image with at least one of the owner's subjects in it, known by its LoRA or trigger word.

    How many may be together is the contract's to say: it has one `character` input for each. Two LoRAs in one
    picture do mix, so an author gives a second only to models and subjects that bear it.
    """

    name = "subject_generate"

    def concepts(self, ask: Ask, picked: dict[str, str]) -> list[Concept]:
        """Raises: InvalidInputs without a subject, with one twice, or with one that nothing is known of."""
        concepts = concepts_of(ask.owner, picked)
        by_key = zip(picked, concepts, strict=True)
        subjects = {key: concept for key, concept in by_key if isinstance(concept, Subject)}
        if not subjects:
            raise InvalidInputs(
                "A picture of a subject needs one; /v1/subjects lists yours.",
                errors=one(("inputs", "subject"), "is required", "missing"),
            )
        if problems := _problems(subjects):
            raise InvalidInputs("Some subjects cannot be drawn; see errors.", errors=problems)
        return concepts

    def _params(
        self, generation: Generation, inputs: TextToImageInputs, concepts: list[Concept], seed: int
    ) -> GenerationParams:
        params = super()._params(generation, inputs, concepts, seed)
        drawn = [_identity(concept) for concept in concepts]
        return params.model_copy(update={"provenance": {**params.provenance, "concepts": drawn}})


def _problems(subjects: dict[str, Concept]) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[Any] = set()
    for key, subject in subjects.items():
        if subject.id in seen:
            problems += one(("inputs", key), f"{subject.name} is in the picture already", "subject_repeated")
        elif not subject.lora_id and not subject.trigger_word:
            problems += one(
                ("inputs", key),
                f"nothing is known of {subject.name} yet: train it, or give it a LoRA or a trigger word",
                "subject_untrained",
            )
        seen.add(subject.id)
    return problems


def _identity(concept: Concept) -> dict[str, Any]:
    """What made the subject (or product, or style) recognisable in this picture."""
    return {
        "kind": concept._meta.model_name,
        "id": str(concept.id),
        "name": concept.name,
        "trigger_word": concept.trigger_word,
        "lora": str(concept.lora_id) if concept.lora_id else None,
        "weight": concept.weight,
    }
