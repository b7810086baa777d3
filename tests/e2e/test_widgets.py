"""ipywidgets on the page: each control drawn, moved, heard by the kernel, and moved by it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import FrameLocator, Locator

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Server, Write


def keys(*names: str) -> Callable[[Locator], None]:
    """Presses keys on a slider's (first) handle."""

    def press(control: Locator) -> None:
        handle = control.locator(".noUi-handle").first
        handle.focus()
        for name in names:
            handle.press(name)

    return press


def typed(text: str) -> Callable[[Locator], None]:
    def fill(control: Locator) -> None:
        field = control.locator("input, textarea").first
        field.fill(text)
        field.press("Tab")

    return fill


def chosen(label: str) -> Callable[[Locator], None]:
    return lambda control: (control.locator("select").select_option(label=label), None)[1]


def clicked(selector: str = "", text: str | None = None) -> Callable[[Locator], None]:
    def click(control: Locator) -> None:
        target = control.locator(selector) if selector else control
        if text is not None:
            target = target.filter(has_text=text)
        target.first.click()

    return click


def entered(text: str) -> Callable[[Locator], None]:
    """Types into a list of tags."""

    def enter(control: Locator) -> None:
        control.click()
        field = control.locator("input").last
        field.fill(text)
        field.press("Enter")

    return enter


class Control(NamedTuple):
    made: str
    act: Callable[[Locator], None]
    heard: str
    """The kernel's `repr` of the value after the act."""
    told: str
    """The value that the kernel gives it then …"""
    seen: str
    """… and what then stands there: text, or the value of a field."""


CONTROLS = {
    "IntSlider": Control("value=3", keys("ArrowRight"), "4", "9", "9"),
    "FloatSlider": Control("value=1.5", keys("ArrowLeft"), "1.4", "7.5", "7.50"),
    "FloatLogSlider": Control("value=10, step=1", keys("ArrowRight"), "100.0", "1", "1.00"),
    "IntRangeSlider": Control("value=(2, 8), max=10", keys("ArrowRight"), "(3, 8)", "(1, 5)", "1"),
    "FloatRangeSlider": Control(
        "value=(2, 8), max=10, step=1", keys("ArrowRight"), "(3.0, 8.0)", "(1, 5)", "1.00"
    ),
    "SelectionSlider": Control("options=list('abc')", keys("ArrowRight"), "'b'", "'c'", "c"),
    "SelectionRangeSlider": Control(
        "options=list('abcd'), index=(1, 2)", keys("ArrowLeft"), "('a', 'c')", "('b', 'd')", "b"
    ),
    "IntText": Control("value=1", typed("12"), "12", "34", "34"),
    "FloatText": Control("value=1", typed("1.5"), "1.5", "2.25", "2.25"),
    "BoundedIntText": Control("value=1, max=10", typed("99"), "10", "7", "7"),
    "BoundedFloatText": Control("value=1, max=10", typed("2.5"), "2.5", "7.5", "7.5"),
    "Text": Control("value='a'", typed("b <i>"), "'b <i>'", "'from the kernel'", "from the kernel"),
    "Textarea": Control("value='a'", typed("x\ny"), "'x\\ny'", "'one\\ntwo'", "one\ntwo"),
    "Password": Control("value=''", typed("pw"), "'pw'", "'pw2'", "pw2"),
    "Combobox": Control("options=['Paul', 'John']", typed("Paul"), "'Paul'", "'John'", "John"),
    "Checkbox": Control("value=False", clicked("input"), "True", "False", "on"),
    "ToggleButton": Control("description='T'", clicked(), "True", "False", "T"),
    "Dropdown": Control("options=['one', 'two']", chosen("two"), "'two'", "'one'", "one"),
    "RadioButtons": Control(
        "options=['one', 'two']", clicked("label", "two"), "'two'", "'one'", "one"
    ),
    "Select": Control("options=['one', 'two']", chosen("two"), "'two'", "'one'", "one"),
    "SelectMultiple": Control(
        "options=['one', 'two']", chosen("two"), "('two',)", "['one']", "one"
    ),
    "ToggleButtons": Control(
        "options=['one', 'two']", clicked("button", "two"), "'two'", "'one'", "one"
    ),
    "DatePicker": Control(
        "",
        typed("2026-03-04"),
        "datetime.date(2026, 3, 4)",
        "datetime.date(2025, 1, 2)",
        "2025-01-02",
    ),
    "TimePicker": Control(
        "", typed("10:20"), "datetime.time(10, 20)", "datetime.time(11, 5)", "11:05"
    ),
    "NaiveDatetimePicker": Control(
        "",
        typed("2026-03-04T10:20"),
        "datetime.datetime(2026, 3, 4, 10, 20)",
        "datetime.datetime(2025, 1, 2, 3, 4)",
        "2025-01-02T03:04",
    ),
    "ColorPicker": Control("value='red'", typed("#00ff00"), "'#00ff00'", "'blue'", "blue"),
    "TagsInput": Control("value=['a']", entered("b"), "['a', 'b']", "['c']", "c"),
    "IntsInput": Control("value=[1]", entered("2"), "[1, 2]", "[7]", "7"),
    "FloatsInput": Control("value=[1.5]", entered("2.5"), "[1.5, 2.5]", "[7.5]", "7.5"),
    "ColorsInput": Control("value=['red']", entered("blue"), "['red', 'blue']", "['green']", ""),
    "Play": Control("value=0, max=3, interval=20", clicked("button"), "3", "1", ""),
}


DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000020000000108020000007b40e8dd0000000d494441"
    "54789c63f8cf0004ff01070001ffe2239e590000000049454e44ae426082"
)

# The kernel writes down what it hears, so that nothing has to be run to know it.
LISTENING = """
import datetime, json, os, ipywidgets as w
heard = {}
def note(name, value):
    heard[name] = repr(value)
    with open('heard.json.new', 'w') as file: json.dump(heard, file)
    os.replace('heard.json.new', 'heard.json')
def listen(name, widget):
    widget.observe(lambda change: note(name, change['new']), 'value')
    widget.add_class('c-' + name)
    return widget
"""


def heard(server: Server) -> dict[str, str]:
    file = Path(server.folder, "heard.json")
    found: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    return found


def widget(notebook: Notebook, cell_id: str) -> FrameLocator:
    frame = notebook.cell(cell_id).locator("iframe[data-widget]")
    frame.scroll_into_view_if_needed()
    return frame.content_frame


def test_each_control_is_moved_by_hand_and_by_the_kernel(
    server: Server, written: Write, opened: Open
) -> None:  # WID-3, WID-4
    making = "".join(
        f"all_['{name}'] = listen('{name}', w.{name}({control.made}))\n"
        for name, control in CONTROLS.items()
    )
    telling = "".join(
        f"all_['{name}'].value = {control.told}\n" for name, control in CONTROLS.items()
    )
    notebook = opened(
        written(f"{LISTENING}all_ = {{}}\n{making}w.VBox(list(all_.values()))", telling)
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    inside = widget(notebook, "a")

    for name, control in CONTROLS.items():
        element = inside.locator(f".c-{name}")
        element.wait_for()
        control.act(element)
        until(
            lambda name=name, value=control.heard: heard(server).get(name) == value,
            f"{name} to be heard",
        )

    notebook.run("b")
    notebook.wait("b", "finished")
    for name, control in CONTROLS.items():
        element = inside.locator(f".c-{name}")
        until(
            lambda element=element, value=control.seen: value in seen_in(element),
            f"{name} to show {control.seen}",
        )
    # What the kernel set came from no hand: nothing is sent back to it.
    assert {name: heard(server)[name] for name in ("IntSlider", "Text")} == {
        "IntSlider": "9",
        "Text": "'from the kernel'",
    }


def test_two_browsers_stay_in_step_through_a_reload(written: Write, opened: Open) -> None:
    # WID-4, WID-5
    name = written("import ipywidgets as w\ns = w.IntSlider(value=3)\ns", "s", "s.value = 20")
    first = opened(name)
    first.run("a")
    first.wait("a", "finished")
    first.run("b")
    first.wait("b", "finished")
    second = opened(name)

    moved(first, "a", "ArrowRight")
    for notebook in (first, second):
        for cell_id in ("a", "b"):
            until(lambda n=notebook, c=cell_id: readout(n, c) == "4", "both cells in both")

    first.page.reload()
    first.page.wait_for_selector("[data-cell-id]")
    moved(second, "b", "ArrowRight")
    until(lambda: readout(first, "a") == "5", "the reloaded page to follow")
    moved(first, "b", "ArrowRight")
    until(lambda: readout(second, "a") == "6", "the other to follow the reloaded page")
    second.run("c")
    for notebook in (first, second):
        until(lambda n=notebook: readout(n, "a") == "20", "what the kernel set")


def moved(notebook: Notebook, cell_id: str, *names: str) -> None:
    keys(*names)(widget(notebook, cell_id).locator("main"))


def readout(notebook: Notebook, cell_id: str) -> str:
    return widget(notebook, cell_id).locator(".widget-readout").first.inner_text()


def test_linked_widgets_of_several_cells_move_together_without_the_kernel(
    written: Write, opened: Open
) -> None:  # WID-3, WID-4
    notebook = opened(
        written(
            "import ipywidgets as w, threading, time\na = w.IntSlider(value=1)\na",
            "b = w.IntSlider(value=2)\nb",
            "c = w.IntText(value=3)\nc",
            "links = w.jslink((a, 'value'), (b, 'value')), w.jsdlink((b, 'value'), (c, 'value'))\n"
            "gate = threading.Event()",
            "gate.wait(60)",
            "print(a.value, b.value, c.value)",
        )
    )
    for cell_id in "abcd":
        notebook.run(cell_id)
        notebook.wait(cell_id, "finished")
    until(lambda: readout(notebook, "b") == "1", "the link to begin")
    notebook.run("e")
    notebook.wait("e", "running")

    moved(notebook, "b", "ArrowRight", "ArrowRight", "ArrowRight")
    until(lambda: readout(notebook, "a") == "4", "a to follow b")
    moved(notebook, "a", "ArrowRight")
    until(lambda: readout(notebook, "b") == "5", "b to follow a")
    field = widget(notebook, "c").locator("input")
    until(lambda: field.input_value() == "5", "c to follow b")

    notebook.page.get_by_label("Interrupt", exact=True).click()
    notebook.wait("e", "interrupted", "failed")
    notebook.run("f")
    until(lambda: notebook.outputs("f").strip() == "5 5 5", "the kernel to know all three")


def test_a_slow_callback_gets_the_newest_value_not_every_one(
    written: Write, opened: Open
) -> None:  # WID-7
    notebook = opened(
        written(
            "import ipywidgets as w, time\nseen = []\ns = w.IntSlider(max=200)\n"
            "out = w.Output()\n"
            "@out.capture()\ndef slow(change):\n"
            "    seen.append(change.new); time.sleep(0.2); print(change.new)\n"
            "s.observe(slow, 'value')\nw.VBox([s, out])",
            "print(len(seen), seen[-1], s.value)",
        )
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    moved(notebook, "a", *["ArrowRight"] * 40)
    text = widget(notebook, "a").locator(".widget-output")
    until(lambda: text.inner_text().strip().endswith("40"), "the last value to be heard")
    notebook.run("b")
    notebook.wait("b", "finished")
    count, last, value = notebook.outputs("b").split()
    assert int(count) < 25
    assert (last, value) == ("40", "40")


def test_interact_and_progress_bars_show_what_they_make(written: Write, opened: Open) -> None:
    # WID-10, WID-12
    notebook = opened(
        written(
            "import ipywidgets as w\nfrom IPython.display import display, HTML\n"
            "@w.interact(x=(0, 10), name=['a', 'b'])\ndef f(x=3, name='a'):\n"
            "    print('now', x, name)\n"
            "    display(HTML('<b class=made>made</b>'))\n"
            "    if x == 5: raise ValueError('five')\n"
            "    return w.Label(f'label {x}')",
            "from tqdm.notebook import tqdm\nfor i in tqdm(range(7), desc='Steps'): pass",
            "b = w.Button(description='Press')\n"
            "def press(_):\n    print('pressed'); 1 / 0\nb.on_click(press)\nb",
        )
    )
    for cell_id in "abc":
        notebook.run(cell_id)
        notebook.wait(cell_id, "finished")
    inside = widget(notebook, "a")
    until(lambda: "now 3 a" in inside.locator("main").inner_text(), "the first call")
    until(lambda: inside.locator(".made").count() == 1, "its display")
    moved(notebook, "a", "ArrowRight")
    until(lambda: "label 4" in inside.locator("main").inner_text(), "a widget it returns")
    moved(notebook, "a", "ArrowRight")
    until(lambda: "ValueError" in inside.locator("main").inner_text(), "its error")
    assert "now 4" not in inside.locator("main").inner_text()

    until(lambda: "7/7" in widget(notebook, "b").locator("main").inner_text(), "a finished bar")

    widget(notebook, "c").locator("button").click()
    until(lambda: "ZeroDivisionError" in notebook.outputs("c"), "the callback's error")
    assert "pressed" in notebook.outputs("c")


def test_a_file_goes_to_the_kernel_byte_for_byte_and_a_picture_comes_back(
    written: Write, opened: Open
) -> None:  # WID-8
    notebook = opened(
        written(
            "import ipywidgets as w, hashlib\nup = w.FileUpload()\n"
            "picture = w.Image(format='png')\nsaid = w.Label()\n"
            "def came(change):\n"
            "    (file,) = change.new\n"
            "    said.value = f\"{file['name']} {hashlib.sha256(file['content']).hexdigest()}\"\n"
            "    picture.value = bytes(file['content'])\n"
            "up.observe(came, 'value')\nw.VBox([up, said, picture])"
        )
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    inside = widget(notebook, "a")
    with notebook.page.expect_file_chooser() as chooser:
        inside.locator("button").click()
    chooser.value.set_files({"name": "dot.png", "mimeType": "image/png", "buffer": DOT})
    digest = hashlib.sha256(DOT).hexdigest()
    until(lambda: f"dot.png {digest}" in inside.locator("main").inner_text(), "its bytes")
    width = "img => img.complete ? img.naturalWidth : 0"
    until(lambda: inside.locator("img").evaluate(width) == 2, "the picture")


def test_the_file_shows_its_widgets_without_a_kernel(
    server: Server, written: Write, opened: Open
) -> None:  # WID-15, WID-17
    name = written("import ipywidgets as w\nw.VBox([w.IntSlider(value=7), w.HTML('<b>kept</b>')])")
    notebook = opened(name)
    notebook.run("a")
    notebook.wait("a", "finished")
    until(lambda: readout(notebook, "a") == "7", "the widget")
    file = Path(server.folder, name)
    until(lambda: "widget-state+json" in file.read_text(), "the file to hold it")

    copy = Path(server.folder, f"copy-of-{name}")
    copy.write_bytes(file.read_bytes())
    other = opened(copy.name)
    until(lambda: readout(other, "a") == "7", "the saved widget")
    assert "kept" in widget(other, "a").locator("main").inner_text()
    assert "No kernel" in other.outputs("a")
    assert other.attribute("data-kernel") == "none"
    assert copy.read_bytes() == file.read_bytes()


HOSTILE = """
import ipywidgets as w
victim = w.Text(value='safe')
ATTACK = '''<img src=x onerror="
  const found = [];
  try { found.push(parent.document.cookie) } catch (error) { found.push('no parent') }
  try { found.push(String(localStorage.length)) } catch (error) { found.push('no storage') }
  const tried = () => { document.querySelector('main').append('tried: ' + found.join(', ')) };
  fetch('/api/v1/me').then(() => found.push('fetched'), () => found.push('no network'))
    .finally(tried);
  parent.postMessage({kind: 'send', comm_id: '%s', message_id: 'x-1',
    data: {method: 'update', state: {value: 'taken'}}}, '*');
">'''
w.VBox([w.HTML(ATTACK % victim.model_id),
        w.Text(description='<img src=x onerror="parent.x = 1">', description_allow_html=True)])
"""


def test_script_in_a_widget_reaches_neither_the_page_nor_the_server(
    written: Write, opened: Open
) -> None:  # WID-1, WID-2
    notebook = opened(written(HOSTILE, "print(victim.value)"))
    asked: list[str] = []
    notebook.page.on(
        "request", lambda request: asked.append(request.url) if "/api/" in request.url else None
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    inside = widget(notebook, "a")
    until(
        lambda: "tried: no parent, no storage, no network" in inside.locator("main").inner_text(),
        "the attack to fail",
    )
    notebook.run("b")
    until(lambda: notebook.outputs("b").strip() == "safe", "the other widget to be untouched")
    frame = notebook.cell("a").locator("iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    assert asked == []
    notebook.problems.clear()  # the attempts are told in the console: the policy at work


COUNTER = """
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = '''
      export default { render({ model, el }) {
        const button = document.createElement("button");
        button.className = "count";
        const show = () => { button.textContent = `count is ${model.get("value")}`; };
        button.onclick = () => {
          model.set("value", model.get("value") + 1);
          model.save_changes();
        };
        model.on("change:value", show);
        model.on("msg:custom", (message) => { el.dataset.told = message.word; });
        show();
        el.append(button);
      } };'''
    _css = '.count { color: rgb(1, 2, 3) }'
    value = traitlets.Int(0).tag(sync=True)
counter = Counter()
counter
"""


def test_an_anywidget_runs_and_is_exchanged_while_it_is_shown(
    written: Write, opened: Open
) -> None:  # WID-20
    notebook = opened(
        written(
            COUNTER,
            "counter.value += 10; counter.send({'word': 'hello'})",
            "counter._esm = 'export default { render({ el }) { el.append(\"another\") } }'",
        )
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    inside = widget(notebook, "a")
    button = inside.locator(".count")
    until(lambda: button.count() and button.inner_text() == "count is 0", "the widget")
    assert button.evaluate("b => getComputedStyle(b).color") == "rgb(1, 2, 3)"
    button.click()
    until(lambda: button.inner_text() == "count is 1", "the click")
    notebook.run("b")
    until(lambda: button.inner_text() == "count is 11", "the kernel's change")
    until(lambda: inside.locator("[data-told=hello]").count() == 1, "the kernel's message")
    notebook.run("c")
    until(lambda: "another" in inside.locator("main").inner_text(), "the new front end")


DRAWN = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.some((value, at) => at % 4 !== 3 && value > 0 && value < 200);
}"""


def test_a_package_s_own_front_end_draws_and_is_heard(written: Write, opened: Open) -> None:
    # WID-20
    notebook = opened(
        written(
            "%matplotlib widget\nimport matplotlib.pyplot as plt\nclicks = []\n"
            "figure, axes = plt.subplots(figsize=(4, 3))\naxes.plot([1, 2, 3])\n"
            "figure.canvas.mpl_connect('button_press_event', lambda e: clicks.append(e.button))\n"
            "plt.show()",
            "print(len(clicks))",
        )
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    canvases = widget(notebook, "a").locator("canvas")
    until(lambda: canvases.count() and canvases.first.evaluate(DRAWN), "a figure")
    canvases.last.click(position={"x": 200, "y": 150})

    def clicks() -> str:
        notebook.run("b")
        notebook.wait("b", "finished")
        return notebook.outputs("b").strip()

    until(lambda: clicks() == "1", "the click to be heard")


def test_a_missing_front_end_is_said_where_it_should_be(written: Write, opened: Open) -> None:
    # WID-20
    notebook = opened(
        written(
            "import ipywidgets as w, traitlets\n"
            "class Odd(w.DOMWidget):\n"
            "    _model_module = traitlets.Unicode('odd-package').tag(sync=True)\n"
            "    _model_name = traitlets.Unicode('Odd').tag(sync=True)\n"
            "    _view_module = traitlets.Unicode('odd-package').tag(sync=True)\n"
            "    _view_name = traitlets.Unicode('OddView').tag(sync=True)\n"
            "Odd()"
        )
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    inside = widget(notebook, "a").locator("main")
    until(lambda: "odd-package" in inside.inner_text(), "what is missing")
    notebook.problems.clear()  # a file that is not there is told in the console


def seen_in(element: Locator) -> str:
    """The text of a control and the values of its fields."""
    return str(
        element.evaluate(
            """element => [element.innerText, ...[...element.querySelectorAll(
              "input, textarea, select, option:checked")].map(field => field.value + " " +
                (field.textContent || ""))].join(" ")"""
        )
    )
