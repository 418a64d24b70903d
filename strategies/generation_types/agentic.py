"""`agentic`: each prediction is drawn and judged, attempt after attempt, until one is good enough.

All of its state is rows: an attempt is the strategy's chain with an evaluation behind it, and what follows an
evaluation is decided and written in the transaction that ends it. So nothing is lost between two steps.
"""

from itertools import groupby

from django.conf import settings
from django.db.models import Prefetch
from django.utils import timezone

from ..errors import InvalidInputs, LanguageModelUnavailable, one
from ..models import Generation, Prediction, Shot, ShotAttempt, Task
from ..models.shot import Decision, Evaluator
from ..outcome import Delivery, Output
from ..params import EvaluationParams, TaskParams, Weights, parse
from ..signatures import TaskSignature, task_signature
from .decision import Limits, Stop, Tried, decide
from .generation_type import AgenticRules


class Agentic:
    """A shot per prediction."""

    def planned(
        self, generation: Generation, signatures: list[TaskSignature], rules: AgenticRules
    ) -> list[TaskSignature]:
        prompt = _wish(generation, rules)
        shots, attempts, tasks = [], [], []
        in_order = sorted(signatures, key=lambda each: (each.row.prediction.index, each.row.step))
        for prediction, group in groupby(in_order, key=lambda each: each.row.prediction):
            chain = list(group)
            shot = Shot(
                prediction=prediction, prompt=prompt, max_attempts=rules.max_attempts,
                min_confidence_score=rules.min_confidence_score, deadline=generation.deadline,
                evaluation_provider=rules.evaluation_provider,
            )  # fmt: skip
            chain.append(_evaluation(shot, prediction, step=len(chain)))
            shots.append(shot)
            attempts.append(_attempt(shot, 1, prediction.seed, _prompt_of(chain) or prompt, chain))
            tasks += chain
        Shot.objects.bulk_create(shots)
        ShotAttempt.objects.bulk_create(attempts)
        return tasks

    def step_succeeded(self, task: Task, output: Output) -> None:
        """Keep with the attempt what only the worker knows: the prompt it wrote, the record of the picture,
        the verdict."""
        attempt = _attempt_of(task)
        if task.task_type == "prompt":
            attempt.prompt = output.result["prompt"]
        elif task.id == attempt.drawing_id:
            attempt.provenance, attempt.logs = output.provenance, output.logs
        elif task.id == attempt.evaluation_id:
            verdict = output.result
            attempt.score, attempt.evaluator = verdict["score"], verdict["evaluator"]
            attempt.reason, attempt.missing = verdict["reason"], verdict["missing"]
        attempt.save()

    def chain_succeeded(self, task: Task, output: Output) -> Delivery | list[TaskSignature]:
        shot = _shot(task)
        attempts = list(shot.attempts.all())
        history = [_tried(each) for each in attempts]
        limits = Limits(shot.max_attempts, shot.min_confidence_score, shot.deadline)
        verdict = decide(history, limits, timezone.now())
        if isinstance(verdict, Stop):
            return _delivered(shot, attempts[verdict.best], verdict.decision)
        again = _drawn_again(attempts[-1], task, seed=verdict.seed, prompt=verdict.prompt)
        again.append(_evaluation(shot, task.prediction, step=task.step + 1 + len(again)))
        _attempt(shot, len(attempts) + 1, verdict.seed, verdict.prompt, again).save()
        return again

    def rescued(self, task: Task, reason: str) -> Delivery | None:
        """The best picture so far; one that nobody could judge is better than none."""
        shot = _shot(task)
        *earlier, failed = shot.attempts.all()
        failed.reason = reason
        failed.save(update_fields=["reason"])
        drawn = [attempt for attempt in (*earlier, failed) if attempt.is_drawn]
        if not drawn:
            return None
        best = max(drawn, key=lambda attempt: -1.0 if attempt.score is None else attempt.score)
        return _delivered(shot, best, Decision.ATTEMPT_FAILED)

    def made_by(self, prediction: Prediction) -> list[Task]:
        """Those of the attempt that was delivered, else of the first one; not its evaluation."""
        best = prediction.shot.best or prediction.shot.attempts.first()
        steps = prediction.tasks.filter(step__gte=best.first_step, step__lt=best.evaluation.step)
        return list(steps.order_by("step"))


