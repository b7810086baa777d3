"""The protocol's words: JSON-RPC messages, error codes, and what its two eras ask for.

Up to revision 2025-11-25 a client says `initialize` first; from 2026-07-28 on every request
says in its `_meta` which revision it speaks and who asks, and every result says that it is
complete (MCP-1). Values in, values out.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from tailrace import __version__

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSIONS = ("2026-07-28",)

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
RESOURCE_NOT_FOUND = -32002
HEADER_MISMATCH = -32020
UNSUPPORTED_VERSION = -32022

META_VERSION = "io.modelcontextprotocol/protocolVersion"
META_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
META_SERVER = "io.modelcontextprotocol/serverInfo"
META_CLIENT = "io.modelcontextprotocol/clientInfo"

VERSION_HEADER = "mcp-protocol-version"
METHOD_HEADER = "mcp-method"
NAME_HEADER = "mcp-name"
SESSION_HEADER = "mcp-session-id"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Which parameter of a request the header `Mcp-Name` repeats."""

_CACHED = frozenset(
    {"tools/list", "resources/list", "resources/templates/list", "resources/read"}
    | {"server/discover"}
)
_STATUS = {
    PARSE_ERROR: 400,
    INVALID_REQUEST: 400,
    INVALID_PARAMS: 400,
    HEADER_MISMATCH: 400,
    UNSUPPORTED_VERSION: 400,
    METHOD_NOT_FOUND: 404,
}

Message = dict[str, Any]


class RpcError(Exception):
    """A request that cannot be answered; `code` is JSON-RPC's or MCP's."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        self.code = code
        self.data = data
        super().__init__(message)


def error_message(message_id: Any, problem: RpcError) -> Message:
    error: dict[str, Any] = {"code": problem.code, "message": str(problem)}
    if problem.data is not None:
        error["data"] = problem.data
    return {"jsonrpc": "2.0", "id": message_id, "error": error}


def result_message(message_id: Any, result: Message) -> Message:
    return {"jsonrpc": "2.0", "id": message_id, "result": result}


def notification(method: str, params: Message) -> Message:
    return {"jsonrpc": "2.0", "method": method, "params": params}


def status_of(answer: Message, *, modern: bool) -> int:
    """The HTTP status of an answer that is sent alone. Older clients want 200 and look inside."""
    error = answer.get("error")
    return _STATUS.get(error["code"], 200) if modern and error is not None else 200


# ── what a message is ────────────────────────────────────────────────────────


def is_request(message: Any) -> bool:
    """Raises `RpcError` for what is neither a request nor something that needs no answer."""
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "send one JSON-RPC 2.0 message, not a batch")
    method, message_id = message.get("method"), message.get("id")
    if method is None and ("result" in message or "error" in message):
        return False
    if not isinstance(method, str) or not isinstance(message.get("params", {}), dict):
        raise RpcError(INVALID_REQUEST, "a request has a method, and parameters by name")
    if "id" not in message:
        return False
    if not isinstance(message_id, str | int) or isinstance(message_id, bool):
        raise RpcError(INVALID_REQUEST, "a request's id is a text or a whole number")
    return True


def meta_of(message: Message) -> Mapping[str, Any]:
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    return meta if isinstance(meta, dict) else {}


def is_modern(message: Message, headers: Mapping[str, str]) -> bool:
    """Whether the sender speaks without a handshake."""
    return META_VERSION in meta_of(message) or headers.get(VERSION_HEADER) in MODERN_VERSIONS


def check_modern(message: Message, headers: Mapping[str, str] | None) -> None:
    """Raises `RpcError` where the envelope is incomplete, where a header says something else
    than the body (None: there are no headers), or for a revision that is not spoken here."""
    meta = meta_of(message)
    missing = [key for key in (META_VERSION, META_CAPABILITIES) if key not in meta]
    if missing:
        raise RpcError(INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}")
    version = meta[META_VERSION]
    if headers is not None:
        named = NAMED_BY.get(str(message.get("method")))
        name = message["params"].get(named) if named else None
        if headers.get(VERSION_HEADER) != version:
            raise RpcError(HEADER_MISMATCH, f"{VERSION_HEADER} is not the version in _meta")
        if headers.get(METHOD_HEADER) != message.get("method"):
            raise RpcError(HEADER_MISMATCH, f"{METHOD_HEADER} is not the request's method")
        if name is not None and header_text(headers.get(NAME_HEADER)) != name:
            raise RpcError(HEADER_MISMATCH, f"{NAME_HEADER} is not the request's {named}")
    if version not in MODERN_VERSIONS:
        if not isinstance(version, str):
            raise RpcError(INVALID_PARAMS, "the protocol version is a text")
        raise RpcError(
            UNSUPPORTED_VERSION,
            "this revision is not spoken here",
            {"supported": [*HANDSHAKE_VERSIONS, *MODERN_VERSIONS], "requested": version},
        )


def progress_token(message: Message) -> str | int | None:
    token = meta_of(message).get("progressToken")
    return token if isinstance(token, str | int) else None


# ── results ──────────────────────────────────────────────────────────────────


def completed(method: str, result: Message, *, modern: bool) -> Message:
    """The result as the sender's era wants it."""
    if not modern:
        return result
    cached = {"ttlMs": 0, "cacheScope": "private"} if method in _CACHED else {}
    meta = {**result.get("_meta", {}), META_SERVER: SERVER}
    return {**cached, **result, "_meta": meta, "resultType": "complete"}


def initialized(params: Message, instructions: str) -> Message:
    wanted = params.get("protocolVersion")
    version = wanted if wanted in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
    return {
        "protocolVersion": version,
        "capabilities": CAPABILITIES,
        "serverInfo": SERVER,
        "instructions": instructions,
    }


def discovered(instructions: str) -> Message:
    return {
        "supportedVersions": [*HANDSHAKE_VERSIONS, *MODERN_VERSIONS],
        "capabilities": CAPABILITIES,
        "instructions": instructions,
    }


CAPABILITIES: Message = {"tools": {}, "resources": {}}
SERVER: Message = {"name": "tailrace", "title": "Tailrace", "version": __version__}


# ── headers ──────────────────────────────────────────────────────────────────

_WRAPPED = re.compile(r"=\?base64\?(.*)\?=")
_PLAIN = re.compile(r"[\x20-\x7e]*")


def header_value(text: str) -> str:
    """`text` as a header can carry it."""
    if _PLAIN.fullmatch(text) and text == text.strip() and not _WRAPPED.fullmatch(text):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode('ascii')}?="


def header_text(value: str | None) -> str | None:
    """The reverse; None for what is none."""
    wrapped = _WRAPPED.fullmatch(value) if value is not None else None
    if wrapped is None:
        return value
    try:
        return base64.b64decode(wrapped[1], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
