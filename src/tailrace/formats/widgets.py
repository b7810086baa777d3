"""Widgets' state in a notebook file, as Jupyter keeps it. Rules WID-15, WID-16.

`metadata.widgets` holds, under its MIME type, the models that the outputs show and all that
these refer to, so that any tool can draw them without a kernel. Pure.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from tailrace.formats.notebook import Notebook
from tailrace.protocol.state import Comm

STATE_MIME = "application/vnd.jupyter.widget-state+json"
VIEW_MIME = "application/vnd.jupyter.widget-view+json"
TARGET = "jupyter.widget"
_REFERENCE = "IPY_MODEL_"

Entries = dict[str, dict[str, Any]]
"""Model id → what the file keeps of it."""


def with_widgets(notebook: Notebook, comms: Mapping[Any, Comm], written: Entries) -> Notebook:
    """The notebook with the widgets that its outputs show.

    They are taken from `comms`, else from what was `written` before, else from the file.
    Where nothing ran here and nothing was written, the file's own stay as they are.
    """
    live = {id: comm for id, comm in comms.items() if comm.target == TARGET}
    if not live and not written:
        return notebook
    in_file = saved_entries(notebook)
    earlier = {**in_file, **written}
    states = {id: _object(entry.get("state")) for id, entry in earlier.items()}
    states |= {id: _object(comm.data.get("state")) for id, comm in live.items()}
    kept = {
        id: _entry(live[id]) if id in live else earlier[id]
        for id in _around(_shown(notebook), states)
    }
    if kept == in_file:
        return notebook
    widgets = dict(_object(notebook.metadata.get("widgets")))
    widgets.pop(STATE_MIME, None)
    if kept:
        widgets[STATE_MIME] = {"state": kept, "version_major": 2, "version_minor": 0}
    metadata = {key: value for key, value in notebook.metadata.items() if key != "widgets"}
    return replace(notebook, metadata=metadata | ({"widgets": widgets} if widgets else {}))


def saved_entries(notebook: Notebook) -> Entries:
    """What the file keeps of widgets."""
    saved = _object(_object(notebook.metadata.get("widgets")).get(STATE_MIME))
    return {id: entry for id, entry in _object(saved.get("state")).items() if _object(entry)}


def _entry(comm: Comm) -> dict[str, Any]:
    state = _object(comm.data.get("state"))
    paths = comm.data.get("buffer_paths")
    entry = {
        "model_module": state.get("_model_module", ""),
        "model_module_version": state.get("_model_module_version", ""),
        "model_name": state.get("_model_name", ""),
        "state": state,
    }
    if comm.buffers and isinstance(paths, list):
        entry["buffers"] = [
            {"data": base64.b64encode(buffer).decode(), "encoding": "base64", "path": path}
            for path, buffer in zip(paths, comm.buffers, strict=False)
        ]
    return entry


def _shown(notebook: Notebook) -> Iterator[str]:
    for cell in notebook.cells:
        for output in cell.outputs:
            yield from _views(output.get("data"))


def _views(data: Any) -> Iterator[str]:
    model_id = _object(_object(data).get(VIEW_MIME)).get("model_id")
    if isinstance(model_id, str):
        yield model_id


def _around(ids: Iterable[str], states: Mapping[str, dict[str, Any]]) -> list[str]:
    """`ids`, what they refer to, and what without a view refers to one of these."""
    found: dict[str, None] = {}
    references = {id: set(_references(state)) for id, state in states.items()}
    waiting = list(ids)
    while waiting:
        while waiting:
            id = waiting.pop()
            if id in states and id not in found:
                found[id] = None
                waiting.extend(sorted(references[id]))
        waiting = [
            id
            for id, state in states.items()
            if id not in found
            and state.get("_view_name") is None
            and any(each in found for each in references[id])
        ]
    return list(found)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if value.startswith(_REFERENCE):
            yield value.removeprefix(_REFERENCE)
    elif isinstance(value, dict):
        yield from _views(value)
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _references(each)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
