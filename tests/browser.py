"""Open a page in headless Chromium and hear everything it says.

Playwright's client drives the distribution's own Chromium; nothing is downloaded. A page is opened with the network
off, in a fresh profile. What it asks for, prints, pops up or has refused by its content policy is kept, so that a
test can say in one line that a page was silent.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
REFUSALS = """window.refusals = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.refusals.push(`${event.violatedDirective} ${event.blockedURI}`));"""
#: A function, since a bare expression would be evaluated again and again inside the page, which its policy forbids.
READY = "() => document.documentElement.dataset.ready === '1'"


@dataclass
class Visit:
    """An open page and what it has said so far.

    Parameters
    ----------
    page : playwright.sync_api.Page
    requests, messages, dialogs : list of str
        What it asked the network for (its own document excepted), what it printed or threw, what it popped up.
    """

    page: Any
    requests: list[str] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def noise(self) -> dict[str, list[str]]:
        """Return everything a well-behaved page would not have done; empty for a silent page."""
        heard = {
            "requests": self.requests,
            "messages": self.messages,
            "dialogs": self.dialogs,
            "refusals": self.page.evaluate("window.refusals"),
        }
        return {kind: found for kind, found in heard.items() if found}

    def audit(self) -> list[str]:
        """Return what axe finds wrong, of any impact, each with the first element it concerns."""
        from axe_playwright_python.sync_playwright import Axe

        # Injected by evaluation, which a page's content policy does not govern.
        self.page.evaluate(Axe().axe_script + ";0")
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]
        return [
            f"{item['impact']} {item['id']} x{len(item['nodes'])}: {item['nodes'][0]['html'][:160]}"
            for item in found
        ]


def chromium() -> str:
    """Return Chromium's path. Without one the test is skipped, or fails where CI should have it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        reason = "no chromium on this machine; install the distribution's package"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@contextmanager
def launched() -> Iterator[Any]:
    """Yield a running browser; one for a module is enough, as each visit has a profile of its own."""
    path = chromium()
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=ARGS)
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: Any,
    url: str | Path,
    *,
    fragment: str = "",
    width: int = 1280,
    height: int = 900,
    dark: bool = False,
    scripts: bool = True,
    ready: str = READY,
    serve: dict[str, tuple[str, str]] | None = None,
    policy: str = "",
) -> Iterator[Visit]:
    """Yield a page opened without a network.

    Parameters
    ----------
    browser : playwright.sync_api.Browser
    url : str or Path
        An address, or a file.
    fragment : str
        What follows the address, with its ``#``.
    width, height : int
        Size of the window in pixels.
    dark, scripts : bool
        Whether the reader prefers dark colours; whether scripts may run.
    ready : str
        Function to wait for until it returns true; ignored without scripts.
    serve : dict of str to (str, str)
        Address to content type and body, answered in place of a server.
    policy : str
        Content policy that served pages are sent with.
    """
    context = browser.new_context(
        offline=not serve,
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        java_script_enabled=scripts,
        service_workers="block",
    )
    page = context.new_page()
    seen = Visit(page)
    address = url.resolve().as_uri() if isinstance(url, Path) else url
    served = serve or {}

    def answer(route: Any) -> None:
        if route.request.url not in served:
            route.abort()
            return
        kind, body = served[route.request.url]
        route.fulfill(
            status=200, body=body, headers={"Content-Type": kind, "Content-Security-Policy": policy}
        )

    if served:
        context.route("**/*", answer)
    page.on(
        "request",
        lambda request: seen.requests.append(request.url) if _foreign(request.url, address, served) else None,
    )
    page.on("console", lambda message: seen.messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.messages.append(f"thrown: {error}"))
    page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
    page.add_init_script(REFUSALS)
    page.goto(address + fragment)
    if scripts and ready:
        page.wait_for_function(ready, polling=20)
    yield seen
    context.close()


def _foreign(url: str, own: str, served: dict[str, tuple[str, str]]) -> bool:
    return url.partition("#")[0] != own and url not in served and not url.startswith("data:")
