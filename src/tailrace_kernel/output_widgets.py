"""`with out:`: what is written goes into an Output widget and not under the cell. WID-10 to 12.

In Jupyter the page catches the messages and sends them back to the kernel. Here the kernel
catches them: nothing depends on a page that looks, a thread captures what it writes itself,
and `out.outputs` is true at once. What is added to `outputs` leaves as `append-output`
messages of the widget's comm, so that a long text is not sent whole for each line of it.

The methods of `OutputWidget` run with the link's lock held: the order of `outputs` is the
order of the frames.
"""

import threading
import weakref
from contextvars import ContextVar
from types import ModuleType
from typing import Any, NamedTuple

from tailrace_kernel.attribution import CURRENT, Into
from tailrace_kernel.later import when_imported
from tailrace_kernel.outlet import Outlet
from tailrace_kernel.overwritten import without_overwritten
from tailrace_kernel.wire import encode_json

TEXT_MOST = 400_000  # characters of one stream output; then head and tail of it stay
TEXT_HEAD, TEXT_TAIL = 32_768, 65_536
ITEMS_MOST = 300

Item = dict[str, Any]


class _Entered(NamedTuple):
    """One `with out:`, and where output went before it."""

    widget: Any
    before: str | None
    is_main: bool
    descriptors: str | None


_ENTERED: ContextVar[tuple[_Entered, ...]] = ContextVar("tailrace_entered", default=())


