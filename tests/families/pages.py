"""The forms of a page, filled in as a browser would send them untouched."""

from html.parser import HTMLParser

from django.http import HttpResponse

UNSENT = {"submit", "button", "image", "reset", "file"}


class _Forms(HTMLParser):
    """What each control of a page's POST forms would send, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._inside = False
        self._textarea = self._select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        name = given.get("name", "")
        if tag == "form":
            self._inside = given.get("method", "").lower() == "post"
        if tag == "option" and self._select and ("selected" in given or self._select not in self.values):
            self.values[self._select] = given.get("value", "")
        if not self._inside or not name or "disabled" in given:
            return
        if tag == "select":
            self._select = name
        elif tag == "textarea":
            self._textarea, self.values[name] = name, ""
        elif tag == "input" and _is_sent(given):
            self.values[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.values[self._textarea] += data


def _is_sent(given: dict[str, str]) -> bool:
    kind = given.get("type", "text")
    return kind not in UNSENT and (kind not in ("checkbox", "radio") or "checked" in given)


def filled_in(page: HttpResponse) -> dict[str, str]:
    """Every value that the page's forms hold."""
    forms = _Forms()
    forms.feed(page.content.decode())
    return {name: value.removeprefix("\n") for name, value in forms.values.items()}
