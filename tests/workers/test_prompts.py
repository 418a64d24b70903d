"""A written prompt: the words go in, the text comes out, and the picture is drawn from it."""

from uuid import uuid4

import pytest

from gpu.images import read_provenance
from strategies import lifecycle
from strategies.errors import InvalidInputs, LanguageModelUnavailable
from strategies.generation_types import AgenticRules
from strategies.models import Generation, Status, Subject
from strategies.models.shot import Evaluator
from strategies.params import EvaluationParams, PromptParams, Words
from strategies.signatures import lone_signature
from tests.factories import make_generation, make_workflow, spec, text_to_image_contract
from tests.workers.chat import ChatServer
from workers import execution

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def wordy():
    """A workflow whose prompts may be written."""
    contract = text_to_image_contract()
    contract["inputs"] += [
        spec("prompt_template", "text", max_length=500), spec("generate_prompt", "toggle"),
        spec("subject", "character"),
    ]  # fmt: skip
    return make_workflow(contract=contract, prompt_prefix="outlined ")


@pytest.fixture
def chat(settings):
    with ChatServer() as server:
        settings.LANGUAGE_URL, settings.LANGUAGE_MODEL = server.url, "scribe-1"
        yield server


def drawn_prompt(generation: Generation, writer: str = "prompt") -> str:
    """Run everything, the writing in the queue `writer`; the prompt that the picture's record names."""
    assert execution.run_next(writer) and execution.run_next("generation")
    prediction = generation.predictions.get()
    assert prediction.status == Status.SUCCEEDED, prediction.error_detail
    return read_provenance(prediction.outputs.get().file.read())["prompt"]


def test_a_template_is_filled_with_the_subjects_words_and_drawn(owner, wordy):
    subject = Subject.objects.create(owner=owner, name="Bolt", trigger_word="zorb")
    inputs = {
        "prompt": "at night",
        "prompt_template": "a photo of {subject} {prompt}",
        "subject": str(subject.id),
    }
    generation = make_generation(owner, wordy, inputs=inputs)
    assert drawn_prompt(generation) == "outlined a photo of zorb at night"


def test_the_trigger_word_is_said_even_when_the_template_forgets_it(owner, wordy):
    subject = Subject.objects.create(owner=owner, name="Bolt", trigger_word="zorb")
    inputs = {"prompt": "at night", "prompt_template": "a photo {prompt}", "subject": str(subject.id)}
    assert drawn_prompt(make_generation(owner, wordy, inputs=inputs)) == "outlined zorb a photo at night"


def test_a_language_model_writes_the_prompt(owner, wordy, chat):
    chat.says('{"prompt": "a glowing red circle"}')
    generation = make_generation(owner, wordy, inputs={"prompt": "a circle", "generate_prompt": True})
    assert drawn_prompt(generation, "prompt.remote") == "outlined a glowing red circle"
    assert "prompt: a circle" in chat.asked[0].body["messages"][1]["content"]
    assert generation.tasks.get(task_type="prompt").result["writer"] == "language model scribe-1"


def test_a_language_model_that_is_away_is_asked_again_later(owner, wordy, chat):
    chat.fails(503)
    generation = make_generation(owner, wordy, inputs={"prompt": "a circle", "generate_prompt": True})
    execution.run_next("prompt.remote")
    task = generation.tasks.get(task_type="prompt")
    assert (task.status, task.error_code) == (Status.STARTING, "language_model_away")
    assert task.not_before is not None


@pytest.mark.parametrize("template", ["{owner}", "{prompt!r}", "{"])
def test_a_bad_template_is_refused_at_once(owner, wordy, template):
    with pytest.raises(InvalidInputs) as refused:
        make_generation(owner, wordy, inputs={"prompt_template": template})
    assert refused.value.errors[0]["loc"] == ["inputs", "prompt_template"]
    assert "{subject}" in refused.value.errors[0]["msg"]


def test_two_writers_are_refused(owner, wordy, chat):
    with pytest.raises(InvalidInputs):
        make_generation(owner, wordy, inputs={"prompt_template": "{prompt}", "generate_prompt": True})


def test_no_language_model_is_said_at_once(owner, wordy):
    with pytest.raises(LanguageModelUnavailable):
        make_generation(owner, wordy, inputs={"generate_prompt": True})


def test_an_agentic_picture_is_drawn_again_from_the_written_prompt(owner, wordy):
    rules = AgenticRules(max_attempts=2, min_confidence_score=1.0, evaluation_provider=Evaluator.PIXEL)
    generation = make_generation(
        owner, wordy, type=Generation.Type.AGENTIC, agentic=rules, inputs={"prompt_template": "one {prompt}"}
    )
    for queue in ("prompt", "generation", "evaluation", "generation", "evaluation"):
        assert execution.run_next(queue)
    shot = generation.predictions.get().shot
    first, second = shot.attempts.all()
    assert first.prompt == "outlined one a red circle on a blue background"
    assert second.prompt.startswith(first.prompt) and second.first_step == 3
    assert list(generation.tasks.order_by("step").values_list("task_type", flat=True)) == [
        "prompt", "generation", "evaluation", "generation", "evaluation",
    ]  # fmt: skip


def alone(owner, params):
    """A task that belongs to no prediction."""
    return lifecycle.start_alone(lone_signature(owner.pk, params))


def test_a_prompt_can_be_asked_for_alone(owner):
    task = alone(
        owner, PromptParams(template="{subject} in {style}", words=Words(subject="a cat", style="ink"))
    )
    execution.run_next("prompt")
    task.refresh_from_db()
    assert task.result["prompt"] == "a cat in ink" and task.result["writer"] == "template"


def test_an_evaluation_can_be_asked_for_alone(owner, workflow):
    generation = make_generation(owner, workflow)
    execution.run_next("generation")
    picture = generation.predictions.get().outputs.get()
    task = alone(owner, EvaluationParams(evaluator="pixel", prompt="a red background", image=picture.id))
    execution.run_next("evaluation")
    task.refresh_from_db()
    assert task.status == Status.SUCCEEDED
    assert set(task.result) >= {"score", "evaluator", "reason"}


@pytest.mark.parametrize(
    ("params", "queue"),
    [
        (PromptParams(template="{prompt}"), "prompt"),
        (PromptParams(words=Words(prompt="a circle")), "prompt.remote"),
        (EvaluationParams(evaluator="pixel", prompt="a circle"), "evaluation"),
        (EvaluationParams(evaluator="clip", prompt="a circle"), "evaluation"),
        (EvaluationParams(evaluator="vision", prompt="a circle"), "evaluation.remote"),
    ],
)
def test_what_waits_for_another_server_has_a_queue_and_a_message_of_its_own(
    owner, params, queue, broker_queue
):
    task = alone(owner, params)
    assert task.queue == queue and broker_queue(queue) == 1


def test_an_evaluation_of_a_picture_that_is_gone_says_so(owner):
    task = alone(owner, EvaluationParams(evaluator="pixel", prompt="a red circle", image=uuid4()))
    execution.run_next("evaluation")
    task.refresh_from_db()
    assert (task.status, task.error_code) == (Status.FAILED, "input_gone")
