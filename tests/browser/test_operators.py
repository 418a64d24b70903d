"""What an operator sees in a real browser: the admin, Flower, and the API's own pages."""

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.stack import PATIENCE

from .admin import text_of

PAGES = {
    "families/family": "Shapes",
    "families/workflow": "pocket-solid-fine",
    "families/member": "source=photo",
    "strategies/generation": "large red circle",
    "strategies/prediction": "succeeded",
    "strategies/task": "generation",
    "api/user": "demo",
    "api/apikey": "demo",
}


@pytest.fixture
def picture(stack):
    """At least one generation to look at."""
    with stack.client() as client:
        body = {"family": "shapes", "inputs": {"prompt": "a large red circle on a blue background"}}
        generation = client.post("/v1/generations", json=body, headers={"Prefer": "wait=60"}).json()
    assert generation["status"] == "succeeded"
    return generation


def test_an_administrator_signs_in_and_finds_every_kind_of_row(stack, browser, keep, password, picture):
    browser.get(f"{stack.url}/admin/")
    browser.find_element(By.NAME, "username").send_keys("admin")
    browser.find_element(By.NAME, "password").send_keys(password)
    browser.find_element(By.CSS_SELECTOR, "form [type=submit]").click()
    keep("admin-home")
    for page, expected in PAGES.items():
        browser.get(f"{stack.url}/admin/{page}/")
        keep(f"admin-{page.replace('/', '-')}")
        assert expected.lower() in text_of(browser).lower(), page
    browser.get(f"{stack.url}/admin/strategies/generation/{picture['id']}/change/")
    keep("admin-generation")
    assert "red circle" in browser.page_source


def test_flower_shows_the_pools_and_their_tasks_behind_a_password(
    stack, browser, keep, password, picture, basic_auth
):
    flower = f"http://127.0.0.1:{stack.environment['ATELIER_FLOWER_PORT']}"
    browser.get(f"{flower}/workers")
    assert "gpu@" not in browser.page_source

    basic_auth("admin", password)
    browser.get(f"{flower}/workers")
    WebDriverWait(browser, PATIENCE).until(lambda page: "gpu@" in text_of(page))
    assert "housekeeping@" in text_of(browser).replace("\n", "")
    keep("flower-workers")
    browser.get(f"{flower}/tasks")
    WebDriverWait(browser, PATIENCE).until(lambda page: "atelier." in text_of(page))
    keep("flower-tasks")


def test_the_api_describes_itself_without_the_internet(stack, browser, keep):
    browser.get(f"{stack.url}/docs/")
    WebDriverWait(browser, PATIENCE).until(lambda page: "/v1/generations" in text_of(page))
    keep("api-docs")
