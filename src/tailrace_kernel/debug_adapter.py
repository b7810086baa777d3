"""The debugger's own process, spoken to in the debug adapter protocol over a socket.

debugpy runs it. It listens on this machine for whoever comes first, so we attach at once and
stay: nobody else can attach to a process that is being debugged. Requests are numbered here;
what it says unasked goes to `on_event`, from a thread of our own.
"""

import itertools
import json
import socket
import threading
from collections.abc import Callable
from typing import Any

Message = dict[str, Any]

ANSWER_S = 25.0  # a step into a library's first import takes long
CONNECT_S = 10.0


class DebugAdapter:
    def __init__(self, address: tuple[str, int], on_event: Callable[[Message], None]) -> None:
        self._socket = socket.create_connection(address, timeout=CONNECT_S)
        self._socket.settimeout(None)
        self._address = address
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._sending = threading.Lock()
        self._waiting: dict[int, _Answer] = {}
        self._is_ready = threading.Event()
        self.capabilities: Message = {}
        thread = untraced(threading.Thread(target=self._read, name="tailrace-debug", daemon=True))
        thread.start()

    def attach(self) -> None:
        """Become the one who debugs this process. Raises `RuntimeError`."""
        who = {
            "clientID": "tailrace",
            "adapterID": "debugpy",
            "pathFormat": "path",
            "linesStartAt1": True,
            "columnsStartAt1": True,
            "supportsVariableType": True,
        }
        self.capabilities = self._must("initialize", who).get("body") or {}
        host, port = self._address
        attaching = self._send(
            "attach",
            {
                "connect": {"host": host, "port": port},
                "justMyCode": True,
                "subProcess": False,
                "redirectOutput": False,
            },
        )
        # It answers the attach only after the configuration is done.
        if not self._is_ready.wait(ANSWER_S):
            raise RuntimeError("the debugger did not come up in time")
        self._must("configurationDone", {})
        _checked("attach", attaching.wait())

    def request(self, command: str, arguments: Message) -> Message:
        """The adapter's answer, whether it is good or bad."""
        return self._send(command, arguments).wait()

    def _must(self, command: str, arguments: Message) -> Message:
        return _checked(command, self.request(command, arguments))

    def _send(self, command: str, arguments: Message) -> "_Answer":
        with self._sending:
            number = next(self._numbers)
            answer = self._waiting[number] = _Answer()
            body = json.dumps(
                {"seq": number, "type": "request", "command": command, "arguments": arguments}
            ).encode()
            self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return answer

    def _read(self) -> None:
        data = b""
        try:
            while piece := self._socket.recv(1 << 16):
                data += piece
                while (cut := _first(data)) is not None:
                    message, data = cut
                    self._take(message)
        except OSError:
            pass  # the same as its end
        for answer in list(self._waiting.values()):
            answer.give({"success": False, "message": "the debugger has ended"})

    def _take(self, message: Message) -> None:
        if message.get("type") == "response":
            answer = self._waiting.pop(message.get("request_seq", 0), None)
            if answer is not None:
                answer.give(message)
        elif message.get("type") == "event":
            if message.get("event") == "initialized":
                self._is_ready.set()
            else:
                self._on_event(message)


class _Answer:
    def __init__(self) -> None:
        self._is_there = threading.Event()
        self._message: Message = {}

    def give(self, message: Message) -> None:
        self._message = message
        self._is_there.set()

    def wait(self) -> Message:
        if not self._is_there.wait(ANSWER_S):
            return {"success": False, "message": "the debugger did not answer in time"}
        return self._message


def untraced(thread: threading.Thread) -> threading.Thread:
    """One of ours: a breakpoint stops it never."""
    marked: Any = thread
    marked.pydev_do_not_trace = True
    marked.is_pydev_daemon_thread = True
    return thread


def _first(data: bytes) -> tuple[Message, bytes] | None:
    """The first whole message in `data`, and what follows it."""
    head, separator, rest = data.partition(b"\r\n\r\n")
    if not separator:
        return None
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    if len(rest) < length:
        return None
    message: Message = json.loads(rest[:length])
    return message, rest[length:]


def _checked(command: str, answer: Message) -> Message:
    if not answer.get("success"):
        raise RuntimeError(f"the debugger refused {command}: {answer.get('message')}")
    return answer
