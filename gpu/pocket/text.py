"""The two tiny CLIP text encoders and their tokenizers, pretrained to tell what a caption says.

Linear heads read every attribute of the scene (colours, shapes, background, sizes, places) from exactly
the features the UNet is given. Afterwards the encoders are frozen, so the UNet has clean conditioning
from its first step and embeddings of captions can be kept.
"""

import json
import pydoc_data.topics
import random
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from gpu.pocket import world
from gpu.pocket.architecture import (
    POOLED_DIM,
    TEXT_WIDTH,
    TEXT_WIDTH_2,
    make_text_encoders,
    token_ids,
)
from gpu.pocket.parallel import Replica, Settings, Shared, launch, parameter_count

MERGES = 900
RATE = 2e-3
BATCH_PER_RANK = 32
TRAINED_TOKENS = 32
"""Longest caption seen in pretraining; causal attention makes the padding behind it irrelevant."""
STRANGER_SHARE = 0.15
"""Share of captions with an unknown word in them, which must not disturb the others."""

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "background": ("", *world.COLOR_NAMES),
    "gradient": ("", "gradient"),
    "relation": ("", *world.RELATIONS),
    "size": ("", "small", "large"),
    "position": ("", *world.POSITIONS),
    "color": world.COLOR_NAMES,
    "shape": world.SHAPES,
    "second color": ("", *world.COLOR_NAMES),
    "second shape": ("", *world.SHAPES),
}


# --- tokenizers -----------------------------------------------------------------------------------


