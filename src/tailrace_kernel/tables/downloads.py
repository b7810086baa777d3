"""A table as a file, piece by piece: CSV line by line as it is asked for, Parquet from a
temporary file in the kernel's folder, removed with its last piece or when nobody comes."""

import base64
import os
import time
from typing import Any

from tailrace_kernel.tables.asked import Asked
from tailrace_kernel.tables.frame import Frame, Rows, Stop, Unanswerable
from tailrace_kernel.tables.jobs import Jobs

CSV_ROWS = 20_000
CSV_CELLS = 200_000  # of one piece: about two megabytes
PIECE_BYTES = 2 << 20
LEFT_AFTER_S = 300.0


class Downloads:
    def __init__(self, folder: str, jobs: Jobs) -> None:
        self._folder = folder
        self._jobs = jobs
        self._touched: dict[str, float] = {}  # temporary files, by path

    def piece(self, frame: Frame, rows: Rows, asked: Asked, wait_s: float) -> dict[str, Any]:
        """`data` (base64) from `offset` on, and the `next` offset, null at the end."""
        self.settle()
        if asked.format == "csv":
            return self._csv(frame, rows, asked)
        if asked.format == "parquet":
            return self._parquet(frame, rows, asked, wait_s)
        raise Unanswerable(f"no file format is called {asked.format!r}")

    def settle(self) -> None:
        """Remove what was left behind."""
        now = time.monotonic()
        for path, touched in list(self._touched.items()):
            if now - touched > LEFT_AFTER_S:
                self._remove(path)

    def _csv(self, frame: Frame, rows: Rows, asked: Asked) -> dict[str, Any]:
        count, _ = frame.count_of(rows)
        step = max(1, min(CSV_ROWS, CSV_CELLS // max(1, len(frame.columns))))
        stop = min(count, asked.offset + step)
        text = frame.csv(rows, asked.offset, stop)
        return _piece(text.encode("utf-8", "backslashreplace"), stop if stop < count else None)

    def _parquet(self, frame: Frame, rows: Rows, asked: Asked, wait_s: float) -> dict[str, Any]:
        path = os.path.join(self._folder, f"download-{_word(asked.download)}.parquet")

        def write(_: Stop) -> tuple[str, int]:
            descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            os.close(descriptor)
            self._touched[path] = time.monotonic()
            try:
                frame.write_parquet(rows, path)
            except BaseException:
                self._remove(path)
                raise
            return path, 0

        if self._jobs.result((asked.handle, "parquet", path), write, wait_s) is None:
            return {"working": True}
        self._touched[path] = time.monotonic()
        try:
            with open(path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(asked.offset)
                data = file.read(PIECE_BYTES)
        except FileNotFoundError:
            raise Unanswerable("the file was not fetched in time; download it again") from None
        end = asked.offset + len(data)
        if end >= size:
            self._remove(path)
        return _piece(data, end if end < size else None)

    def _remove(self, path: str) -> None:
        self._touched.pop(path, None)
        self._jobs.forget(lambda key: key[-1] == path)
        if os.path.exists(path):
            os.unlink(path)


def _piece(data: bytes, following: int | None) -> dict[str, Any]:
    return {"data": base64.b64encode(data).decode("ascii"), "next": following}


def _word(name: str) -> str:
    if not name.isalnum() or len(name) > 64:
        raise Unanswerable("a download needs a name of letters and digits")
    return name
