"""What a guest's output frames say: bytes in, reports out. The hot path; nothing waits here.

Adjacent text of one execution and stream becomes one report with the last one's number:
every frame in between is in it. Frames that were had before (a guest sends again what was
not acknowledged) are passed over, so each report comes once (KER-5).
"""

import logging
from collections.abc import Iterable

import msgspec

from tailrace.kernels.framing import Frame
from tailrace.protocol.ids import ExecutionId
from tailrace.protocol.outputs import StreamName
from tailrace.protocol.reports import (
    Attached,
    CommClose,
    CommMessage,
    CommOpen,
    Report,
    Text,
)

log_ = logging.getLogger("tailrace.kernels")

_decode = msgspec.json.Decoder(Report).decode


class _Sizes(msgspec.Struct):
    buffer_sizes: list[int] = []


class _Number(msgspec.Struct):
    seq: int = 0


_decode_sizes = msgspec.json.Decoder(_Sizes).decode
_decode_number = msgspec.json.Decoder(_Number).decode
_decode_attached = msgspec.json.Decoder(Attached).decode


def attached_of(header: bytes) -> Attached:
    """The guest's answer to an attach, as a report of its own (`seq` 0)."""
    head, _, rest = header.partition(b"{")
    return _decode_attached(head + b'{"seq":0,' + rest)


class ReportReader:
    """Turns frames into reports; remembers the number of the last one."""

    def __init__(self, received: int) -> None:
        self.received = received

    def read(self, frames: Iterable[Frame]) -> tuple[list[Report], int]:
        """The reports that are new, and the size in bytes of the frames they came in."""
        reports: list[Report] = []
        size = 0
        pieces: list[bytes] = []  # of the text that is being joined
        seq, execution_id, stream = 0, ExecutionId(""), "stdout"
        last = self.received

        def close_text() -> None:
            if pieces:
                text = b"".join(pieces).decode("utf-8", "replace")
                reports.append(Text(seq, execution_id, _stream_name(stream), text))
                pieces.clear()

        for header, payload in frames:
            try:
                report = _decode(header)
            except msgspec.MsgspecError as error:
                last = self._skip(header, last, error)
                continue
            if report.seq <= last:
                continue
            if report.seq != last + 1:
                log_.error("the kernel's frames %d to %d are missing", last + 1, report.seq - 1)
            last = report.seq
            size += len(header) + len(payload)
            if type(report) is Text:
                if report.execution_id != execution_id or report.stream != stream:
                    close_text()
                    execution_id, stream = report.execution_id, report.stream
                pieces.append(payload or report.text.encode())
                seq = report.seq
                continue
            close_text()
            if isinstance(report, CommOpen | CommMessage | CommClose):
                report = _with_buffers(report, header, payload)
            reports.append(report)
        close_text()
        self.received = last
        return reports, size

    def _skip(self, header: bytes, last: int, error: Exception) -> int:
        """Pass over a frame that says nothing we know (a newer guest's, say); the last number."""
        log_.warning("a kernel's frame was passed over: %s: %.200r", error, header)
        try:
            return max(last, _decode_number(header).seq)
        except msgspec.MsgspecError:
            return last


def _stream_name(name: str) -> StreamName:
    return "stderr" if name == "stderr" else "stdout"


def _with_buffers(
    report: CommOpen | CommMessage | CommClose, header: bytes, payload: bytes
) -> CommOpen | CommMessage | CommClose:
    if isinstance(report, CommClose):
        return report
    buffers = []
    at = 0
    for size in _decode_sizes(header).buffer_sizes:
        buffers.append(payload[at : at + size])
        at += size
    return msgspec.structs.replace(report, buffers=tuple(buffers))