def make_tokenizers() -> tuple[CLIPTokenizer, CLIPTokenizer]:
    """SDXL's pair: the first pads with the end token, the second with "!"."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = _learn_merges(alphabet)
    words = dict.fromkeys([*alphabet, *(letter + "</w>" for letter in alphabet)])
    words.update(dict.fromkeys(left + right for left, right in merges))
    words.update(dict.fromkeys(("<|startoftext|>", "<|endoftext|>")))
    vocabulary = {word: index for index, word in enumerate(words)}
    first, second = (
        CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token=pad, model_max_length=77)
        for pad in ("<|endoftext|>", "!")
    )
    return first, second


def _learn_merges(alphabet: list[str]) -> list[tuple[str, str]]:
    stock = CLIPTokenizer()._tokenizer
    learner = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    learner.normalizer, learner.pre_tokenizer = stock.normalizer, stock.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=512 + MERGES,
        end_of_word_suffix="</w>",
        min_frequency=5,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    learner.train_from_iterator(_corpus(), trainer)
    merges = json.loads(learner.to_str())["model"]["merges"]
    return [tuple(m.split(" ")) if isinstance(m, str) else tuple(m) for m in merges]


def _corpus() -> list[str]:
    """Captions, the words that must be one token each, and some ordinary English."""
    rng = random.Random(0)
    captions = [world.caption(world.scene_at(i), rng) for i in range(4000)]
    words = [" ".join((*world.COLOR_NAMES, *world.SHAPES, "outlined", "striped"))] * 200
    return [*captions, *words, *world.JUNK * 20, *_english()]


def _english() -> list[str]:
    return list(pydoc_data.topics.topics.values())[:40]


# --- what a caption says --------------------------------------------------------------------------


def labels_of(scene: world.Scene, caption: str) -> list[int]:
    """The class of every attribute; a background left unsaid is the empty class."""
    first, second = scene.figures[0], scene.figures[1] if scene.relation else None
    is_said = "background" in caption
    values = {
        "background": scene.background if is_said else "",
        "gradient": "gradient" if is_said and scene.gradient else "",
        "relation": scene.relation,
        "size": first.size,
        "position": first.position,
        "color": first.color,
        "shape": first.shape,
        "second color": second.color if second else "",
        "second shape": second.shape if second else "",
    }
    return [classes.index(values[name]) for name, classes in ATTRIBUTES.items()]


def with_stranger(caption: str, rng: random.Random, words: list[str]) -> str:
    """The caption with one unknown word somewhere."""
    parts = caption.split(" ")
    parts.insert(rng.randrange(len(parts) + 1), rng.choice(words))
    return " ".join(parts)


# --- encoding -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TextStack:
    """Both tokenizers and encoders, used exactly as StableDiffusionXLPipeline.encode_prompt does."""

    tokenizers: tuple[CLIPTokenizer, CLIPTokenizer]
    first: CLIPTextModel
    second: CLIPTextModelWithProjection

    @classmethod
    def fresh(cls) -> "TextStack":
        tokenizers = make_tokenizers()
        torch.manual_seed(0)
        return cls(tokenizers, *make_text_encoders(tokenizers[0]))

    @classmethod
    def load(cls, folder: Path) -> "TextStack":
        tokenizers = tuple(
            CLIPTokenizer.from_pretrained(folder / name) for name in ("tokenizer", "tokenizer_2")
        )
        first = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32)
        second = CLIPTextModelWithProjection.from_pretrained(folder / "text_encoder_2", dtype=torch.float32)
        return cls(tokenizers, first.eval(), second.eval())

    def save(self, folder: Path) -> None:
        self.tokenizers[0].save_pretrained(folder / "tokenizer")
        self.tokenizers[1].save_pretrained(folder / "tokenizer_2")
        self.first.save_pretrained(folder / "text_encoder")
        self.second.save_pretrained(folder / "text_encoder_2")

    def ids(self, texts: list[str]) -> list[Tensor]:
        return [token_ids(tokenizer, texts) for tokenizer in self.tokenizers]

    def encode(self, texts: list[str]) -> tuple[Tensor, Tensor]:
        """Hidden states (texts, 77, 160) and pooled embeddings (texts, 96)."""
        first, second, pooled = self.features(*self.ids(texts))
        return torch.cat([first, second], -1), pooled

    def features(self, ids: Tensor, ids_2: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        first = self.first(ids, output_hidden_states=True)
        second = self.second(ids_2, output_hidden_states=True)
        return first.hidden_states[-2], second.hidden_states[-2], second.text_embeds


class AttributeHeads(nn.Module):
    """One linear layer per feature that reads all attributes at once."""

    def __init__(self) -> None:
        super().__init__()
        classes = sum(len(values) for values in ATTRIBUTES.values())
        widths = (TEXT_WIDTH, TEXT_WIDTH_2, POOLED_DIM)
        self.heads = nn.ModuleList(nn.Linear(width, classes) for width in widths)

    def loss(self, features: list[Tensor], labels: Tensor) -> Tensor:
        """Mean cross entropy; `features` are (texts, width), `labels` (texts, attributes)."""
        sizes = [len(values) for values in ATTRIBUTES.values()]
        total = torch.zeros(())
        for head, feature in zip(self.heads, features, strict=True):
            for logits, target in zip(head(feature).float().split(sizes, 1), labels.T, strict=True):
                total = total + nn.functional.cross_entropy(logits, target)
        return total / len(features) / len(sizes)


# --- training -------------------------------------------------------------------------------------


def train(work: Path, minutes: float) -> None:
    """Pretrain the encoders; writes tokenizers and encoders to `work`/text."""
    TextStack.fresh().save(work / "text")
    settings = Settings(minutes, RATE, average=0.99, checkpoint=work / "text-encoders")
    stack = TextStack.load(work / "text")
    modules = [stack.first, stack.second, AttributeHeads()]
    launch(_worker, parameter_count(modules), work, settings)


def _worker(rank: int, shared: Shared, work: Path, settings: Settings) -> None:
    stack, heads = TextStack.load(work / "text"), AttributeHeads()
    replica = Replica(rank, shared, [stack.first, stack.second, heads], settings)
    rng = random.Random(f"{rank}/{replica.step_count}")
    words = sorted({word for text in _english() for word in text.split() if word.isalpha()})
    for _ in replica.steps():
        texts, labels = _batch(rng, words)
        replica.step(heads.loss(caption_features(stack, texts), labels))
    replica.load_average()
    if rank == 0:
        TextStack(stack.tokenizers, stack.first.float(), stack.second.float()).save(work / "text")


def _batch(rng: random.Random, words: list[str]) -> tuple[list[str], Tensor]:
    texts, labels = [], []
    for _ in range(BATCH_PER_RANK):
        scene = world.make_scene(rng, pair_rate=0.3)
        text = world.caption(scene, rng)
        labels.append(labels_of(scene, text))
        texts.append(with_stranger(text, rng, words) if rng.random() < STRANGER_SHARE else text)
    return texts, torch.tensor(labels)


def caption_features(stack: TextStack, texts: list[str]) -> list[Tensor]:
    """Both encoders' hidden states at the end token, and the pooled embedding."""
    ids, ids_2 = (tokens[:, :TRAINED_TOKENS] for tokens in stack.ids(texts))
    first, second, pooled = stack.features(ids, ids_2)
    rows, ends = torch.arange(len(texts)), (ids == stack.tokenizers[0].eos_token_id).int().argmax(1)
    return [first[rows, ends], second[rows, ends], pooled]
