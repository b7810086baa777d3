"""stdio on this side, a server's `/mcp` on the other.

Agents' programs start `tailrace mcp` and speak through its pipes: one JSON message a line,
and nothing else on the way out. Every request is passed on by a connection of its own, in a
thread of its own, so that a long run holds up nothing; what comes back, progress included,
is written as it comes. To cancel a request is to cut its connection (MCP-11).
"""

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.parse
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from msgspec import Struct

from tailrace.mcp.messages import (
    INVALID_REQUEST,
    META_VERSION,
    METHOD_HEADER,
    NAME_HEADER,
    NAMED_BY,
    PARSE_ERROR,
    SESSION_HEADER,
    VERSION_HEADER,
    Message,
    RpcError,
    error_message,
    header_value,
    is_request,
    meta_of,
)

CONNECT_S = 30.0
LAST_ANSWERS_S = 1.0  # for what was asked just before the input ended
SERVER_GONE = -32000
REFUSED = -32001


class Server(Struct, frozen=True):
    """Where `/mcp` is, and what is said to be let in."""

    url: str
    headers: dict[str, str]


class Finder(Protocol):
    def __call__(self, before: Server | None) -> Server:
        """The server to speak to; `before` is the one that did not answer, or let nobody in.
        Raises `OSError` or `TailraceError` where there is none."""
        ...


class Bridge:
    """`run` returns when `source` has ended and what was asked is answered or cut off."""

    def __init__(self, source: BinaryIO, sink: BinaryIO, finder: Finder) -> None:
        self._source = source
        self._sink = sink
        self._finder = finder
        self._writing = threading.Lock()
        self._finding = threading.Lock()
        self._server: Server | None = None
        self._calls: dict[str, _Call] = {}
        self._session: str | None = None
        self._version: str | None = None

    def run(self) -> None:
        threads: list[threading.Thread] = []
        for line in iter(self._source.readline, b""):
            if not line.strip():
                continue
            try:
                message = json.loads(line)
                asks = is_request(message)
            except (ValueError, RecursionError) as problem:
                self._write(error_message(None, RpcError(PARSE_ERROR, f"no JSON: {problem}")))
                continue
            except RpcError as problem:
                self._write(error_message(None, problem))
                continue
            if not asks:
                self._told(message)
                continue
            if message["method"] == "initialize":
                self._answer(message)  # what follows needs what it says
                continue
            thread = threading.Thread(target=self._answer, args=(message,), daemon=True)
            threads = [*(each for each in threads if each.is_alive()), thread]
            thread.start()
        until = time.monotonic() + LAST_ANSWERS_S
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        for call in list(self._calls.values()):
            call.cut()

    def _told(self, message: Message) -> None:
        if message.get("method") == "notifications/cancelled":
            call = self._calls.get(repr(message.get("params", {}).get("requestId")))
            if call is not None:
                call.cut()

    def _write(self, message: Message) -> None:
        data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "backslashreplace"
        )
        with self._writing, contextlib.suppress(OSError):
            self._sink.write(data + b"\n")
            self._sink.flush()

    # ── one request ──────────────────────────────────────────────────────────

    def _answer(self, message: Message) -> None:
        key = repr(message["id"])
        if key in self._calls:
            self._write(error_message(message["id"], RpcError(INVALID_REQUEST, "the id is in use")))
            return
        call = self._calls[key] = _Call()
        try:
            self._exchange(message, call)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            if not call.is_cut:
                gone = RpcError(
                    SERVER_GONE,
                    f"the notebook server broke off ({problem}); ask again: what has an"
                    " operation_id is done once",
                )
                self._write(error_message(message["id"], gone))
        except Exception as problem:  # no server to be had: the agent is told why
            self._write(error_message(message["id"], RpcError(SERVER_GONE, str(problem))))
        finally:
            del self._calls[key]

    def _exchange(self, message: Message, call: "_Call") -> None:
        connection, response = self._opened(message, call)
        with contextlib.closing(connection):
            if message["method"] == "initialize":
                self._session = response.getheader(SESSION_HEADER)
            kind = response.getheader("content-type", "").partition(";")[0].strip()
            if kind == "text/event-stream":
                for found in _events(response):
                    self._pass_on(message, found)
            else:
                self._pass_on(message, _decoded(response.read(), response.status))

    def _opened(
        self, message: Message, call: "_Call"
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """The request, sent. A server that is gone, or that another one has replaced (it does
        not know the login), is looked for once more: nothing was done yet."""
        server = self._found()
        try:
            connection, response = self._sent(server, message, call)
            if response.status != 401:
                return connection, response
        except ConnectionRefusedError:
            if call.is_cut:
                raise
            other = self._found(instead_of=server)
        else:
            other = self._found(instead_of=server)
            if other == server:
                return connection, response
            connection.close()
        return self._sent(other, message, call)

    def _sent(
        self, server: Server, message: Message, call: "_Call"
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = call.connect(server.url)
        place = urllib.parse.urlsplit(server.url)
        target = place.path + (f"?{place.query}" if place.query else "")
        body = json.dumps(message).encode()
        connection.request("POST", target, body, self._headers(server, message))
        return connection, connection.getresponse()

    def _found(self, *, instead_of: Server | None = None) -> Server:
        with self._finding:
            if self._server is None or self._server is instead_of:
                self._server = self._finder(self._server)
            return self._server

    def _headers(self, server: Server, message: Message) -> dict[str, str]:
        headers = {
            **server.headers,
            "content-type": "application/json",
            "accept": "application/json, text/event-stream",
        }
        version = meta_of(message).get(META_VERSION)
        if isinstance(version, str):
            headers |= {VERSION_HEADER: version, METHOD_HEADER: message["method"]}
            name = message.get("params", {}).get(NAMED_BY.get(message["method"], ""))
            if isinstance(name, str):
                headers[NAME_HEADER] = header_value(name)
            return headers
        if self._version is not None:
            headers[VERSION_HEADER] = self._version
        if self._session is not None:
            headers[SESSION_HEADER] = self._session
        return headers

    def _pass_on(self, request: Message, message: Any) -> None:
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            problem = message.get("message") if isinstance(message, dict) else None
            refused = RpcError(REFUSED, str(problem or "the server's answer cannot be read"))
            message = error_message(request["id"], refused)
        if request["method"] == "initialize" and isinstance(message.get("result"), dict):
            self._version = message["result"].get("protocolVersion")
        self._write(message)


class _Call:
    """One request's connection, which another thread may cut."""

    def __init__(self) -> None:
        self.is_cut = False
        self._connection: http.client.HTTPConnection | None = None

    def connect(self, url: str) -> http.client.HTTPConnection:
        place = urllib.parse.urlsplit(url)
        kind: Callable[..., http.client.HTTPConnection] = http.client.HTTPConnection
        if place.scheme == "https":
            kind = http.client.HTTPSConnection
        connection = kind(place.hostname or "", place.port, timeout=CONNECT_S)
        connection.connect()
        # A run may be silent for as long as it likes; the server sends signs of life.
        connection.sock.settimeout(None)
        self._connection = connection
        if self.is_cut:
            connection.close()
            raise OSError("cancelled")
        return connection

    def cut(self) -> None:
        self.is_cut = True
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)


def _events(response: http.client.HTTPResponse) -> Any:
    data: list[bytes] = []
    for raw in iter(response.readline, b""):
        line = raw.rstrip(b"\r\n")
        if line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
        elif not line and data:
            yield json.loads(b"\n".join(data))
            data = []


def _decoded(body: bytes, status: int) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return {"message": f"the server answered {status}, and not as /mcp does"}
