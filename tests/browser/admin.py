"""The admin as an author handles it, over Selenium: fixtures of its tests."""

import pytest
from django.urls import reverse
from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.stack import PATIENCE


@pytest.fixture
def admin(live_server, browser, client, django_user_model):
    """`admin("page")` opens a page of the admin as Anna, who may do everything."""
    client.force_login(django_user_model.objects.create_superuser("anna", first_name="Anna"))
    browser.get(f"{live_server.url}/healthz")
    browser.add_cookie({"name": "sessionid", "value": client.cookies["sessionid"].value, "path": "/"})

    def open_page(name: str, *arguments: object, app: str = "families") -> None:
        browser.get(live_server.url + reverse(f"admin:{app}_{name}", args=arguments))

    return open_page


@pytest.fixture
def page(browser):
    return Page(browser)


def text_of(browser) -> str:
    """What is to be read on the page; nothing while another one comes."""
    return browser.execute_script("return document.body ? document.body.innerText : ''")


class Page:
    """What an author does on a page, by what is written on it."""

    def __init__(self, browser) -> None:
        self.browser = browser

    def find(self, selector: str):
        wait = WebDriverWait(self.browser, PATIENCE)
        return wait.until(lambda browser: browser.find_elements(By.CSS_SELECTOR, selector))[0]

    def all(self, selector: str):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def type(self, selector: str, text: str) -> None:
        box = self.find(selector)
        box.clear()
        box.send_keys(text)

    def pick(self, selector: str, value: str) -> None:
        Select(self.find(selector)).select_by_value(value)

    def click(self, selector: str) -> None:
        target = self.find(selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
        target.click()

    def press(self, text: str) -> None:
        """Follow the link or press the button with this text."""
        path = f"//*[self::a or self::button][normalize-space()='{text}']"
        wait = WebDriverWait(self.browser, PATIENCE)
        target = wait.until(lambda browser: browser.find_elements(By.XPATH, path))[0]
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", target)
        target.click()

    def save(self, button: str = "_save") -> None:
        before = self.find("html")
        self.click(f"[name={button}]")
        WebDriverWait(self.browser, PATIENCE).until(
            lambda browser: browser.find_element(By.TAG_NAME, "html") != before
        )

    @property
    def text(self) -> str:
        return text_of(self.browser)

    def dark(self) -> None:
        self.browser.execute_script("document.documentElement.classList.add('dark')")
