"""Agentic predictions as rows: attempts, evaluations, decisions, and every way they can end."""

import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from strategies import lifecycle
from strategies.errors import InvalidInputs, LanguageModelUnavailable
from strategies.generation_types import AgenticRules
from strategies.generation_types.decision import SEED_STRIDE
from strategies.lifecycle import Failure, Output
from strategies.models import Asset, Generation, Prediction, Status, Task
from strategies.models.shot import Decision, Evaluator
from strategies.services.generations import generation_replay
from tests.factories import make_generation

from .lifecycle import claim, output_of

RULES = AgenticRules(max_attempts=4, min_confidence_score=0.9, evaluation_provider=Evaluator.PIXEL)
BROKEN = Failure("nothing_to_read", "It cannot be judged.", retryable=False)


@pytest.fixture
def generation(owner, workflow) -> Generation:
    return agentic(owner, workflow)


def agentic(owner, workflow, rules: AgenticRules = RULES, **ask) -> Generation:
    return make_generation(owner, workflow, type=Generation.Type.AGENTIC, agentic=rules, seed=5, **ask)


def draw() -> Task:
    """A worker draws the waiting picture."""
    held = claim()
    output = output_of(held.task)
    output.assets[0].prediction_id = None
    assert lifecycle.succeed(held, output)
    return held.task


def evaluation(score: float, missing: tuple[str, ...] = ()) -> Output:
    verdict = {"score": score, "evaluator": "pixel", "reason": f"it is {score}", "missing": list(missing)}
    return Output(result=verdict, seconds=0.25)


def judge(score: float, missing: tuple[str, ...] = ()) -> None:
    """A worker judges the picture that was drawn last."""
    assert lifecycle.succeed(claim("evaluation"), evaluation(score, missing))


def attempt(score: float, missing: tuple[str, ...] = ()) -> Task:
    drawn = draw()
    judge(score, missing)
    return drawn


def the_prediction(generation: Generation) -> Prediction:
    return generation.predictions.select_related("shot__best").get()


def test_the_chain_begins_with_a_picture_and_its_evaluation(generation):
    steps = list(generation.tasks.order_by("step").values_list("step", "task_type", "ready"))
    assert steps == [(0, "generation", True), (1, "evaluation", False)]
    assert generation.type == "agentic"


def test_a_picture_that_passes_is_delivered_with_its_confidence(generation):
    drawn = attempt(0.95)

    prediction = the_prediction(generation)
    assert prediction.status == Status.SUCCEEDED
    assert prediction.shot.decision == Decision.ACCEPTED and not prediction.shot.below_threshold
    assert prediction.shot.best.score == 0.95
    assert prediction.outputs.get().task_id == drawn.id
    assert prediction.provenance == {"seed": 1}
    assert prediction.predict_seconds == 0.75
    generation.refresh_from_db()
    assert generation.status == Status.SUCCEEDED


def test_one_that_does_not_pass_is_followed_by_another_seed_then_another_prompt(generation):
    for score in (0.1, 0.2, 0.3):
        attempt(score, ("blue background",))
    prompt = "a red circle on a blue background"
    attempts = list(the_prediction(generation).shot.attempts.values_list("seed", "prompt", "score"))
    assert attempts == [
        (5, prompt, 0.1),
        (5 + SEED_STRIDE, prompt, 0.2),
        (5 + 2 * SEED_STRIDE, f"{prompt}, blue background", 0.3),
        (5 + 3 * SEED_STRIDE, f"{prompt}, blue background", None),
    ]
    waiting = claim().task
    assert (waiting.step, waiting.params["seed"]) == (6, 5 + 3 * SEED_STRIDE)
    assert waiting.params["prompt"].endswith("background, blue background")


def test_when_none_passes_the_best_is_delivered_and_says_so(generation):
    pictures = [attempt(score) for score in (0.2, 0.7, 0.3, 0.6)]

    prediction = the_prediction(generation)
    assert prediction.status == Status.SUCCEEDED
    assert prediction.shot.decision == Decision.ATTEMPTS_USED and prediction.shot.below_threshold
    assert prediction.outputs.get().task_id == pictures[1].id
    assert prediction.seed == pictures[1].params["seed"]
    assert "confidence 0.70 of 0.90 wanted" in prediction.logs
    assert Asset.objects.filter(task__generation=generation).count() == 4
    assert claim() is None and claim("evaluation") is None


def test_falling_scores_end_it_early(generation):
    for score in (0.7, 0.6, 0.5):
        attempt(score)
    shot = the_prediction(generation).shot
    assert (shot.decision, shot.best.number) == (Decision.SCORES_FELL, 1)


def test_no_attempt_begins_after_the_deadline(owner, workflow):
    generation = agentic(owner, workflow, deadline_seconds=60)
    drawn = draw()
    shot = the_prediction(generation).shot
    shot.deadline = timezone.now()
    shot.save()
    judge(0.2)
    prediction = the_prediction(generation)
    assert prediction.shot.decision == Decision.DEADLINE_PASSED
    assert prediction.outputs.get().task_id == drawn.id


