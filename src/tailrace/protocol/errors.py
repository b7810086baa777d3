"""Everything that can go wrong and has a name.

    TailraceError
    ├── ProtocolError          a frame that cannot be read: the sender's fault
    │   ├── VersionMismatch
    │   └── DocumentUpdateRefused   not a Yjs update, or not one for a notebook
    │       ├── DocumentUpdateTooLarge
    │       └── DocumentUpdateGap   builds on edits that never arrived: send those too
    ├── LogError
    │   ├── LogGap             the records asked for were compacted away
    │   ├── LogFenced          somebody else appended: this writer lost ownership
    │   ├── LogFull            no space, or over quota: read-only until there is some
    │   ├── LogDamaged         the store had to be quarantined
    │   ├── LogForeign         the file is another program's: left as it is
    │   └── LogVersion         written by a newer version; says which one reads it
    ├── BlobError
    │   ├── BlobMissing
    │   ├── BlobDamaged        its bytes do not match its hash
    │   └── BlobFull           no space for it; nothing was written
    ├── KernelError
    │   ├── InterpreterUnusable    names what is missing, and where
    │   ├── KernelStartFailed
    │   ├── KernelUnreachable
    │   ├── KernelMissing      nobody knows of such a kernel
    │   ├── TableGone          the kernel does not keep this data frame any more
    │   └── TableRefused       the data frame cannot be asked this; says why
    ├── FileError
    │   ├── PathOutside        outside the folder that is served
    │   ├── FileMissing
    │   │   └── NotebookMoved  its id is that of before
    │   ├── FileNotWritable
    │   │   └── DiskFull       no space, or over a quota or limit: the old file stands
    │   ├── FileTaken          something of that name is there already
    │   ├── FileInUse          a kernel runs for it
    │   ├── FileChanged        it is not what was last seen: somebody else wrote it
    │   ├── FileWouldBeEmptied an empty notebook was about to replace one with cells
    │   ├── NameRefused        a name that files cannot have, or may not have here
    │   ├── NotText            bytes where text was asked for, or more than an editor copes with
    │   └── NotANotebook       says where the file is wrong; its bytes are untouched
    ├── AuthError              nobody is logged in, or not with this
    │   ├── AuthForbidden      known, but may not do this
    │   ├── AuthThrottled      too many failures; wait
    │   ├── HostRefused        the Host header names a server we are not
    │   ├── OriginRefused      the request was made by another site's page
    │   └── ForgeryRefused     the page's anti-forgery token is missing or wrong
    ├── RequestError           an HTTP request that cannot be read
    │   ├── BodyTooLarge
    │   └── MediaTypeRefused
    ├── StreamGone             the event stream that is posted to has ended
    ├── RunFailed              a notebook that a program ran did not come to its end
    ├── AgentRefused           an agent's tool could not do what it was asked; says what to do
    ├── ToolFailed             a program that we start, such as ruff, did not do its work
    ├── BrowserMissing         nothing here can print a PDF; says what to install
    ├── ServerClosing          the server ends and opens nothing any more
    └── SettingsError          says which setting, where it was read, and what it may be

`code` is stable and documented in `docs/reference/errors.md`; `message` is for a person
and says what to do. "Not possible now" is no exception but a `Refusal` (`frames.py`).
"""

from typing import Any, ClassVar


class TailraceError(Exception):
    code: ClassVar[str] = "error"


class ProtocolError(TailraceError):
    code = "protocol.malformed"


class VersionMismatch(ProtocolError):
    code = "protocol.version"

    def __init__(self, *, theirs: int, ours: int) -> None:
        self.theirs = theirs
        self.ours = ours
        super().__init__(f"the page speaks protocol {theirs}, this server {ours}; reload the page")


class DocumentUpdateRefused(ProtocolError):
    """The document is as it was."""

    code = "document.update"


