"""Libraries find a notebook, and what they need of one."""

import base64
import io
from typing import Any

import pytest
from PIL import Image

from tests.guest.driver import Guest, started

PNG = b"\x89PNG\r\n"


def png_of(display: dict[str, dict[str, str]]) -> bytes:
    return base64.b64decode(display["data"]["image/png"])


def test_a_figure_is_shown_at_the_moment_of_show_and_at_the_end(guest: Guest) -> None:
    done = guest.run(
        "import matplotlib.pyplot as plt\n"
        "plt.plot([1, 2]); print('before'); plt.show(); print('between'); plt.plot([2, 1]);"
    )

    assert done.status == "ok", done.of("error")
    kinds = [kind for kind in done.kinds if kind != "text" or done.kinds]
    first, second = (index for index, kind in enumerate(kinds) if kind == "display")
    assert "text" in kinds[:first]
    assert "text" in kinds[first:second]
    assert all(png_of(display).startswith(PNG) for display in done.of("display"))
    assert "between" in done.out


def test_inline_plots_can_be_configured(guest: Guest) -> None:
    guest.run("%matplotlib inline\n%config InlineBackend.figure_format = 'svg'")
    done = guest.run("import matplotlib.pyplot as plt; plt.plot([1]);")

    assert "image/svg+xml" in done.of("display")[0]["data"]


def test_a_large_figure_is_one_frame(guest: Guest) -> None:
    done = guest.run(
        "import numpy as np\nfrom PIL import Image\n"
        "Image.fromarray(np.random.randint(0, 255, (2000, 2000, 3), dtype='uint8'))"
    )

    assert len(png_of(done.of("display")[0])) > 10_000_000


def test_tables_images_and_plots_have_their_forms(guest: Guest) -> None:
    done = guest.run("import pandas as pd; pd.DataFrame({'a': [1]})")
    assert "<table" in done.of("display")[0]["data"]["text/html"]

    done = guest.run("import polars as pl; pl.DataFrame({'a': [1]})")
    assert "<table" in done.of("display")[0]["data"]["text/html"]

    done = guest.run("from PIL import Image; Image.new('RGB', (3, 3))")
    assert png_of(done.of("display")[0]).startswith(PNG)

    done = guest.run("import plotly.express as px; px.line(x=[1, 2], y=[1, 2]).show()")
    assert "application/vnd.plotly.v1+json" in done.of("display")[-1]["data"]


def test_libraries_take_it_for_a_notebook(guest: Guest) -> None:
    assert guest.run("get_ipython().__class__.__name__").result == "'ZMQInteractiveShell'"
    assert guest.run("'IPKernelApp' in get_ipython().config").result == "True"
    assert guest.run("import rich.console; rich.console._is_jupyter()").result == "True"
    assert (
        guest.run("import pandas.io.formats.console as c; c.in_ipython_frontend()").result == "True"
    )
    assert guest.run("import tqdm.auto; tqdm.auto.tqdm.__module__").result == "'tqdm.asyncio'" or (
        "notebook" in (guest.run("tqdm.auto.tqdm.__mro__").result or "")
    )


def test_rich_prints_as_html(guest: Guest) -> None:
    done = guest.run("from rich import print as rprint; rprint('[bold]strong[/bold]')")

    assert "strong" in done.of("display")[0]["data"]["text/html"]


def test_a_widget_opens_a_comm_and_hears_of_changes(guest: Guest) -> None:
    done = guest.run(
        "import ipywidgets\nslider = ipywidgets.IntSlider(value=3)\n"
        "slider.observe(lambda change: print('now', change['new']), 'value')\nslider"
    )
    opened = [header for header, _ in guest.frames if header["kind"] == "comm-open"]
    model = next(h for h in opened if h["data"]["state"].get("_model_name") == "IntSliderModel")

    assert "application/vnd.jupyter.widget-view+json" in done.of("display")[0]["data"]
    assert model["target"] == "jupyter.widget"
    assert model["data"]["state"]["value"] == 3

    guest.send(
        {
            "kind": "comm-message",
            "comm_id": model["comm_id"],
            "data": {"method": "update", "state": {"value": 8}, "buffer_paths": []},
            "metadata": {},
            "buffer_sizes": [],
        }
    )
    guest.wait_for_text(done.execution_id, "now 8\n")
    assert guest.run("slider.value").result == "8"


