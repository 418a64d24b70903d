"""A client of the REST API: one generation, followed by its events, downloaded."""

import json
import mimetypes
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from api.stack.errors import StackError

TERMINAL = {"succeeded", "failed", "canceled", "aborted"}
ANSWER_SECONDS = 30
SILENCE_SECONDS = 120  # the stream sends comments in between; a worker that loads a model is not silence


@dataclass(frozen=True, slots=True)
class Picture:
    """What a generation made."""

    generation: str
    content: bytes
    suffix: str


class Client:
    """Talks to one server as the owner of one key."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,  # the environment's proxies are not for loopback
            follow_redirects=True,
        )

    def draw(self, prompt: str, family: str | None, progress: Callable[[str, float], None]) -> Picture:
        """One picture of a family, the first that is available unless named.

        Parameters: `progress` is told the state and the fraction done.
        Raises: StackError when any step fails.
        """
        body = {"family": family or self._first_family(), "selection": {}, "inputs": {"prompt": prompt}}
        generation = self._json("POST", "/v1/generations", json=body)
        self._follow(generation["urls"]["events"], progress)
        generation = self._json("GET", generation["urls"]["get"])
        if generation["status"] != "succeeded":
            reason = (generation.get("error") or {}).get("detail") or "no reason given"
            raise StackError(f"The generation ended as {generation['status']}: {reason}")
        output = generation["predictions"][0]["output"][0]
        suffix = mimetypes.guess_extension(output.get("content_type") or "") or ".png"
        return Picture(generation["id"], self._request("GET", output["url"]).content, suffix)

    def _first_family(self) -> str:
        families = self._json("GET", "/v1/catalog")["results"]
        for family in families:
            if family["available"]:
                return family["key"]
        raise StackError("The catalogue has no family that is available.")

    def _follow(self, url: str, progress: Callable[[str, float], None]) -> None:
        """Stay with the generation's events until it is complete."""
        try:
            with self._http.stream("GET", url, timeout=SILENCE_SECONDS) as response:
                if response.is_error:
                    raise StackError(f"{url} answered {response.status_code}.")
                for event, data in events(response.iter_lines()):
                    if event == "progress":
                        progress("processing", float(data["fraction"]))
                    elif event == "status":
                        progress(data["status"], 0.0)
                    elif event == "completed":
                        return
        except httpx.HTTPError as error:
            raise StackError(f"The events of the generation stopped coming: {_reason(error)}.") from error
        raise StackError("The events of the generation ended before it was complete.")

    def _json(self, method: str, url: str, **options: Any) -> Any:
        return self._request(method, url, **options).json()

    def _request(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            response = self._http.request(method, url, **options)
        except httpx.HTTPError as error:
            raise StackError(f"{method} {url} failed: {_reason(error)}.") from error
        if response.is_error:
            raise StackError(f"{method} {url} answered {response.status_code}: {problem(response)}")
        return response


def events(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a server-sent stream, their data read as JSON; comments are skipped."""
    name, data = "message", []
    for line in lines:
        field, _, value = line.partition(":")
        if field == "event":
            name = value.strip()
        elif field == "data":
            data.append(value.removeprefix(" "))
        elif not line and data:
            yield name, json.loads("\n".join(data))
            name, data = "message", []


def problem(response: httpx.Response) -> str:
    """What a refusal says, for people."""
    try:
        said = response.json()
        return said.get("detail") or said["title"]
    except (ValueError, KeyError, AttributeError):
        return response.text[:200] or "nothing"


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
