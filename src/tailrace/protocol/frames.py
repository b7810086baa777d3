"""What crosses the native WebSocket, in both directions. `docs/spec/protocol.md` has the rules.

A connection starts with the client's `Hello`; the server answers `Welcome` and then either
the records that follow `after`, or a `Snapshot` when it cannot give exactly those. From
then on `Events` frames continue without a gap. Frames are MessagePack (subprotocol
`tailrace.v1.msgpack`, binary messages) or JSON (`tailrace.v1.json`, text; bytes as base64).
"""

from typing import Any, Literal

from msgspec import Struct

from tailrace.protocol.ids import CellId, ClientId, NotebookId, OperationId, RequestId
from tailrace.protocol.naming import kebab
from tailrace.protocol.operations import Operation
from tailrace.protocol.records import Record
from tailrace.protocol.state import SessionState

PROTOCOL_VERSION = 1


class _Frame(Struct, frozen=True, tag_field="kind", tag=kebab):
    pass


class Refusal(Struct, frozen=True):
    """ "Not now, because": goes to the asker only. `code` is stable."""

    code: str
    message: str


# ── from the client ──────────────────────────────────────────────────────────


class Hello(_Frame, frozen=True):
    """`after` is the last sequence the client has folded and `epoch` the log it came from;
    null for a client that has nothing. `client_id` is the client's own and survives its
    reconnects. `token` is the page's anti-forgery token when the socket was opened with a
    cookie."""

    protocol: int
    client_id: ClientId
    epoch: str | None = None
    after: int | None = None
    token: str | None = None


class Submit(_Frame, frozen=True):
    """One operation. Answered by `Answer`, always."""

    operation_id: OperationId
    operation: Operation


class Complete(Struct, frozen=True, tag=kebab, tag_field="kind"):
    """Completions at `cursor` (in code points) of `code`."""

    code: str
    cursor: int
    cell_id: CellId | None = None


class Inspect(Struct, frozen=True, tag=kebab, tag_field="kind"):
    """Documentation of the name at `cursor`; `detail` 1 asks for the source too."""

    code: str
    cursor: int
    detail: Literal[0, 1] = 0


class ListVariables(Struct, frozen=True, tag=kebab, tag_field="kind"):
    """The names a person defined, with type, shape, size and a short preview."""


class Usage(Struct, frozen=True, tag=kebab, tag_field="kind"):
    """Memory and processor use of the kernel's processes."""


class TableSort(Struct, frozen=True):
    """One column by which rows are ordered, named by its place."""

    column: int
    descending: bool = False


class TableFilter(Struct, frozen=True):
    """`between`: from `low` to `high`, both included, null for open; numbers, or ISO text for
    times. `contains`: `text` in the value's text. `one-of`: the text is among `values`.
    `missing`, `present`: whether there is a value (NaN is none)."""

    column: int
    test: Literal["between", "contains", "one-of", "missing", "present"]
    low: float | str | None = None
    high: float | str | None = None
    text: str = ""
    values: tuple[str, ...] = ()


class Table(Struct, frozen=True, tag=kebab, tag_field="kind"):
    """Rows, or statistics of columns, of a data frame that was shown (docs/spec/tables.md).
    `columns` null means all."""

    handle: str
    action: Literal["page", "stats"] = "page"
    offset: int = 0
    limit: int = 100
    columns: tuple[int, ...] | None = None
    sort: tuple[TableSort, ...] = ()
    filters: tuple[TableFilter, ...] = ()
    search: str = ""
    text_limit: int = 256


Request = Complete | Inspect | ListVariables | Usage | Table


class Ask(_Frame, frozen=True):
    """A question that changes nothing and is not recorded. Answered by `Reply`."""

    request_id: RequestId
    request: Request


class Ping(_Frame, frozen=True):
    nonce: int = 0


ClientFrame = Hello | Submit | Ask | Ping


# ── from the server ──────────────────────────────────────────────────────────


class Welcome(_Frame, frozen=True):
    """`epoch` names the log; after a change of it nothing the client has may be resumed.
    `last` is the newest sequence, `durable` the newest that survives a power loss."""

    protocol: int
    server: str
    notebook_id: NotebookId
    path: str
    epoch: str
    last: int
    durable: int
    may: tuple[str, ...]


class Snapshot(_Frame, frozen=True):
    """Everything at `state.sequence`. `document` is the whole document as one update."""

    state: SessionState
    document: bytes


class Events(_Frame, frozen=True):
    """Consecutive records. The first follows the last one the client was given."""

    records: tuple[Record, ...]


class Answer(_Frame, frozen=True):
    """The operation was done (its events are at or before `sequence`) or refused."""

    operation_id: OperationId
    sequence: int
    refusal: Refusal | None = None


class Reply(_Frame, frozen=True):
    """`result` is an object whose form depends on the request; see the spec."""

    request_id: RequestId
    result: dict[str, Any] | None = None
    refusal: Refusal | None = None


class Durable(_Frame, frozen=True):
    """Records up to `sequence` are on the disk for good (D1)."""

    sequence: int


class Status(_Frame, frozen=True):
    """What cannot be a record: the store's own health. Sent on change and after Welcome."""

    storage: Literal["writable", "full", "damaged"]
    message: str = ""
    file: Literal["saved", "unsaved", "saving", "conflict", "failed", "read-only"] = "saved"
    file_message: str = ""
    saved_at: float | None = None


class SettingsChanged(_Frame, frozen=True):
    """The page's settings are others now; who obeys them asks for them anew (PAGE-63)."""


class Pong(_Frame, frozen=True):
    nonce: int = 0


class Goodbye(_Frame, frozen=True):
    """The server closes; `code` is an error code and `message` says what to do."""

    code: str
    message: str


ServerFrame = (
    Welcome
    | Snapshot
    | Events
    | Answer
    | Reply
    | Durable
    | Status
    | SettingsChanged
    | Pong
    | Goodbye
)
