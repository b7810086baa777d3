"""Widgets in the file: what the outputs show, what that needs, and nothing else."""

import base64

import nbformat

from tailrace.formats.ipynb import parse, render
from tailrace.formats.notebook import Cell, Notebook
from tailrace.formats.widgets import STATE_MIME, VIEW_MIME, saved_entries, with_widgets
from tailrace.protocol.ids import CellId, CommId
from tailrace.protocol.state import Comm


def comm(id: str, buffers: tuple[bytes, ...] = (), **state: object) -> Comm:
    known = {
        "_model_name": "M",
        "_model_module": "m",
        "_model_module_version": "1.0",
        "_view_name": "V",
    }
    data = {"state": {**known, **state}, "buffer_paths": [["value"]] if buffers else []}
    return Comm(CommId(id), "jupyter.widget", data, {"version": "2.1.0"}, buffers)


def showing(*ids: str, metadata: dict[str, object] | None = None) -> Notebook:
    views = [
        {
            "output_type": "display_data",
            "data": {
                VIEW_MIME: {"model_id": id, "version_major": 2, "version_minor": 0},
                "text/plain": "W()",
            },
            "metadata": {},
        }
        for id in ids
    ]
    cell = Cell(CellId("a"), "code", "w", outputs=tuple(views))
    return Notebook(metadata=metadata or {}, cells=(cell,))


def session() -> dict[CommId, Comm]:
    comms = [
        comm("box", children=["IPY_MODEL_slider"]),
        comm("slider", layout="IPY_MODEL_layout"),
        comm("layout"),
        comm("link", _view_name=None, source=["IPY_MODEL_slider", "value"]),
        comm("other"),
        comm("picture", (b"\x00\xff",)),
        comm("out", outputs=[{"data": {VIEW_MIME: {"model_id": "picture"}}}]),
    ]
    return {each.comm_id: each for each in comms}


def test_shown_models_and_what_they_need_are_kept() -> None:  # WID-15
    kept = saved_entries(with_widgets(showing("box", "gone"), session(), {}))

    assert sorted(kept) == ["box", "layout", "link", "slider"]
    assert kept["box"]["model_name"] == "M"
    assert kept["box"]["state"]["children"] == ["IPY_MODEL_slider"]


def test_a_widget_shown_inside_an_output_widget_is_kept_with_its_bytes() -> None:  # WID-15
    kept = saved_entries(with_widgets(showing("out"), session(), {}))

    assert sorted(kept) == ["out", "picture"]
    (buffer,) = kept["picture"]["buffers"]
    assert (buffer["path"], base64.b64decode(buffer["data"])) == (["value"], b"\x00\xff")


def test_the_file_is_valid_and_says_the_same_when_read_again() -> None:  # WID-15
    notebook = with_widgets(showing("box"), session(), {})
    data = render(notebook)

    nbformat.validate(nbformat.reads(data.decode(), as_version=4))
    assert saved_entries(parse(data)) == saved_entries(notebook)
    assert render(with_widgets(parse(data), session(), {})) == data


def test_what_another_tool_saved_stays_while_nothing_runs_here() -> None:  # WID-16
    saved = {STATE_MIME: {"state": {"x": {"model_name": "X", "state": {}}}, "other": 1}}
    notebook = showing(metadata={"widgets": saved})

    assert with_widgets(notebook, {}, {}) is notebook


def test_models_of_an_ended_kernel_stay_while_an_output_shows_them() -> None:  # WID-16
    first = with_widgets(showing("box"), session(), {})
    written = saved_entries(first)
    again = with_widgets(showing("box", "new"), {CommId("new"): comm("new")}, written)
    cleared = with_widgets(showing(), {CommId("new"): comm("new")}, written)

    assert sorted(saved_entries(again)) == ["box", "layout", "link", "new", "slider"]
    assert "widgets" not in cleared.metadata