def _wish(generation: Generation, rules: AgenticRules) -> str:
    """What the pictures are judged against. Raises: InvalidInputs, LanguageModelUnavailable."""
    prompt = generation.inputs.get("prompt")
    if not prompt:
        raise InvalidInputs(
            "An agentic generation needs a prompt to judge its pictures by; give one, or ask for type base.",
            errors=one(("inputs", "prompt"), "needed to judge the pictures by", "missing"),
        )
    if rules.evaluation_provider == Evaluator.VISION and not settings.VISION_MODEL:
        raise LanguageModelUnavailable(
            "There is no vision model here; an operator can name one. Use another evaluation_provider.",
            errors=one(("agentic", "evaluation_provider"), "no vision model is set up", "unavailable"),
        )
    return prompt


def _evaluation(shot: Shot, prediction: Prediction, *, step: int) -> TaskSignature:
    is_clip = shot.evaluation_provider == Evaluator.CLIP
    params = EvaluationParams(
        evaluator=shot.evaluation_provider,
        model=Weights(location=settings.CLIP_MODEL, revision=settings.CLIP_REVISION) if is_clip else None,
        prompt=shot.prompt,
    )
    return _step(prediction, params, step)


def _step(prediction: Prediction, params: TaskParams, step: int) -> TaskSignature:
    return task_signature(prediction.generation, prediction, params, step=step)


def _attempt(shot: Shot, number: int, seed: int, prompt: str, chain: list[TaskSignature]) -> ShotAttempt:
    *_, drawing, evaluation = (each.row for each in chain)
    return ShotAttempt(
        shot=shot, number=number, seed=seed, prompt=prompt, first_step=chain[0].row.step,
        drawing=drawing, evaluation=evaluation,
    )  # fmt: skip


def _prompt_of(chain: list[TaskSignature]) -> str:
    """The prompt that a chain draws from, as far as it is known."""
    return next((text for each in chain if (text := each.row.params.get("prompt"))), "")


def _drawn_again(attempt: ShotAttempt, task: Task, *, seed: int, prompt: str) -> list[TaskSignature]:
    """The steps of an attempt for another seed and prompt; a prompt that was written is not written again."""
    old = task.prediction.tasks.filter(step__gte=attempt.first_step, step__lt=attempt.evaluation.step)
    steps = [parse(each.params) for each in old.exclude(task_type="prompt").order_by("step")]
    again = [
        _step(task.prediction, _changed(params, seed, prompt), task.step + 1 + place)
        for place, params in enumerate(steps)
    ]
    again[0].row.ready = True
    return again


def _changed(params: TaskParams, seed: int, prompt: str) -> TaskParams:
    """Parameters with another seed and prompt, as far as they have one."""
    changes = {"seed": seed, "prompt": prompt, "prompt_of_step_before": False}
    fields = type(params).model_fields
    return params.model_copy(update={name: value for name, value in changes.items() if name in fields})


def _attempt_of(task: Task) -> ShotAttempt:
    """The attempt that a task is a step of."""
    attempts = ShotAttempt.objects.filter(shot__prediction=task.prediction_id, first_step__lte=task.step)
    return attempts.latest("number")


def _shot(task: Task) -> Shot:
    attempts = ShotAttempt.objects.select_related("drawing", "evaluation").order_by("number")
    return Shot.objects.prefetch_related(Prefetch("attempts", attempts)).get(prediction=task.prediction_id)


def _tried(attempt: ShotAttempt) -> Tried:
    if attempt.score is None:
        raise ValueError(f"{attempt} was never judged.")
    return Tried(attempt.seed, attempt.prompt, attempt.score, tuple(attempt.missing))


def _delivered(shot: Shot, best: ShotAttempt, decision: Decision) -> Delivery:
    shot.best, shot.decision = best, decision
    shot.save(update_fields=["best", "decision"])
    assets = best.drawing.assets.order_by("index").values_list("id", flat=True)
    note = f"attempt {best.number} delivered, {shot.get_decision_display().lower()}: {_figure(shot, best)}\n"
    fields = {"provenance": best.provenance, "logs": best.logs + note, "seed": best.seed}
    return Delivery(list(assets), fields)


def _figure(shot: Shot, best: ShotAttempt) -> str:
    if best.score is None:
        return "its picture was not judged"
    return f"confidence {best.score:.2f} of {shot.min_confidence_score:.2f} wanted"
