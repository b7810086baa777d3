"""Those of ipywidgets' own widgets that have no value to move: containers and displays.

`test_widgets.py` moves the controls. Together they are all that ipywidgets registers, so one
that a later version adds fails here until it is tried (WID-22).
"""

import base64
import io
import wave
from collections.abc import Callable
from typing import NamedTuple

import ipywidgets
from ipywidgets.widgets.widget import _registry
from playwright.sync_api import Locator

from tests.e2e.browser import until
from tests.e2e.conftest import Open, Server, Write
from tests.e2e.test_widgets import CONTROLS, LISTENING, clicked, heard, seen_in, typed, widget


def sound() -> str:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(1)
        writer.setframerate(8000)
        writer.writeframes(bytes(800))
    return f"value=base64.b64decode('{base64.b64encode(file.getvalue()).decode()}'), format='wav'"


def plays(place: Locator) -> bool:
    """The bytes are a medium that this browser can play."""
    return bool(place.evaluate("element => element.duration > 0"))


def shows(text: str) -> Callable[[Locator], bool]:
    return lambda place: text in seen_in(place)


def has(selector: str, text: str = "") -> Callable[[Locator], bool]:
    return lambda place: place.locator(selector).filter(has_text=text, visible=True).count() > 0


def is_(selector: str) -> Callable[[Locator], bool]:
    """The widget's own element is one of these."""
    return lambda place: bool(place.evaluate("(e, s) => e.matches(s)", selector))


PAD = """
const stick = { axis: 0.5 };
navigator.getGamepads = () => [{
  index: 0, id: "a pad of this test", mapping: "", connected: true, timestamp: performance.now(),
  buttons: [{ pressed: true, value: 1 }], axes: [stick.axis],
}];
"""


class Shown(NamedTuple):
    made: str
    drawn: Callable[[Locator], bool]
    told: str
    """What the kernel says then; `_` is the widget …"""
    seen: Callable[[Locator], bool]
    act: Callable[[Locator], None] | None = None
    """… and what a hand does before that, where one can,"""
    heard: str = ""
    """of which the kernel hears this."""


TWO = "[w.Label('one'), w.Label('two')]"
BAR = ".progress-bar[style*='width: {}%']"
SHOWN = {
    "Label": Shown("'one'", shows("one"), "_.value = 'two'", shows("two")),
    "HTML": Shown("'<i>one</i>'", has("i", "one"), "_.value = '<b>two</b>'", has("b", "two")),
    "HTMLMath": Shown("'one'", shows("one"), "_.value = '$x^2$'", has(".katex, mjx-container")),
    "IntProgress": Shown("30", has(BAR.format(30)), "_.value = 70", has(BAR.format(70))),
    "FloatProgress": Shown("30.0", has(BAR.format(30)), "_.value = 70.0", has(BAR.format(70))),
    "Valid": Shown("True", is_(".mod-valid"), "_.value = False", is_(".mod-invalid")),
    "Audio": Shown(sound(), plays, "_.loop = False", is_("audio:not([loop])")),
    "Video": Shown(sound(), plays, "_.width = '50'", is_("video[width='50']")),
    "Box": Shown(TWO, shows("two"), "_.children = [w.Label('three')]", shows("three")),
    "HBox": Shown(TWO, shows("two"), "_.children = [w.Label('three')]", shows("three")),
    "VBox": Shown(TWO, shows("two"), "_.children = [w.Label('three')]", shows("three")),
    "GridBox": Shown(TWO, shows("two"), "_.children = [w.Label('three')]", shows("three")),
    "Tab": Shown(
        f"{TWO}, titles=['A', 'B']",
        has(".widget-label", "one"),
        "_.selected_index = 0; _.set_title(0, 'New')",
        has("[role=tab]", "New"),
        clicked("[role=tab]", "B"),
        "1",
    ),
    "Accordion": Shown(
        f"{TWO}, titles=['A', 'B']",
        shows("B"),
        "_.selected_index = 0",
        has(".widget-label", "one"),
        clicked(".jupyter-widget-Collapse-header", "B"),
        "1",
    ),
    "Stack": Shown(
        f"{TWO}, selected_index=0",
        has(".widget-label", "one"),
        "_.selected_index = 1",
        has(".widget-label", "two"),
    ),
    "Button": Shown(
        "description='Press'",
        shows("Press"),
        "_.description = 'Pressed'",
        shows("Pressed"),
        clicked(),
        "'click'",
    ),
    "DatetimePicker": Shown(
        "",
        has("input"),
        "_.value = _.value.replace(year=2025)",
        shows("2025-03-04T10:20"),
        typed("2026-03-04T10:20"),
        "datetime.datetime(2026, 3, 4, 10, 20",
    ),
    "Controller": Shown(
        "",
        shows("a pad of this test"),
        "",
        has(".widget-controller-axis"),
    ),
}
ELSEWHERE = {"FileUpload", "Image", "Output"}  # by stories of their own in `test_widgets.py`
PARTS = {"Axis", "_Media"}  # of a Controller; of Audio, Image and Video
MOVED = {"Tab": "selected_index", "Accordion": "selected_index", "DatetimePicker": "value"}


def test_no_widget_that_ipywidgets_registers_is_left_out() -> None:  # WID-22
    views = {
        kind.__name__
        for (*_, module, _version, view), kind in _registry.items()
        if view is not None
        and module in ("@jupyter-widgets/controls", "@jupyter-widgets/output")
        and issubclass(kind, ipywidgets.DOMWidget)
    }

    assert views - PARTS == {*CONTROLS, *SHOWN, *ELSEWHERE}


def test_each_container_and_display_is_drawn_moved_and_told(
    server: Server, written: Write, opened: Open
) -> None:  # WID-22
    making = "import base64\nall_ = {}\n"
    telling = ""
    for name, shown in SHOWN.items():
        making += f"all_['{name}'] = _ = w.{name}({shown.made}); _.add_class('c-{name}')\n"
        if name in MOVED:
            making += f"_.observe(lambda c: note('{name}', c['new']), '{MOVED[name]}')\n"
        telling += f"_ = all_['{name}']; {shown.told}\n"
    making += "all_['Button'].on_click(lambda _: note('Button', 'click'))\n"
    notebook = opened(written(f"{LISTENING}{making}w.VBox(list(all_.values()))", telling))
    notebook.page.add_init_script(PAD)
    notebook.run("a")
    notebook.wait("a", "finished")
    inside = widget(notebook, "a")
    for name, shown in SHOWN.items():
        place = inside.locator(f".c-{name}")
        place.wait_for()
        until(lambda place=place, drawn=shown.drawn: drawn(place), f"{name} to be drawn")
        if shown.act is not None:
            shown.act(place)
            until(
                lambda name=name, value=shown.heard: heard(server).get(name, "").startswith(value),
                f"{name} to be heard",
            )

    notebook.run("b")
    notebook.wait("b", "finished")
    for name, shown in SHOWN.items():
        place = inside.locator(f".c-{name}")
        until(lambda place=place, seen=shown.seen: seen(place), f"{name} to show what it was told")
