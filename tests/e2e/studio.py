"""Pictures of the page, and what is asked of each: complete, quiet and accessible.

A screen is brought into a state once and then looked at in both themes. Each look leaves a
picture in `artifacts/screens` and asks that nothing is wider than the screen, that no label
is cut off, and that axe-core finds nothing against WCAG 2.1 AA.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from tests.e2e.browser import log_in

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "artifacts" / "screens"
AXE = (ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()

Size = Literal["desk", "phone"]
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZES: dict[Size, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1440, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 1.5,
        "has_touch": True,
        "is_mobile": True,
    },
}

# What is inside the frames of outputs is their authors' business, and out of reach.
FINDINGS = """async ([part, rules]) => {
  const { violations } = await axe.run(part || document, {
    iframes: false,
    resultTypes: ["violations"],
    ...(rules.length > 0 && { runOnly: rules }),
  });
  return violations.flatMap(({ id, impact, nodes }) => nodes.map(({ target, failureSummary }) =>
    `${impact} ${id}: ${target.join(" ")}: ${failureSummary.split("\\n").slice(1).join(" ")}`));
}"""

# A hand's browser lays a page out as wide as it wants to be: asked is the screen's width.
WIDTH = "Math.max(window.innerWidth, document.documentElement.scrollWidth)"

# A label may end in an ellipsis or scroll; it may not just stop.
CUT_OFF = """() => {
  const cut = [];
  const labels = "button, a, label, h1, h2, h3, th, kbd, p, span";
  const others = ".cm-editor, .katex, .log-lines, [role=grid], [aria-hidden=true]";
  for (const element of document.querySelectorAll(labels)) {
    const style = getComputedStyle(element);
    const isSeen = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!isSeen || element.closest(".visually-hidden")) continue;
    if (style.display === "inline" || style.textOverflow === "ellipsis") continue;
    if (element.querySelector("input, [popover]")) continue;
    if (element.closest(others)) continue;
    const isClipped = style.overflowX !== "auto" && style.overflowX !== "scroll";
    if (isClipped && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      cut.push(`${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`);
  }
  const canvas = document.createElement("canvas").getContext("2d");
  for (const field of document.querySelectorAll("input[placeholder]:placeholder-shown")) {
    const style = getComputedStyle(field);
    canvas.font = style.font;
    const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    if (room > 0 && canvas.measureText(field.placeholder).width > room + 1)
      cut.push(`the hint of ${field.ariaLabel}: ${field.placeholder}`);
  }
  return cut;
}"""


class Screen:
    """One browser window of one size."""

    def __init__(self, page: Page, size: Size) -> None:
        self.page = page
        self.size = size
        self.problems: list[str] = []
        self.expected: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def expect(self, words: str) -> None:
        """The console may say this from now on: it tells of what the story did."""
        self.expected.append(words)

    def wrong(self) -> list[str]:
        return [each for each in self.problems if not any(words in each for words in self.expected)]

    def look(self, name: str, part: str = "") -> None:
        """Takes the picture in both themes; what is wrong is kept until `wrong` is asked.

        `part` selects what is new since the look before: only that is gone through by axe,
        for which every element costs a millisecond.
        """
        for theme in THEMES:
            self.page.emulate_media(color_scheme=theme)
            self.page.screenshot(
                path=PICTURES / f"{name}-{self.size}-{theme}.png", animations="disabled"
            )
            self.problems += [f"{name}, {theme}: {wrong}" for wrong in self._findings(theme, part)]
        wider = self.page.evaluate(WIDTH) - SIZES[self.size]["viewport"]["width"]
        if wider > 0:
            self.problems.append(f"{name}: {wider} px wider than the screen")
        self.problems += [f"{name}: cut off: {label}" for label in self.page.evaluate(CUT_OFF)]

    def _findings(self, theme: str, part: str) -> list[str]:
        """The dark page differs from the light one in its colours alone."""
        rules = ["color-contrast"] if theme == "dark" else []
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        return list(self.page.evaluate(FINDINGS, [part, rules]))


@contextmanager
def screen(browser: Browser, login: str, size: Size) -> Iterator[Screen]:
    """A window of a browser of its own, logged in by `login`; in the end nothing was wrong."""
    context = browser.new_context(**SIZES[size])
    try:
        log_in(context, login)
        seen = Screen(context.new_page(), size)
        yield seen
        if wrong := seen.wrong():
            raise AssertionError("\n".join(wrong))
    finally:
        context.close()
