"""The studio as a person handles it, over Selenium."""

import time
from dataclasses import dataclass

from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 60
WATCHABLE = {"num_inference_steps": 60, "width": 192, "height": 192}  # a preview or two
SLOW = {"num_inference_steps": 100, "width": 256, "height": 256}  # to be met half-way and canceled


@dataclass
class StudioPage:
    browser: Chrome
    url: str

    # --- getting there ----------------------------------------------------------------------------------
    def sign_in(self, name: str, password: str, query: str = "?family=shapes") -> "StudioPage":
        self.browser.get(f"{self.url}/studio/{query}")
        self.browser.find_element(By.NAME, "username").send_keys(name)
        self.browser.find_element(By.NAME, "password").send_keys(password, Keys.ENTER)
        return self.opened()

    def opened(self) -> "StudioPage":
        self.wait(lambda: self.all(".generate") and "…" not in self.one("#quote").text)
        self.wait(lambda: not self.all(".tile .shimmer:not(:has(*))"))
        return self

    def family(self, name: str) -> None:
        self.press(self.browser.find_element(By.LINK_TEXT, name))
        self.wait(lambda: self.one("form.panel").get_attribute("aria-label") == name)

    # --- looking ----------------------------------------------------------------------------------------
    def one(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def wait(self, look, seconds: float = SECONDS):
        """What `look` returns as soon as it is something."""
        return WebDriverWait(self.browser, seconds, 0.1, ignored_exceptions=(Exception,)).until(
            lambda _: look()
        )

    def field(self, key: str) -> WebElement:
        return self.one(f'.field[data-key="{key}"]')

    def control(self, key: str, selector: str = "input:not([type=range]), textarea, select") -> WebElement:
        return self.field(key).find_element(By.CSS_SELECTOR, selector)

    def option(self, key: str, value: str) -> WebElement:
        return self.field(key).find_element(By.CSS_SELECTOR, f'[data-value="{value}"]')

    def picked(self, key: str) -> str:
        return self.control(key, "[aria-checked=true]").get_attribute("data-value")

    def error(self, key: str) -> str:
        return " ".join(item.text for item in self.field(key).find_elements(By.CSS_SELECTOR, ".error"))

    def tiles(self, status: str | None = None) -> list[WebElement]:
        return self.all(f'.tile[data-status="{status}"]' if status else ".tile")

    def said(self) -> str:
        """What a screen reader was told last."""
        return self.one("[aria-live=polite]").get_attribute("textContent")

    # --- doing ------------------------------------------------------------------------------------------
    def press(self, element: WebElement) -> None:
        """In the middle of the screen: on a phone a bar lies over either end."""
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def type(self, key: str, text: object) -> None:
        control = self.control(key)
        control.send_keys(Keys.CONTROL, "a")
        control.send_keys(str(text) or Keys.DELETE)

    def prompt(self, text: str) -> None:
        self.type("prompt", text)

    def advanced(self, **values: object) -> None:
        self.wait(self._advanced_is_open)
        for key, value in values.items():
            self.type(key, value)

    def _advanced_is_open(self) -> bool:
        details = self.one(".advanced")
        if not details.get_attribute("open"):
            self.press(self.one(".advanced summary"))
        return bool(details.get_attribute("open"))

    def generate(self) -> None:
        self.one(".generate").click()

    def drawn(self, prompt: str, **values: object) -> str:
        """Ask for a picture and wait for it; the id of its prediction."""
        before = self.ids()
        self.prompt(prompt)
        self.advanced(**values)
        self.generate()
        (new,) = self.wait(lambda: self.ids() - before)
        self.wait(lambda: self.all(f'[data-prediction="{new}"][data-status="succeeded"] img'))
        return new

    def ids(self) -> set[str]:
        return {tile.get_attribute("data-prediction") for tile in self.tiles()}

    def open(self, prediction: str) -> None:
        self.one(f'[data-prediction="{prediction}"] .picture').click()
        self.wait(lambda: self.all("dialog[open]"))
        self.wait(self._dialog_rests)

    def _dialog_rests(self) -> bool:
        """Whether nothing in it has moved for a moment: a click hits what was there when it was aimed."""
        place = "return document.querySelector('dialog[open] .danger')?.getBoundingClientRect().toJSON()"
        before = self.browser.execute_script(place)
        time.sleep(0.5)
        return before == self.browser.execute_script(place)

    def act(self, words: str) -> None:
        """Press the button of the opened picture that is called so."""

        def button():
            named = (item for item in self.all("dialog .actions .button") if item.text == words)
            return next((item for item in named if item.get_attribute("aria-disabled") != "true"), None)

        self.wait(button).click()
