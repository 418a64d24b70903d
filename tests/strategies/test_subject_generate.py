import pytest

from families.errors import InvalidInputs as ContractViolation
from strategies.concepts import concept_create, concept_prepare
from strategies.errors import InvalidInputs
from strategies.models import Lora, Style, Subject
from strategies.params import parse
from strategies.services.generations import GenerationAsk, generation_create
from tests.factories import make_owner, make_workflow, spec, text_to_image_contract, the_task


@pytest.fixture
def known(owner):
    """A subject with a LoRA of its own."""

    def made(name="Ada", trigger_word="ada", **fields) -> Subject:
        lora = Lora.objects.create(owner=owner, name=name, file="x.safetensors", sha256="0" * 64, size=1)
        values = concept_prepare(owner, name=name, trigger_word=trigger_word, lora=lora.id, **fields)
        return concept_create(Subject, owner=owner, values=values)

    return made


def cast(*keys: str, **fields):
    contract = text_to_image_contract()
    contract["inputs"] += [spec(key, "character") for key in keys]
    return make_workflow(strategy="subject_generate", contract=contract, **fields)


def ask(owner, workflow, **inputs):
    inputs = {"prompt": "on a beach", **inputs}
    return generation_create(owner=owner, ask=GenerationAsk(workflow=workflow.key, inputs=inputs))


def test_a_subject_brings_its_lora_its_word_and_its_weight(owner, known):
    ada = known(weight=0.8)
    style = concept_create(Style, owner=owner, values={"name": "Ink", "trigger_word": "ink drawing"})
    generation = ask(owner, cast("subject", "style"), subject=str(ada.id), style=str(style.id))
    params = parse(the_task(generation).params)
    assert params.prompt == "ada ink drawing on a beach"
    assert [(lora.lora, lora.weight) for lora in params.loras] == [(ada.lora_id, 0.8)]
    assert [(each["kind"], each["name"]) for each in params.provenance["concepts"]] == [
        ("subject", "Ada"),
        ("style", "Ink"),
    ]
    assert params.provenance["concepts"][0]["lora"] == str(ada.lora_id)
    assert generation.inputs["subject"] == str(ada.id)


def test_without_a_subject_there_is_no_picture_of_one(owner):
    with pytest.raises(InvalidInputs) as caught:
        ask(owner, cast("subject"))
    assert caught.value.errors[0]["loc"] == ["inputs", "subject"]


def test_a_subject_that_nothing_is_known_of_is_refused(owner):
    nobody = concept_create(Subject, owner=owner, values={"name": "Nobody"})
    with pytest.raises(InvalidInputs) as caught:
        ask(owner, cast("subject"), subject=str(nobody.id))
    assert caught.value.errors[0]["type"] == "subject_untrained"


def test_a_second_subject_is_refused_where_the_contract_has_no_place_for_it(owner, known):
    first, second = known("Ada"), known("Grace")
    with pytest.raises(ContractViolation) as caught:
        ask(owner, cast("subject"), subject=str(first.id), second_subject=str(second.id))
    assert caught.value.errors[0].loc == ("inputs", "second_subject")
    with pytest.raises(ContractViolation):
        ask(owner, cast("subject"), subject=[str(first.id), str(second.id)])


def test_a_second_subject_is_drawn_where_the_contract_has_a_place_for_it(owner, known):
    first, second = known("Ada", "ada"), known("Grace", "grace")
    generation = ask(
        owner, cast("subject", "second_subject"), subject=str(first.id), second_subject=str(second.id)
    )
    params = parse(the_task(generation).params)
    assert params.prompt == "ada grace on a beach"
    assert [lora.lora for lora in params.loras] == [first.lora_id, second.lora_id]


def test_the_same_subject_is_not_drawn_twice(owner, known):
    ada = str(known().id)
    with pytest.raises(InvalidInputs) as caught:
        ask(owner, cast("subject", "second_subject"), subject=ada, second_subject=ada)
    assert caught.value.errors[0]["type"] == "subject_repeated"


def test_another_owners_subject_is_unknown(known):
    with pytest.raises(InvalidInputs) as caught:
        ask(make_owner(), cast("subject"), subject=str(known().id))
    assert caught.value.errors[0]["type"] == "unknown_subject"
