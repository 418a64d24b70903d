"""Models from the Hugging Face hub: one pinned commit, only files that cannot run code."""

import re
from pathlib import Path

import huggingface_hub
from huggingface_hub import errors as hub_errors

from gpu.errors import HubUnreachable, InvalidRequest, ModelNotFound
from gpu.requests import ModelSource

CONFIG_PATTERNS = ("*.json", "*.txt")
_ID = re.compile(r"[\w.-]+/[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_hub_id(location: str) -> bool:
    """Whether the location is spelled like "org/name"."""
    return _ID.fullmatch(location) is not None


def is_commit(revision: str) -> bool:
    """Whether the revision is a full commit hash, which can never come to mean other weights."""
    return _COMMIT.fullmatch(revision) is not None


def weight_patterns(variant: str | None) -> tuple[str, ...]:
    """Which weight files of a repository to fetch: those of the variant, whole or in shards."""
    stem = "*model" if variant is None else f"*model.{variant}"
    return (f"{stem}.safetensors", f"{stem}-?????-of-?????.safetensors")


def snapshot(source: ModelSource, patterns: tuple[str, ...]) -> Path:
    """The folder of that commit in the local hub cache, downloaded first if need be.

    Raises `InvalidRequest` without a full commit hash, `ModelNotFound` if the hub does not know it or
    does not allow it, `HubUnreachable` if the hub cannot be asked and the cache does not have it.
    HF_HUB_OFFLINE=1 answers from the cache alone, without waiting for the network.
    """
    commit = source.revision or ""
    if not is_commit(commit):
        raise InvalidRequest(
            f"{source.location} on the hub needs its revision as a full commit hash (40 hex digits),"
            " so that the weights can never change; copy it from the repository's history."
        )
    allowed = list(patterns)
    try:
        return Path(
            huggingface_hub.snapshot_download(source.location, revision=commit, allow_patterns=allowed)
        )
    except (hub_errors.RepositoryNotFoundError, hub_errors.RevisionNotFoundError) as error:
        raise ModelNotFound(
            f"The hub has no {source.location} at {commit}, or access to it was not granted;"
            " check the id, the revision and the account's token."
        ) from error
    except (hub_errors.HfHubHTTPError, hub_errors.LocalEntryNotFoundError, OSError) as error:
        raise HubUnreachable(
            f"The hub did not deliver {source.location} at {commit};"
            " check the network, or put the model into a local folder."
        ) from error
