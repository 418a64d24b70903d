"""A page as everybody sees it: on a desk and on a phone, light and dark."""

import pytest

from .axe import grave_findings

# The last is how a browser starts, so that a test goes on as it began.
LOOKS = {
    "phone-dark": (True, 375, 812),
    "phone-light": (False, 375, 812),
    "desktop-dark": (True, 1400, 900),
    "desktop-light": (False, 1400, 900),
}
# Nothing is judged half-way between two colours; and the admin reads the preference only when it is opened.
SETTLE = """
const still = new CSSStyleSheet();
still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
document.adoptedStyleSheets = [still];
document.documentElement.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
if (arguments[0]) document.querySelector(arguments[0]).scrollIntoView({block: "center"});
"""


@pytest.fixture
def faults(browser, keep, emulate):
    """`faults("page")`: what is grave about what is shown, in every look; a screenshot of each is kept, with
    what `at` selects in its middle."""

    def found(name: str, at: str = "") -> list[str]:
        every = []
        for look, (dark, width, height) in LOOKS.items():
            emulate(dark, width, height)
            browser.execute_script(SETTLE, at)
            keep(f"{name}-{look}")
            every += [f"{name}, {look}: {one}" for one in grave_findings(browser) + too_wide(browser)]
        return every

    return found


def too_wide(browser) -> list[str]:
    """How far the page is wider than the window, if it is."""
    wide = browser.execute_script("return document.documentElement.scrollWidth - innerWidth")
    return [f"{wide} px wider than the window"] if wide > 0 else []
