"""A frame of output cannot lead away, flood, or load from elsewhere unless a person says so."""

from playwright.sync_api import Frame, Route

from tests.e2e.browser import Notebook, until
from tests.e2e.conftest import Open, Write

LEAVES = """
from IPython.display import display, HTML
for where in ("/api/v1/me", "/frame.html?opened", "https://elsewhere.example/?stolen"):
    display(HTML(f"<p>here</p><script>location.href = '{where}'</script>"))
"""

FLOODS = """
from IPython.display import HTML
HTML('''<p>calm</p><script>
  const forged = new MessageChannel();
  for (let n = 0; n < 50; n += 1) parent.postMessage("tailrace-port", "*", []);
  parent.postMessage({kind: "run-cells", cell_ids: ["a"]}, "*");
  const send = MessagePort.prototype.postMessage;
  let port = null;
  MessagePort.prototype.postMessage = function (...said) { port = this; send.apply(this, said); };
  new MutationObserver(() => {
    for (let n = 0; port && n < 3000; n += 1) send.call(port, {kind: "height", px: n % 500});
  }).observe(document.querySelector("main"), {childList: true});
  setInterval(() => document.querySelector("main").append("."), 20);
</script>''')
"""

MAP = """
from IPython.display import HTML
HTML('''<div id="map">no map</div><script src="https://maps.example/map.js"></script>''')
"""


def asked_of_us(notebook: Notebook) -> list[str]:
    """Requests that a frame makes of this server, other than for its document and assets."""
    asked: list[str] = []
    main: Frame = notebook.page.main_frame

    def note(request: object) -> None:
        url, frame = request.url, request.frame  # type: ignore[attr-defined]
        own = ("/assets/", "/frame.html")
        if frame is not main and url.startswith("http") and not any(part in url for part in own):
            asked.append(url)

    notebook.page.on("request", note)
    return asked


def test_output_that_leaves_its_frame_gets_nowhere(  # SEC-23
    written: Write, opened: Open
) -> None:
    notebook = opened(written(LEAVES))
    asked = asked_of_us(notebook)
    notebook.run("a")
    notebook.wait("a", "finished")
    cell = notebook.cell("a")
    until(lambda: cell.get_by_text("went to another page").count() == 3, "all three to be stopped")

    assert asked == []
    assert cell.locator("iframe").count() == 0
    assert notebook.attribute("data-connection") == "open"
    # It is drawn again for whoever asks, and the person is not led away either.
    cell.get_by_role("button", name="Draw it again").first.click()
    until(lambda: cell.get_by_text("went to another page").count() == 3, "it to be stopped again")
    notebook.problems.clear()  # the browser tells of each attempt


def test_output_that_floods_the_page_is_stopped(written: Write, opened: Open) -> None:  # SEC-25
    notebook = opened(written(FLOODS, "print('still here')"))
    notebook.run("a")
    notebook.wait("a", "finished")
    cell = notebook.cell("a")
    until(lambda: cell.get_by_text("flooded the page").count() == 1, "the flood to be stopped")

    assert cell.locator("iframe").count() == 0
    assert notebook.state("b") == "never"
    notebook.run("b")
    notebook.wait("b", "finished")


def test_a_map_is_drawn_once_a_person_allows_its_site(  # SEC-24
    written: Write, opened: Open
) -> None:
    notebook = opened(written(MAP))
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(
            body="document.getElementById('map').textContent = 'a map; ' + origin",
            content_type="text/javascript",
        )

    notebook.page.route("https://maps.example/**", answer)
    notebook.run("a")
    notebook.wait("a", "finished")
    offer = notebook.cell("a").locator(".blocked")
    until(lambda: offer.count() == 1, "the offer")
    assert "maps.example" in offer.inner_text()
    assert asked == []

    offer.get_by_role("button", name="Allow in this notebook").click()
    drawn = notebook.cell("a").locator("iframe").content_frame.locator("#map")
    until(lambda: "a map; null" in drawn.inner_text(), "the map")
    assert asked == ["https://maps.example/map.js"]
    assert offer.count() == 0

    # What was allowed can be taken back.
    notebook.press("Escape")
    notebook.page.keyboard.press("Control+,")
    notebook.page.get_by_role("button", name="Take it back").click()
    until(lambda: offer.count() == 1, "the offer again")
    notebook.problems.clear()