def test_a_comm_carries_buffers_both_ways(guest: Guest) -> None:
    done = guest.run(
        "import comm\n"
        "def opened(c, message):\n"
        "    print('opened', message['content']['data'], [bytes(b) for b in message['buffers']])\n"
        "    c.on_msg(lambda m: c.send({'echo': m['content']['data']}, buffers=m['buffers']))\n"
        "    c.on_close(lambda m: print('closed'))\n"
        "comm.get_comm_manager().register_target('echo', opened)\n"
        "get_ipython().kernel.comm_manager is comm.get_comm_manager()"
    )
    assert done.result == "True"
    common = {"comm_id": "c1", "metadata": {}}
    opening = {"kind": "comm-open", **common, "target": "echo", "data": {"a": 1}}
    guest.send({**opening, "buffer_sizes": [2, 1]}, b"abc")
    guest.send({**opening, "buffer_sizes": []})  # again, by a server that came back
    guest.send({"kind": "comm-message", **common, "data": {"b": 2}, "buffer_sizes": [3]}, b"xyz")

    header, payload = guest.wait_for(lambda header: header["kind"] == "comm-message")
    assert (header["comm_id"], header["data"]) == ("c1", {"echo": {"b": 2}})
    assert (header["buffer_sizes"], payload) == ([3], b"xyz")
    guest.wait_for_text(done.execution_id, "opened {'a': 1} [b'ab', b'c']\n")

    guest.send({"kind": "comm-close", **common, "data": {}})
    guest.wait_for_text(done.execution_id, "closed\n")
    assert guest.text(done.execution_id).count("opened") == 1


def test_comm_messages_are_heard_while_a_cell_awaits(guest: Guest) -> None:
    execution_id = guest.execute(
        "import asyncio, comm\nheard = asyncio.Event()\n"
        "c = comm.create_comm(target_name='t')\nc.on_msg(lambda m: heard.set())\n"
        "await heard.wait()\n'heard'"
    )
    opened, _ = guest.wait_for(lambda header: header["kind"] == "comm-open")
    guest.send(
        {"kind": "comm-message", "comm_id": opened["comm_id"], "data": {}, "buffer_sizes": []}
    )

    assert guest.finished(execution_id).result == "'heard'"


def test_a_handler_that_fails_says_so_and_harms_nothing(guest: Guest) -> None:
    done = guest.run(
        "import comm\nc = comm.create_comm(target_name='t')\nc.on_msg(lambda m: 1 / 0)"
    )
    opened, _ = guest.wait_for(lambda header: header["kind"] == "comm-open")
    guest.send(
        {"kind": "comm-message", "comm_id": opened["comm_id"], "data": {}, "buffer_sizes": []}
    )
    guest.wait_for_text(done.execution_id, "ZeroDivisionError")

    assert guest.run("1+1").result == "2"


def test_a_progress_bar_of_tqdm_is_shown(guest: Guest) -> None:
    done = guest.run("from tqdm import tqdm\nfor _ in tqdm(range(2000), mininterval=0): pass")

    assert "2000/2000" in done.err
    assert done.err.count("\r") < 400


CV2 = '''
"""As much of OpenCV's module as `imshow` needs, on Pillow."""
import io
import numpy
from PIL import Image

IMWRITE_JPEG_QUALITY = 1

def imencode(kind, mat, params=()):
    out = io.BytesIO()
    image = Image.fromarray(mat if mat.ndim == 2 else mat[..., ::-1])
    image.save(out, kind[1:].replace("jpg", "jpeg"))
    return True, numpy.frombuffer(out.getvalue(), dtype="uint8")

def imshow(winname, mat):
    raise RuntimeError("no display")

waitKey = destroyAllWindows = imshow
'''


def test_opencv_windows_are_displays_whose_newest_frame_wins(guest: Guest) -> None:
    (guest.folder / "cv2.py").write_text(CV2)
    done = guest.run(
        "import cv2, numpy as np\n"
        "for i in range(500):\n"
        "    cv2.imshow('camera', np.full((40, 60, 3), i % 256, 'uint8'))\n"
        "    if cv2.waitKey(1) == ord('q'): break\n"
        "cv2.imshow('other', np.ones((10, 10)))\n"
        "cv2.destroyAllWindows()"
    )

    assert done.status == "ok", done.of("error")
    assert len(done.of("display")) == 2
    assert png_of(done.of("display")[0]).startswith(PNG)
    updates = done.of("display-update")
    assert 1 < len(updates) < 120
    assert updates[-1]["display_id"] == done.of("display")[0]["display_id"]

    done = guest.run("cv2.imshow('camera', np.zeros((10, 10), 'uint8')); key = cv2.waitKey(0)")
    assert len(done.of("display")) == 1
    assert guest.run("key").result == "-1"


