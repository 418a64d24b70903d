"""`training`: from a subject's pictures to a LoRA that the subject speaks with from then on."""

import shutil
import time
from collections.abc import Callable
from typing import cast

from gpu.errors import Canceled
from gpu.requests import Adapter, InferenceRequest, InferenceResult, PipelineKey, StepEvent
from gpu.training_requests import TrainingRequest, TrainingResult
from strategies.loras import trained_lora
from strategies.models import Subject, Task
from strategies.params import TrainingParams, parse

from ..generators import get_generator
from ..generators.local_sdxl import LocalSdxl
from ..outputs import Made, image_draft
from ..sources import InputGone, picture
from ..unfinished import folder_of, sweep
from ..weights import model_source

MEAN_OF = 20  # steps: the loss of a single one says little


class TrainingProcessor:
    """One subject per task. What was reached survives this process; see `workers.unfinished`."""

    def run(
        self, task: Task, on_step: Callable[[StepEvent], None], should_cancel: Callable[[], bool]
    ) -> Made:
        params = cast(TrainingParams, parse(task.params))
        subject = Subject.objects.filter(id=params.subject).first()
        if subject is None:
            raise InputGone("The subject was deleted before its training ran; make it again and ask anew.")
        sweep()
        started = time.perf_counter()
        request = _request(task, params)
        generator = cast(LocalSdxl, get_generator("local_sdxl"))
        try:
            result = generator.train(request, on_step, should_cancel)
        except Canceled:
            sweep()
            raise
        drawn = _validation(generator, params, request, result, should_cancel)
        made = trained_lora(subject, result.file)
        shutil.rmtree(request.folder)
        return Made(
            drafts=[
                image_draft(task, index, one.images[0], one.provenance[0]) for index, one in enumerate(drawn)
            ],
            seconds=time.perf_counter() - started,
            result={
                "lora": str(made.lora.id),
                "sha256": made.lora.sha256,
                "rank": made.lora.rank,
                "steps": len(result.losses),
                "resumed_at": result.resumed_at,
                "loss": {"first": _mean(result.losses[:MEAN_OF]), "last": _mean(result.losses[-MEAN_OF:])},
            },
            lora=made,
        )


def _request(task: Task, params: TrainingParams) -> TrainingRequest:
    return TrainingRequest(
        key=PipelineKey(model_source(params.checkpoint)),
        images=tuple(picture(image) for image in params.images),
        prompt=params.prompt,
        steps=params.num_train_steps,
        rank=params.rank,
        learning_rate=params.learning_rate,
        seed=params.seed,
        folder=folder_of(task.id),
    )


def _validation(
    generator: LocalSdxl,
    params: TrainingParams,
    request: TrainingRequest,
    result: TrainingResult,
    should_cancel: Callable[[], bool],
) -> list[InferenceResult]:
    """A picture for each validation prompt, drawn with the new LoRA."""
    return [
        generator.generate(
            InferenceRequest(
                key=request.key,
                prompts=(prompt,),
                seeds=(params.seed,),
                width=result.side,
                height=result.side,
                num_inference_steps=params.num_inference_steps,
                guidance_scale=params.guidance_scale,
                adapters=(Adapter(str(result.file), name="trained"),),
                provenance=params.provenance,
            ),
            lambda _: None,
            should_cancel,
        )
        for prompt in params.validation_prompts
    ]


def _mean(losses: tuple[float, ...]) -> float:
    return round(sum(losses) / len(losses), 5)
