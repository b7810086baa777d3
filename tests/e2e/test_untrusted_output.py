"""What a notebook shows cannot act as the person who looks at it."""

from tests.e2e.browser import until
from tests.e2e.conftest import Open, Write

HOSTILE = """
from IPython.display import display, HTML, Javascript, SVG, Markdown, Latex
ATTACK = '''
  let found = [];
  try { found.push(parent.document.cookie); } catch (error) { found.push("no parent"); }
  try { found.push(String(localStorage.length)); } catch (error) { found.push("no storage"); }
  fetch("/api/v1/me").then(() => found.push("fetched"), () => found.push("no network"))
    .finally(() => { document.querySelector("main").append("tried: " + found.join(", ")); });
'''
display(HTML(f"<p>shown</p><script>{ATTACK}</script>"))
display(Javascript(ATTACK))
display(SVG(f"<svg xmlns='http://www.w3.org/2000/svg'><script>{ATTACK}</script></svg>"))
display(HTML("<img src=x onerror='parent.postMessage(1, 0)'><a href='javascript:alert(1)'>x</a>"))
display(Markdown("<img src=x onerror=alert(1)> [x](javascript:alert(1))"))
display(Latex(r"$\\\\href{javascript:alert(1)}{x}$"))
"""


def test_output_that_runs_script_reaches_nothing(written: Write, opened: Open) -> None:
    notebook = opened(written(HOSTILE))
    asked: list[str] = []
    notebook.page.on(
        "request", lambda request: asked.append(request.url) if "/api/" in request.url else None
    )
    notebook.run("a")
    notebook.wait("a", "finished")
    frames = notebook.cell("a").locator("iframe")
    until(lambda: frames.count() == 4, "four frames")
    for index in range(2):
        frames.nth(index).scroll_into_view_if_needed()
        inner = frames.nth(index).content_frame.locator("main")
        until(
            lambda inner=inner: "tried: no parent, no storage, no network" in inner.inner_text(),
            "the attack to fail",
        )
    frames.nth(2).scroll_into_view_if_needed()
    drawing = frames.nth(2).content_frame.locator("main")
    assert drawing.evaluate("main => [...main.childNodes].map(n => n.nodeName)") == ["svg"]
    assert [frame.get_attribute("sandbox") for frame in frames.all()] == ["allow-scripts"] * 4
    assert asked == []
    # In the page itself nothing of it is an element.
    assert notebook.cell("a").locator(".prose img, a[href^=javascript]").count() == 0
    # The attempts are told in the console: that is the policy at work, not a fault of ours.
    notebook.problems.clear()


def test_a_chart_is_drawn_in_a_frame_without_the_net(written: Write, opened: Open) -> None:
    notebook = opened(
        written(
            "import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1, 2]))",
            "from IPython.display import display\n"
            "spec = {'data': {'values': [{'a': 1}]}, 'mark': 'bar',"
            " 'encoding': {'x': {'field': 'a', 'type': 'quantitative'}}}\n"
            "display({'application/vnd.vegalite.v5+json': spec}, raw=True)",
        )
    )
    notebook.page.get_by_label("Run all", exact=True).click()
    notebook.wait("b", "finished")
    for cell, drawn in (("a", ".plot-container"), ("b", "svg.marks")):
        notebook.cell(cell).scroll_into_view_if_needed()
        frame = notebook.cell(cell).locator("iframe").last
        frame.content_frame.locator(drawn).first.wait_for()
        until(
            lambda frame=frame: (frame.bounding_box() or {"height": 0})["height"] > 60,
            "its height",
        )
