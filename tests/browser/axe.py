"""What axe-core finds on the page that a browser shows."""

from pathlib import Path

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
GRAVE = ("serious", "critical")


def grave_findings(browser) -> list[str]:
    """Each serious or critical violation as `rule: element`."""
    if not browser.execute_script("return window.axe !== undefined"):
        browser.execute_script(AXE.read_text())
    found = browser.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations']}).then((result) => done(result.violations));"
    )
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
