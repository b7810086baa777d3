"""What a Jupyter client asks for beyond the source (docs/spec/jupyter.md).

It travels with the execution from the log to the kernel and back into the parent header of
every message that the execution causes, also after a restart of the server.
"""

from msgspec import Struct


class Asked(Struct, frozen=True):
    """`message_id` to `subshell_id` are the request's header. `silent`: not shown, not
    counted; `store_history`: counted; `allow_stdin`: the client answers prompts;
    `user_expressions` are evaluated after the code, for the reply."""

    message_id: str
    session: str = ""
    username: str = ""
    date: str = ""
    subshell_id: str | None = None
    silent: bool = False
    store_history: bool = True
    allow_stdin: bool = True
    user_expressions: dict[str, str] = {}