class DocumentUpdateTooLarge(DocumentUpdateRefused):
    code = "document.too-large"

    def __init__(self, *, size_bytes: int, limit_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes
        super().__init__(f"an edit of {size_bytes} bytes is larger than the {limit_bytes} allowed")


class DocumentUpdateGap(DocumentUpdateRefused):
    """The sender has edits this document never got. It sends everything the document
    lacks (a diff against its state vector) instead."""

    code = "document.gap"

    def __init__(self) -> None:
        super().__init__("the edit builds on earlier ones that never arrived; send those too")


class LogError(TailraceError):
    code = "log.error"


class LogGap(LogError):
    """The records asked for were compacted away; start from the snapshot instead."""

    code = "log.gap"

    def __init__(self, *, wanted: int, first: int) -> None:
        self.wanted = wanted
        self.first = first
        super().__init__(f"sequence {wanted} is gone; the log starts at {first}")


class LogFenced(LogError):
    """An append named an expected sequence that is not the last one."""

    code = "log.fenced"

    def __init__(self, *, expected: int, last: int) -> None:
        self.expected = expected
        self.last = last
        super().__init__(f"expected the log to end at {expected}, it ends at {last}")


class RunFailed(TailraceError):
    """A headless run failed. `result` is a `tailrace.RunResult`: the notebook as far as it
    came, and the failures."""

    code = "run.failed"

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result


class LogFull(LogError):
    """Nothing was written. The notebook is read-only until there is space."""

    code = "log.full"


class LogDamaged(LogError):
    """The store could not be read; what could be was kept, the rest set aside."""

    code = "log.damaged"


class LogForeign(LogError):
    """The file belongs to another program. It was not touched."""

    code = "log.foreign"


class LogVersion(LogError):
    """A newer version wrote this. Nothing was touched; the newer version reads it."""

    code = "log.version"

    def __init__(self, *, found: str, needs: str) -> None:
        self.found = found
        self.needs = needs
        super().__init__(f"{found} needs Tailrace {needs}; please upgrade")


class BlobError(TailraceError):
    code = "blob.error"


class BlobMissing(BlobError):
    code = "blob.missing"


class BlobDamaged(BlobError):
    """The bytes stored are not the ones that were put there."""

    code = "blob.damaged"


class BlobFull(BlobError):
    """Nothing was written. The next try may succeed."""

    code = "blob.full"


class KernelError(TailraceError):
    code = "kernel.error"


class InterpreterUnusable(KernelError):
    code = "kernel.interpreter"

    def __init__(self, interpreter: str, problem: str) -> None:
        self.interpreter = interpreter
        self.problem = problem
        super().__init__(f"{interpreter} cannot run this notebook: {problem}")


class KernelStartFailed(KernelError):
    code = "kernel.start"


class KernelUnreachable(KernelError):
    code = "kernel.unreachable"


class KernelMissing(KernelError):
    code = "kernel.missing"


class TableGone(KernelError):
    code = "table.gone"


class TableRefused(KernelError):
    code = "table.refused"


class FileError(TailraceError):
    code = "file.error"


class PathOutside(FileError):
    code = "file.outside"


class FileMissing(FileError):
    code = "file.missing"


class NotebookMoved(FileMissing):
    """The id is that of before: who asks by path and this id is led to where it is."""

    code = "session.moved"


class FileNotWritable(FileError):
    code = "file.not-writable"


class DiskFull(FileNotWritable):
    """Nothing was changed: the old file stands as it was."""

    code = "file.disk-full"


class FileTaken(FileError):
    code = "file.taken"


class FileInUse(FileError):
    """A kernel runs for it."""

    code = "file.in-use"


class FileChanged(FileError):
    """`found` is the SHA-256 of what stands there now, null when nothing does."""

    code = "file.changed"

    def __init__(self, path: str, *, found: str | None) -> None:
        self.path = path
        self.found = found
        what = "was removed" if found is None else "was changed by something else"
        super().__init__(f"{path} {what} since it was last read; nothing was written")


class FileWouldBeEmptied(FileError):
    code = "file.would-be-emptied"


class NameRefused(FileError):
    code = "file.name"


class NotText(FileError):
    code = "file.not-text"


class NotANotebook(FileError):
    code = "file.not-a-notebook"


class AuthError(TailraceError):
    code = "auth.required"


class AuthForbidden(AuthError):
    code = "auth.forbidden"


class AuthThrottled(AuthError):
    """Too many failed logins. `retry_after_s` says how long to wait."""

    code = "auth.throttled"

    def __init__(self, *, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many failed logins; try again in {retry_after_s} s")


class HostRefused(AuthError):
    code = "auth.host"


class OriginRefused(AuthError):
    code = "auth.origin"


class ForgeryRefused(AuthError):
    code = "auth.anti-forgery"


class RequestError(TailraceError):
    code = "request.malformed"


class BodyTooLarge(RequestError):
    code = "request.too-large"

    def __init__(self, *, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        super().__init__(f"the request is larger than the {limit_bytes} bytes allowed here")


class MediaTypeRefused(RequestError):
    code = "request.media-type"


class StreamGone(TailraceError):
    """Whoever posts opens another stream and resumes there."""

    code = "stream.gone"

    def __init__(self) -> None:
        super().__init__("this stream has ended, or is not yours; open another one")


class AgentRefused(TailraceError):
    """`refusal` is the code that the agent is told, the session's own where it refused."""

    code = "agent.refused"

    def __init__(self, message: str, refusal: str = code) -> None:
        self.refusal = refusal
        super().__init__(message)


class ToolFailed(TailraceError):
    """Says which program, and what it said."""

    code = "tool.failed"


class BrowserMissing(TailraceError):
    code = "export.no-browser"


class ServerClosing(TailraceError):
    code = "server.closing"


class SettingsError(TailraceError):
    code = "settings.invalid"
