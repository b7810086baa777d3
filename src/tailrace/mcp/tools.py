"""What a tool is, and how a call of one is read and answered.

A tool's arguments and its answer are types: their JSON schemas are what clients are shown,
and what comes in is decoded into the type at the door. An answer has two forms of the same
content: structured, for programs, and text, for models (MCP-4).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct, to_builtins

from tailrace.documents.drafts import Draft
from tailrace.documents.room import Room
from tailrace.files.workspace import Workspace
from tailrace.formats.forms import may_be_notebook
from tailrace.mcp.messages import Message
from tailrace.protocol.errors import AgentRefused, AuthForbidden, TailraceError
from tailrace.session.directory import Directory
from tailrace.session.session import Session

Permission = Literal["read", "edit", "run"]


class Arguments(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a tool is called with."""


class Data(Struct, frozen=True, kw_only=True):
    """What a tool answers, structured."""


@dataclass(frozen=True, slots=True)
class Image:
    mime: str
    base64: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` says all that `data` says, for a reader."""

    data: Data
    text: str
    images: tuple[Image, ...] = ()


class Served:
    """What the tools work on: the folder that is served and its open notebooks."""

    def __init__(self, workspace: Workspace, directory: Directory) -> None:
        self.workspace = workspace
        self.directory = directory


Tell = Callable[[str], Awaitable[None]]
"""Say how far a call has come, while it goes on."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, what that one may do, and what a tool works with."""

    served: Served
    agent: str
    may: frozenset[str]
    tell: Tell
    memory: "Memory"
    """What is remembered from call to call."""

    @property
    def actor(self) -> str:
        return f"agent:{self.agent}"

    def require(self, permission: Permission) -> None:
        if permission not in self.may:
            what = {"edit": "change notebooks", "run": "run code"}.get(permission, permission)
            raise AuthForbidden(
                f"this agent may not {what} here (it lacks the permission {permission!r});"
                " ask the person to do it, or to allow it"
            )

    async def session(self, path: str) -> Session:
        """The open session of the notebook at `path`."""
        if not may_be_notebook(path):
            raise AgentRefused(f"{path!r} is no notebook: such a name ends in .ipynb, .py or .md")
        place = await self.served.directory.find(path)
        return await self.served.directory.session(place.notebook_id)


class Memory:
    """`made` are the executions that an operation began; one edit is made at a time
    (`editing`). A draft goes with the room that it follows."""

    MADE = 1_000

    def __init__(self) -> None:
        self._drafts: WeakKeyDictionary[Room, Draft] = WeakKeyDictionary()
        self.made: dict[str, tuple[str, ...]] = {}
        self.editing = asyncio.Lock()

    def draft(self, room: Room) -> Draft:
        return self._drafts.setdefault(room, Draft())

    def forget(self, room: Room) -> None:
        self._drafts.pop(room, None)

    def remember(self, operation_id: str, execution_ids: tuple[str, ...]) -> None:
        self.made[operation_id] = execution_ids
        while len(self.made) > self.MADE:
            self.made.pop(next(iter(self.made)))


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    title: str
    description: str
    permission: Permission
    takes: type[Arguments]
    gives: type[Data]
    work: Callable[[Call, Any], Awaitable[Answer]]
    destroys: bool = False
    repeats: bool = True  # calling it again with the same arguments changes nothing more

    def described(self) -> Message:
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": _schema(self.takes),
            "outputSchema": _schema(self.gives),
            "annotations": {
                "title": self.title,
                "readOnlyHint": self.permission == "read",
                "destructiveHint": self.destroys,
                "idempotentHint": self.repeats,
                "openWorldHint": self.permission == "run",
            },
        }

    async def called(self, call: Call, arguments: Any) -> Message:
        """The result of `tools/call`. What goes wrong inside is said in the result, where
        the model sees it."""
        try:
            call.require(self.permission)
            try:
                given = msgspec.convert(arguments, self.takes)
            except msgspec.ValidationError as problem:
                raise AgentRefused(
                    f"the arguments do not fit: {problem}", "agent.arguments"
                ) from None
            answer = await self.work(call, given)
        except TailraceError as problem:
            code = problem.refusal if isinstance(problem, AgentRefused) else problem.code
            return {
                "content": [{"type": "text", "text": f"{code}: {problem}"}],
                "isError": True,
            }
        content: list[Message] = [{"type": "text", "text": answer.text}]
        content += [
            {"type": "image", "data": image.base64, "mimeType": image.mime}
            for image in answer.images
        ]
        return {
            "content": content,
            "structuredContent": to_builtins(answer.data),
            "isError": False,
        }


def _schema(kind: type[Struct]) -> Message:
    """The type's JSON schema, itself at the top."""
    (top,), components = msgspec.json.schema_components((kind,), ref_template="#/$defs/{name}")
    name = top["$ref"].rpartition("/")[2]
    schema: Message = {**components.pop(name)}
    schema.pop("title", None)
    schema.pop("description", None)
    if components:
        schema["$defs"] = components
    _name_types(schema)
    return schema


def _name_types(schema: Any) -> None:
    """Some clients want a type beside every list of choices."""
    if isinstance(schema, list):
        for each in schema:
            _name_types(each)
    elif isinstance(schema, dict):
        if isinstance(schema.get("enum"), list) and "type" not in schema:
            schema["type"] = "string" if None not in schema["enum"] else ["string", "null"]
        for each in schema.values():
            _name_types(each)
