"""`cv2.imshow` in a notebook: one display per window, updated; the newest frame wins.

A thread of its own encodes and sends, at most `FRAMES_PER_S` per window, so that a loop
over a video runs as fast as it can and the page sees what it can follow. The last frame of
a cell is always shown: `settle` waits for it. `waitKey` and the window functions do nothing
harmful: no key is ever pressed.
"""

import base64
import threading
import time
from types import ModuleType
from typing import Any

from tailrace_kernel.attribution import CURRENT
from tailrace_kernel.later import when_imported
from tailrace_kernel.outlet import Outlet

FRAMES_PER_S = 30
STILL_S = 0.25  # a frame this long after the one before is a picture, not a video: lossless
JPEG_QUALITY = 85
SETTLE_S = 5.0


class Windows:
    def __init__(self, outlet: Outlet, kernel_id: str) -> None:
        self._outlet = outlet
        self._kernel_id = kernel_id
        self._changed = threading.Condition()
        self._windows: dict[str, _Window] = {}
        self._thread: threading.Thread | None = None
        self._opened = 0
        self._cv2: Any = None

    def install(self) -> None:
        when_imported("cv2", self._patch)

    def _patch(self, module: ModuleType) -> None:
        cv2: Any = module
        self._cv2 = cv2
        cv2.imshow = self.show
        cv2.waitKey = cv2.waitKeyEx = self._wait_key
        cv2.pollKey = lambda: -1
        cv2.namedWindow = lambda winname, flags=0: None
        for name in ("resizeWindow", "moveWindow", "setWindowTitle", "setMouseCallback"):
            setattr(cv2, name, lambda *_, **__: None)
        cv2.getWindowProperty = lambda winname, prop_id: (
            1.0 if str(winname) in self._windows else -1.0
        )
        cv2.destroyWindow = lambda winname: self._close([str(winname)])
        cv2.destroyAllWindows = lambda: self._close(list(self._windows))

    def show(self, winname: str, mat: Any) -> None:
        """Show `mat` in the display of this window and execution."""
        frame = _eight_bit(mat)
        execution_id = self._outlet.execution_now()
        name = str(winname)
        with self._changed:
            window = self._windows.get(name)
            if window is None or window.execution_id != execution_id:
                self._opened += 1
                window = _Window(f"cv2-{self._kernel_id}-{self._opened}", execution_id)
                self._windows[name] = window
            window.waiting = frame
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._send, name="tailrace-imshow", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()

    def settle(self) -> None:
        """After a cell: the newest frame of each window is out."""
        if not self._windows:
            return
        with self._changed:
            self._changed.wait_for(
                lambda: all(window.is_settled for window in self._windows.values()), SETTLE_S
            )

    def forget(self) -> None:
        """In a forked child."""
        self._changed = threading.Condition()
        self._windows = {}
        self._thread = None

    def _close(self, names: list[str]) -> None:
        self.settle()
        with self._changed:
            for name in names:
                self._windows.pop(name, None)

    def _wait_key(self, delay: int = 0) -> int:
        """Sleep as long as asked (not for ever, as `waitKey(0)` would) and report no key."""
        if delay and delay > 0:
            time.sleep(delay / 1000)
        return -1

    def _send(self) -> None:
        while True:
            with self._changed:
                window = self._next_due()
                if window is None:
                    continue
                frame, window.waiting = window.waiting, None
                window.is_sending = True
            try:
                self._send_frame(window, frame)
            finally:
                with self._changed:
                    window.is_sending = False
                    self._changed.notify_all()

    def _next_due(self) -> "_Window | None":
        """The window whose frame may be sent now; waits a little where there is none."""
        waiting = [window for window in self._windows.values() if window.waiting is not None]
        if not waiting:
            self._changed.wait()
            return None
        first = min(waiting, key=lambda window: window.due)
        pause = first.due - time.monotonic()
        if pause > 0:
            self._changed.wait(pause)
            return None
        return first

    def _send_frame(self, window: "_Window", frame: Any) -> None:
        CURRENT.set(window.execution_id)
        now = time.monotonic()
        is_still = now - window.sent_at > STILL_S
        try:
            mime, data = self._encoded(frame, lossless=is_still)
        except Exception as error:
            print(f"cv2.imshow: the frame was not encoded: {error}")
            return
        height, width = frame.shape[:2]
        self._outlet.display(
            {mime: data, "text/plain": f"<frame {width}×{height}>"},
            {mime: {"width": width, "height": height}},
            display_id=window.display_id,
            update=window.is_shown,
        )
        window.is_shown = True
        window.sent_at = now
        window.due = now + 1 / FRAMES_PER_S

    def _encoded(self, frame: Any, *, lossless: bool) -> tuple[str, str]:
        cv2 = self._cv2
        if lossless:
            mime, done = "image/png", cv2.imencode(".png", frame)
        else:
            quality = [int(cv2.IMWRITE_JPEG_QUALITY), JPEG_QUALITY]
            mime, done = "image/jpeg", cv2.imencode(".jpg", frame, quality)
        ok, data = done
        if not ok:
            raise ValueError("OpenCV could not encode it")
        return mime, base64.b64encode(memoryview(data).cast("B")).decode("ascii")


class _Window:
    def __init__(self, display_id: str, execution_id: str | None) -> None:
        self.display_id = display_id
        self.execution_id = execution_id
        self.waiting: Any = None
        self.is_sending = False
        self.is_shown = False
        self.sent_at = 0.0
        self.due = 0.0

    @property
    def is_settled(self) -> bool:
        return self.waiting is None and not self.is_sending


def _eight_bit(mat: Any) -> Any:
    """A copy as `imshow` would show it: floats are 0 to 1, 16 bits are 0 to 65535."""
    kind = getattr(getattr(mat, "dtype", None), "kind", "")
    if kind == "f":
        return (mat.clip(0, 1) * 255).round().astype("uint8")
    if kind == "u" and mat.dtype.itemsize == 2:
        return (mat >> 8).astype("uint8")
    if kind == "b":
        return mat.astype("uint8") * 255
    if not hasattr(mat, "copy") or not hasattr(mat, "shape"):
        raise TypeError(f"imshow takes an array, not {type(mat).__name__}")
    return mat.copy()