class OutputWidgets:
    """Teaches ipywidgets' `Output` to capture, once it is imported."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._known: weakref.WeakKeyDictionary[Any, OutputWidget] = weakref.WeakKeyDictionary()
        outlet.inner_displays = self._update_displays

    def install(self) -> None:
        when_imported("ipywidgets.widgets.widget_output", self._teach)

    def _teach(self, module: ModuleType) -> None:
        output = module.Output
        leave = output.__exit__

        def __enter__(widget: Any) -> None:
            self._enter(widget)

        def __exit__(widget: Any, kind: Any, error: Any, trace: Any) -> Any:
            try:
                return leave(widget, kind, error, trace)
            finally:
                self._exit(widget)

        output.__enter__ = __enter__
        output.__exit__ = __exit__
        for name in ("_append_stream_output", "append_display_data"):
            setattr(output, name, self._after_text(getattr(output, name)))

    def _after_text(self, append: Any) -> Any:
        """`append`, with what was printed before it in its place."""

        def appended(*args: Any, **kwargs: Any) -> Any:
            self._outlet.link.settle_text()
            return append(*args, **kwargs)

        return appended

    def _enter(self, widget: Any) -> None:
        """Send what this thread or task writes into `widget`."""
        link = self._outlet.link
        place = Into(self._outlet.execution_now(), self._target(widget), str(widget.model_id))
        # What C code and child processes write belongs to whoever holds the main thread.
        is_main = threading.current_thread() is threading.main_thread()
        descriptors = link.redirect(place) if is_main else None
        _ENTERED.set((*_ENTERED.get(), _Entered(widget, CURRENT.get(), is_main, descriptors)))
        CURRENT.set(place)

    def _exit(self, widget: Any) -> None:
        entered = _ENTERED.get()
        if not any(each.widget is widget for each in entered):
            return  # left in another task than it was entered in
        while entered:
            *rest, last = entered
            entered = tuple(rest)
            CURRENT.set(last.before)
            if last.is_main:
                self._outlet.link.redirect(last.descriptors)
            if last.widget is widget:
                break
        _ENTERED.set(entered)
        self._outlet.link.settle_text()

    def _target(self, widget: Any) -> "OutputWidget":
        target = self._known.get(widget)
        if target is None:
            target = self._known[widget] = OutputWidget(widget)
        return target

    def _update_displays(
        self, display_id: str, data: dict[str, Any], metadata: dict[str, Any]
    ) -> bool:
        """An update of a display that may stand in widgets."""
        holding = [target for target in self._known.values() if display_id in target.displays]
        for target in holding:

            def updated(target: OutputWidget = target) -> bytes | None:
                return target.display(data, metadata, display_id, update=True)

            self._outlet.link.put_made(updated)
        return False


class OutputWidget:
    """One Output widget's `outputs`, and the frames that tell of their changes."""

    def __init__(self, widget: Any) -> None:
        self._widget = weakref.ref(widget)
        self._clears_next = False
        self.displays: dict[str, list[Item]] = {}

    # ── what is added ────────────────────────────────────────────────────────

    def text(self, stream: str, text: str) -> bytes | None:
        if not text:
            return None
        outputs = self._outputs()
        last = outputs[-1] if outputs and not self._clears_next else None
        if last is None or last.get("output_type") != "stream" or last.get("name") != stream:
            item = {"output_type": "stream", "name": stream, "text": without_overwritten(text)}
            return self._add(item, {"name": stream, "text": item["text"]})
        before = str(last.get("text", ""))
        if "\r" not in text and not before.endswith("\r"):
            joined = before + text
            news: Item = {"name": stream, "text": text}
        else:
            # The last line is written again; only it is sent.
            cut = before.rfind("\n") + 1
            line = without_overwritten(before[cut:] + text)
            joined = before[:cut] + line
            news = {"name": stream, "text": line, "replaces_line": True}
        outputs = [*outputs[:-1], {**last, "text": joined}]
        if len(joined) > TEXT_MOST:
            outputs[-1]["text"] = _shortened(joined)
            return self._say_all(outputs)
        self._set(outputs)
        return self._say({"method": "append-output", **news})

    def display(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any],
        display_id: str | None,
        update: bool,
    ) -> bytes | None:
        if update:
            return self._update(data, metadata, display_id or "")
        item: Item = {"output_type": "display_data", "data": data, "metadata": metadata}
        frame = self._add(item, {"output": item})
        if display_id is not None:
            self.displays.setdefault(display_id, []).append(item)
        return frame

    def error(self, name: str, message: str, traceback: list[str]) -> bytes | None:
        item = {
            "output_type": "error",
            "ename": name,
            "evalue": message,
            "traceback": traceback,
        }
        return self._add(item, {"output": item})

    def clear(self, wait: bool) -> bytes | None:
        self._clears_next = wait
        if wait:
            return None
        self.displays.clear()
        return self._say_all([])

    # ── inside ───────────────────────────────────────────────────────────────

    def _add(self, item: Item, news: Item) -> bytes | None:
        clears, self._clears_next = self._clears_next, False
        if clears:
            self.displays.clear()
            news = {**news, "clear": True}
        outputs = [] if clears else self._outputs()
        outputs = [*outputs, item]
        if len(outputs) > ITEMS_MOST:
            return self._say_all(outputs[-ITEMS_MOST:])
        self._set(outputs)
        return self._say({"method": "append-output", **news})

    def _update(self, data: dict[str, Any], metadata: dict[str, Any], display_id: str) -> bytes:
        held = self.displays.get(display_id, [])
        outputs = []
        for item in self._outputs():
            if any(item is each for each in held):
                changed = {**item, "data": data, "metadata": metadata}
                held[:] = [changed if each is item else each for each in held]
                item = changed
            outputs.append(item)
        return self._say_all(outputs)

    def _outputs(self) -> list[Item]:
        widget = self._widget()
        return list(widget.outputs) if widget is not None else []

    def _set(self, outputs: list[Item]) -> None:
        """Set the trait without telling the page, which is told in our own words."""
        widget = self._widget()
        if widget is not None:
            widget._trait_values["outputs"] = tuple(outputs)

    def _say_all(self, outputs: list[Item]) -> bytes:
        self._set(outputs)
        return self._say({"method": "update", "state": {"outputs": outputs}})

    def _say(self, data: Item) -> bytes:
        widget = self._widget()
        fields = {"comm_id": widget.model_id if widget is not None else "", "data": data}
        return encode_json({"kind": "comm-message", **fields, "metadata": {}, "buffer_sizes": []})


def _shortened(text: str) -> str:
    head, tail = text[:TEXT_HEAD], text[-TEXT_TAIL:]
    return f"{head}\n… {len(text) - len(head) - len(tail)} characters left out …\n{tail}"