def test_a_deadline_that_passes_after_the_start_lets_the_evaluation_run(owner, workflow):
    agentic(owner, workflow, deadline_seconds=60)
    draw()
    Task.objects.update(created_at=timezone.now())
    assert Task.objects.get(step=1).deadline is None
    assert claim("evaluation") is not None


def test_an_evaluation_that_fails_does_not_lose_the_picture(generation):
    drawn = draw()
    assert lifecycle.fail(claim("evaluation"), BROKEN)

    prediction = the_prediction(generation)
    assert prediction.status == Status.SUCCEEDED and prediction.error_code == ""
    assert prediction.outputs.get().task_id == drawn.id
    assert (prediction.shot.decision, prediction.shot.best.score) == (Decision.ATTEMPT_FAILED, None)
    assert "was not judged" in prediction.logs
    assert prediction.shot.best.reason == BROKEN.detail


def test_a_later_attempt_that_fails_leaves_the_best_so_far(generation):
    best = attempt(0.6)
    assert lifecycle.fail(claim(), BROKEN)

    prediction = the_prediction(generation)
    assert prediction.outputs.get().task_id == best.id
    assert prediction.shot.best.score == 0.6 and prediction.shot.below_threshold
    reasons = list(prediction.shot.attempts.values_list("reason", flat=True))
    assert reasons == ["it is 0.6", BROKEN.detail]
    assert not generation.tasks.filter(status__in=("starting", "processing")).exists()


def test_a_first_picture_that_fails_fails_the_prediction(generation):
    assert lifecycle.fail(claim(), BROKEN)
    prediction = the_prediction(generation)
    assert (prediction.status, prediction.error_code) == (Status.FAILED, "nothing_to_read")


def test_evaluators_that_keep_dying_leave_the_picture(generation):
    drawn = draw()
    for _ in range(3):
        claim("evaluation", lease=0)
        lifecycle.reap(republish_seconds=30)
    prediction = the_prediction(generation)
    assert prediction.status == Status.SUCCEEDED
    assert prediction.outputs.get().task_id == drawn.id


def test_a_verdict_told_twice_adds_one_attempt(generation):
    draw()
    held = claim("evaluation")
    assert lifecycle.succeed(held, evaluation(0.1))
    assert not lifecycle.succeed(held, evaluation(0.1))
    assert generation.tasks.count() == 4
    assert the_prediction(generation).shot.attempts.count() == 2


def test_a_cancel_ends_every_attempt(generation):
    attempt(0.1)
    held = claim()
    assert lifecycle.cancel_generation(generation.id)
    assert not lifecycle.succeed(held, output_of(held.task))
    prediction = the_prediction(generation)
    assert prediction.status == Status.CANCELED and not prediction.outputs.exists()
    assert not generation.tasks.filter(status__in=("starting", "processing")).exists()


def test_predictions_have_shots_of_their_own(owner, workflow):
    generation = agentic(owner, workflow, num_predictions=2)
    first, second = draw(), draw()
    judge(0.95), judge(0.1)
    statuses = list(generation.predictions.order_by("index").values_list("status", flat=True))
    assert {first.prediction_id, second.prediction_id} == set(
        generation.predictions.values_list("id", flat=True)
    )
    assert statuses == [Status.SUCCEEDED, Status.PROCESSING]


def test_a_replay_repeats_the_picture_that_was_delivered(generation):
    pictures = [attempt(score) for score in (0.2, 0.8, 0.3, 0.6)]
    again = generation_replay(the_prediction(generation)).generation
    task = again.tasks.get()
    assert (again.type, task.task_type, task.step) == ("base", "generation", 0)
    assert task.params["seed"] == pictures[1].params["seed"] == again.seed


def test_a_prompt_is_needed_to_judge_by(owner, workflow):
    workflow.contract["inputs"][0]["required"] = False
    workflow.save()
    with pytest.raises(InvalidInputs):
        make_generation(owner, workflow, type=Generation.Type.AGENTIC, inputs={"prompt": ""})


def test_a_vision_model_that_nobody_set_up_is_refused_at_once(owner, workflow):
    with pytest.raises(LanguageModelUnavailable):
        agentic(owner, workflow, AgenticRules(evaluation_provider=Evaluator.VISION))
    assert not Generation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_cancel_that_meets_a_verdict_leaves_nothing_running(owner, workflow):
    """The verdict adds the next steps while the cancel waits for its row: they end too."""
    generation = agentic(owner, workflow)
    draw()
    held = claim("evaluation")
    entered, done = threading.Event(), threading.Event()

    def slow_verdict() -> None:
        with transaction.atomic():
            lifecycle.succeed(held, evaluation(0.1))
            entered.set()
            done.wait(1)
        connection.close()

    thread = threading.Thread(target=slow_verdict)
    thread.start()
    entered.wait(10)
    assert lifecycle.cancel_generation(generation.id)
    thread.join()
    assert generation.tasks.count() == 4
    assert not generation.tasks.filter(status__in=("starting", "processing")).exists()
    assert the_prediction(generation).status == Status.CANCELED