@pytest.mark.parametrize("format_name", ["py", "json"])
def test_the_users_profile_is_read_and_its_startup_files_run(
    tmp_path_factory: pytest.TempPathFactory, format_name: str
) -> None:
    home = tmp_path_factory.mktemp("ipython")
    profile = home / "profile_default"
    (profile / "startup").mkdir(parents=True)
    if format_name == "py":
        (profile / "ipython_config.py").write_text(
            "c.InteractiveShellApp.exec_lines = ['from_lines = 2']\n"
            "c.InteractiveShell.ast_node_interactivity = 'all'\n"
        )
    else:
        (profile / "ipython_config.json").write_text(
            '{"InteractiveShellApp": {"exec_lines": ["from_lines = 2"]},'
            ' "InteractiveShell": {"ast_node_interactivity": "all"}}'
        )
    (profile / "startup" / "10-first.py").write_text("from_startup = 1; print('good morning')\n")

    with started(env={"IPYTHONDIR": str(home)}) as guest:
        # One in the current directory is somebody else's: it is not read.
        (guest.folder / "ipython_config.py").write_text("1 / 0")
        done = guest.run("from_startup\nfrom_lines")

        assert [d["data"]["text/plain"] for d in done.of("display")] == ["1", "2"]
        assert done.out == "good morning\n"


def test_a_broken_profile_is_told_and_the_kernel_runs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("ipython")
    profile = home / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "ipython_config.py").write_text("1 / 0")
    (profile / "startup" / "10-first.py").write_text("raise ValueError('bad startup')\n")

    with started(env={"IPYTHONDIR": str(home)}) as guest:
        done = guest.run("1+1")

        assert done.result == "2"
        assert "ipython_config.py" in done.text
        assert "ZeroDivisionError" in done.text
        assert "bad startup" in done.text


def test_the_magics_that_ipykernel_adds_are_there(guest: Guest) -> None:  # KER-56
    (guest.folder / "said.txt").write_text("a line of it\n")
    done = guest.run("print('before')\n%less said.txt\n%more said.txt\n%autosave 60")

    assert done.status == "ok", done.of("error")
    assert [d["data"]["text/plain"].strip() for d in done.of("display")] == ["a line of it"] * 2
    assert "saved by themselves" in done.out
    cleared = guest.run("print('gone')\n%clear\nprint('stays')")
    assert cleared.of("clear")


def test_a_changed_figure_widget_s_state_says_what_it_shows(guest: Guest) -> None:  # WID-13
    done = guest.run(
        "import plotly.graph_objects as go\nf = go.FigureWidget(go.Scatter(y=[1, 2]))\n"
        "print(f.model_id)\nf"
    )
    assert done.status == "ok", done.of("error")
    guest.run("f.data[0].y = [7, 8]\nf.layout.title.text = 'later'")

    def told(header: dict[str, object]) -> bool:
        data = header.get("data")
        state = data.get("state", {}) if isinstance(data, dict) else {}
        return "later" in str(state.get("_widget_layout")) and "7" in str(state.get("_widget_data"))

    guest.wait_for(told)


def test_a_canvas_s_state_holds_the_picture_that_it_shows(guest: Guest) -> None:  # WID-13
    done = guest.run(
        "%matplotlib widget\nimport matplotlib.pyplot as plt\n"
        "fig, ax = plt.subplots(figsize=(2, 1), facecolor='red')\nplt.show()"
    )
    assert done.status == "ok", done.of("error")

    # What no browser has asked for, and what was drawn.
    guest.run("fig.set_facecolor('blue'); fig.canvas.draw_idle()")
    guest.wait_for(lambda header: corner_of_picture(header) == (0, 0, 255))
    guest.run("fig.set_facecolor('lime'); fig.canvas.draw()")
    guest.wait_for(lambda header: corner_of_picture(header) == (0, 255, 0))


def corner_of_picture(header: dict[str, Any]) -> object:
    """The colour there of the picture that an update puts into the state."""
    data = header.get("data")
    state = data.get("state") if isinstance(data, dict) else None
    url = state.get("_data_url") if isinstance(state, dict) else None
    if not isinstance(url, str) or not url.startswith("data:image/png;base64,"):
        return None
    png = base64.b64decode(url.partition(",")[2])
    return Image.open(io.BytesIO(png)).convert("RGB").getpixel((0, 0))
