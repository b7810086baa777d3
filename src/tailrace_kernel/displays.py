"""What a cell shows other than text: display(), results, updates, clear_output, errors.

IPython's publisher and display hook, with the link as their other end. A display's bundle
is one frame; `update_display` may be overtaken by a newer update of the same id before it
leaves (only the newest state of a display can be seen), everything else leaves in order.
"""

import base64
import sys
import threading
from collections.abc import Callable
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from traitlets import Any as AnyTrait

Hook = Callable[[dict[str, Any]], dict[str, Any] | None]


def bundle(data: dict[str, Any]) -> dict[str, Any]:
    """A MIME bundle for JSON: bytes become base64, as every notebook format has it."""
    return {
        str(mime): base64.b64encode(value).decode("ascii")
        if isinstance(value, (bytes, bytearray, memoryview))
        else value
        for mime, value in data.items()
    }


class Displays(DisplayPublisher):
    """`shell.display_pub`."""

    outlet: Any = AnyTrait()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hooks = threading.local()

    def publish(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        source: Any = None,
        *,
        transient: dict[str, Any] | None = None,
        update: bool = False,
        **kwargs: Any,
    ) -> None:
        """Show a MIME bundle, or replace those shown under `transient["display_id"]`."""
        self._validate_data(data, metadata)
        display_id = (transient or {}).get("display_id")
        if update and display_id is None:
            raise TypeError("an update needs a display_id")
        message = self._through_hooks(data, metadata or {}, transient or {}, update)
        if message is None:
            return
        content = message["content"]
        self.outlet.display(
            bundle(content["data"]), content["metadata"], display_id=display_id, update=update
        )

    def clear_output(self, wait: bool = False) -> None:
        """Empty the cell's outputs: now, or when the next one comes."""
        self.outlet.clear(wait=wait)

    def register_hook(self, hook: Hook) -> None:
        """Let `hook` see this thread's display messages first; None from it stops one."""
        self._own_hooks().append(hook)

    def unregister_hook(self, hook: Hook) -> bool:
        try:
            self._own_hooks().remove(hook)
        except ValueError:
            return False
        return True

    def _own_hooks(self) -> list[Hook]:
        if not hasattr(self._hooks, "hooks"):
            self._hooks.hooks = []
        hooks: list[Hook] = self._hooks.hooks
        return hooks

    def _through_hooks(
        self, data: dict[str, Any], metadata: dict[str, Any], transient: Any, update: bool
    ) -> dict[str, Any] | None:
        kind = "update_display_data" if update else "display_data"
        message: dict[str, Any] | None = {
            "header": {"msg_type": kind},
            "msg_type": kind,
            "parent_header": {"msg_id": self.outlet.execution_now()},
            "metadata": {},
            "content": {"data": data, "metadata": metadata, "transient": transient},
        }
        for hook in list(self._own_hooks()):
            if message is None:
                return None
            message = hook(message)
        return message


class ResultHook(DisplayHook):
    """`sys.displayhook`: the value of a cell's last expression, with its number."""

    outlet: Any = AnyTrait()

    def start_displayhook(self) -> None:
        self._is_active = True

    def write_output_prompt(self) -> None:
        """The number goes with the bundle."""

    def write_format_data(
        self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None
    ) -> None:
        self.outlet.display(bundle(format_dict), md_dict or {}, execution_count=self.prompt_count)

    def log_output(self, format_dict: dict[str, Any]) -> None:
        """Only for `%logstart -o`: IPython's history would keep every figure in memory."""
        text = format_dict.get("text/plain")
        if text is None:
            return
        shell: Any = self.shell
        if shell.logger.log_output:
            shell.logger.log_write(text, "output")
        shell.history_manager.output_hist_reprs[self.prompt_count] = text

    def finish_displayhook(self) -> None:
        sys.stdout.flush()
        self._is_active = False
