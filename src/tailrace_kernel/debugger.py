"""Jupyter's `debug_request`: the debug adapter protocol, and what Jupyter adds to it.

debugpy is the debugger and belongs to the kernel's environment; nothing of it is imported
before somebody debugs. It is attached once; every front end that comes later shares it, and a
front end that disconnects takes its breakpoints along and lets the code run on.

Requests come on a thread of their own, also while the main thread stands at a breakpoint.
"""

import ast
import itertools
import os
import threading
from collections.abc import Callable
from typing import Any

from IPython.core.inputtransformer2 import leading_empty_lines

from tailrace_kernel.cell_files import SEED, SUFFIX, CellFiles
from tailrace_kernel.debug_adapter import DebugAdapter, untraced
from tailrace_kernel.debug_variables import NamespaceVariables, is_shown, shipped
from tailrace_kernel.shell import ZMQInteractiveShell

Message = dict[str, Any]

MAIN_S = 20.0  # for the main thread to be free
MISSING = (
    "debugging needs the package debugpy in the kernel's environment: run `%pip install debugpy`"
)


class Debugger:
    """`call` runs a function in the main thread, between cells; `say` passes events on."""

    def __init__(
        self,
        shell: ZMQInteractiveShell,
        call: Callable[..., None],
        say: Callable[[Message], None],
    ) -> None:
        self._shell = shell
        self._call = call
        self._say = say
        self._files = CellFiles()
        self._lock = threading.Lock()
        self._adapter: DebugAdapter | None = None
        self._is_started = False
        self._breakpoints: dict[str, list[Message]] = {}
        self._exceptions: list[str] = []
        self._stopped: set[int] = set()
        self._namespace: NamespaceVariables | None = None
        self._numbers = itertools.count(1)

    def answer(self, header: Message) -> Message:
        """The response to `header["message"]`. What goes wrong is said in it."""
        for thread in threading.enumerate():
            if thread.name.startswith("tailrace-"):
                untraced(thread)
        asked: Message = header["message"]
        command = str(asked.get("command") or "")
        arguments = asked.get("arguments") or {}
        try:
            answer = self._answer(command, arguments)
        except Exception as error:
            answer = {"success": False, "message": str(error) or type(error).__name__}
        return {
            "message": {
                "seq": next(self._numbers),
                "type": "response",
                "request_seq": asked.get("seq", 0),
                "success": bool(answer.get("success", True)),
                "command": command,
                **{name: answer[name] for name in ("body", "message") if name in answer},
            }
        }

    def _answer(self, command: str, arguments: Message) -> Message:
        match command:
            case "debugInfo":
                return {"body": self._info()}
            case "initialize":
                with self._lock:
                    return {"body": self._started().capabilities}
            case "attach":
                with self._lock:
                    self._started()
                self._say({"seq": 0, "type": "event", "event": "initialized"})
                return {}
            case "configurationDone":
                return {}
            case "dumpCell":
                return {"body": {"sourcePath": self._files.write(str(arguments["code"]))}}
            case "inspectVariables":
                return {"body": {"variables": self._variables().all()}}
            case "richInspectVariables":
                return {"body": self._rich(arguments)}
            case "variables" if not self._stopped:
                reference = int(arguments.get("variablesReference") or 0)
                return {"body": {"variables": self._variables().inside(reference)}}
        if not self._is_started or self._adapter is None:
            raise RuntimeError("the debugger is not started: send initialize and attach first")
        match command:
            case "disconnect" | "terminate":
                self._disconnect(self._adapter)
                return {}
            case "setBreakpoints":
                return self._set_breakpoints(self._adapter, arguments)
            case "setExceptionBreakpoints":
                self._exceptions = [str(each) for each in arguments.get("filters") or []]
                return self._adapter.request(command, arguments)
            case "continue" | "next" | "stepIn" | "stepOut":
                return self._go_on(self._adapter, command, arguments)
            case "stackTrace" if int(arguments.get("threadId") or 0) not in self._stopped:
                # The adapter would wait for it to stand, and everybody behind this question.
                raise RuntimeError("the code runs; it stands nowhere")
            case "stackTrace":
                return self._stack(self._adapter.request(command, arguments))
            case "variables":
                return _without_ours(self._adapter.request(command, arguments))
            case "source":
                return self._source(arguments)
            case "copyToGlobals":
                return self._copy_to_globals(self._adapter, arguments)
            case _:
                return self._adapter.request(command, arguments)

    # ── begin and end ────────────────────────────────────────────────────────

    def _started(self) -> DebugAdapter:
        """Attached, with tracing on. Raises `RuntimeError` with what to do."""
        if self._adapter is None:
            address = self._on_main(_listen)
            adapter = DebugAdapter(address, self._on_event)
            adapter.attach()
            self._adapter = adapter
        if not self._is_started:
            self._on_main(self._begin)
            self._is_started = True
        return self._adapter

    def _begin(self) -> None:
        """In the main thread: cells get the names of their files, and are traced."""
        compiler: Any = self._shell.compile
        compiler.get_code_name = lambda raw, transformed, number: self._files.name_of(raw)
        transforms = self._shell.input_transformer_manager.cleanup_transforms
        if leading_empty_lines in transforms:
            transforms.remove(leading_empty_lines)  # lines must be counted as they are written
        debugger = shipped("pydevd").get_global_debugger()
        if debugger is not None:
            debugger.enable_tracing()

    def _end(self) -> None:
        """In the main thread: as it was before, at full speed."""
        compiler: Any = self._shell.compile
        vars(compiler).pop("get_code_name", None)
        transforms = self._shell.input_transformer_manager.cleanup_transforms
        if leading_empty_lines not in transforms:
            transforms.insert(0, leading_empty_lines)
        debugger = shipped("pydevd").get_global_debugger()
        if debugger is not None:
            debugger.disable_tracing()

    def _disconnect(self, adapter: DebugAdapter) -> None:
        for path in list(self._breakpoints):
            adapter.request("setBreakpoints", {"source": {"path": path}, "breakpoints": []})
        adapter.request("setExceptionBreakpoints", {"filters": []})
        for thread_id in list(self._stopped):
            adapter.request("continue", {"threadId": thread_id})
        self._breakpoints.clear()
        self._exceptions.clear()
        self._stopped.clear()
        self._is_started = False
        self._call(self._end)  # when the cell that runs on has ended

    def _on_main(self, function: Callable[[], Any]) -> Any:
        """What `function` returns in the main thread. Raises `RuntimeError` while a cell runs."""
        done = threading.Event()
        result: list[Any] = []
        failed: list[BaseException] = []

        def run() -> None:
            try:
                result.append(function())
            except BaseException as error:
                failed.append(error)
            finally:
                done.set()

        self._call(run)
        if not done.wait(MAIN_S):
            raise RuntimeError("a cell runs; begin to debug when none does")
        if failed:
            raise RuntimeError(MISSING if isinstance(failed[0], ImportError) else str(failed[0]))
        return result[0]

    def _on_event(self, event: Message) -> None:
        body = event.get("body") or {}
        match event.get("event"):
            case "stopped":
                self._stopped.add(int(body.get("threadId") or 0))
            case "continued":
                if body.get("allThreadsContinued", True):
                    self._stopped.clear()
                else:
                    self._stopped.discard(int(body.get("threadId") or 0))
            case "output" | "module" | "debugpySockets" | "debugpyWaitingForServer":
                return
        self._say(event)

    # ── what Jupyter adds ────────────────────────────────────────────────────

    def _info(self) -> Message:
        breakpoints = [
            {"source": path, "breakpoints": lines} for path, lines in self._breakpoints.items()
        ]
        return {
            "isStarted": self._is_started,
            "hashMethod": "Murmur2",
            "hashSeed": SEED,
            "tmpFilePrefix": self._files.prefix,
            "tmpFileSuffix": SUFFIX,
            "breakpoints": breakpoints,
            "exceptionFilters": self._exceptions,
            "stoppedThreads": sorted(self._stopped),
            "richRendering": True,
            "exceptionPaths": ["Python Exceptions"],
            "copyToGlobals": True,
        }

    def _set_breakpoints(self, adapter: DebugAdapter, arguments: Message) -> Message:
        answer = adapter.request("setBreakpoints", arguments)
        if answer.get("success"):
            path = str((arguments.get("source") or {}).get("path") or "")
            wanted = arguments.get("breakpoints") or []
            if wanted:
                self._breakpoints[path] = wanted
            else:
                self._breakpoints.pop(path, None)
        return answer

    def _go_on(self, adapter: DebugAdapter, command: str, arguments: Message) -> Message:
        """Noted before it is asked for: the next stop may be told before the answer."""
        stood = set(self._stopped)
        if command == "continue":
            self._stopped.clear()
        else:
            self._stopped.discard(int(arguments.get("threadId") or 0))
        answer = adapter.request(command, arguments)
        if not answer.get("success"):
            self._stopped |= stood
        return answer

    def _stack(self, answer: Message) -> Message:
        """Without the frames below the cell: they are ours and IPython's."""
        body = answer.get("body") or {}
        frames = body.get("stackFrames") or []
        in_cells = [
            place
            for place, frame in enumerate(frames)
            if str((frame.get("source") or {}).get("path") or "").startswith(self._files.prefix)
        ]
        if in_cells:
            kept = frames[: in_cells[-1] + 1]
            body = {**body, "stackFrames": kept, "totalFrames": len(kept)}
        return {**answer, "body": body}

    def _source(self, arguments: Message) -> Message:
        path = str((arguments.get("source") or {}).get("path") or "")
        if not os.path.isfile(path):
            return {"success": False, "message": "source unavailable"}
        with open(path, encoding="utf-8", errors="replace") as file:
            return {"body": {"content": file.read()}}

    def _rich(self, arguments: Message) -> Message:
        """A variable as a cell would show it."""
        name = str(arguments.get("variableName") or "")
        if not name.isidentifier():
            raise ValueError("invalid variable name")
        if not self._stopped or self._adapter is None:
            value = self._shell.user_expressions({name: name})[name]
            if value.get("status") != "ok":
                raise NameError(f"{value.get('ename')}: {value.get('evalue')}")
            return {"data": value["data"], "metadata": value["metadata"]}
        answer = self._adapter.request(
            "evaluate",
            {
                "expression": f"get_ipython().display_formatter.format({name})",
                "frameId": arguments.get("frameId"),
                "context": "clipboard",
            },
        )
        if not answer.get("success"):
            raise NameError(str(answer.get("message")))
        data, metadata = ast.literal_eval(answer["body"]["result"])
        return {"data": data, "metadata": metadata}

    def _copy_to_globals(self, adapter: DebugAdapter, arguments: Message) -> Message:
        source = str(arguments.get("srcVariableName") or "")
        target = str(arguments.get("dstVariableName") or "")
        if not (source.isidentifier() and target.isidentifier()):
            raise ValueError("invalid variable name")
        return adapter.request(
            "setExpression",
            {
                "expression": f"globals()['{target}']",
                "value": source,
                "frameId": arguments.get("srcFrameId"),
            },
        )

    def _variables(self) -> NamespaceVariables:
        """Of the namespace, while nothing stands at a breakpoint."""
        if self._namespace is None:
            try:
                self._namespace = NamespaceVariables(self._shell.user_ns)
            except ImportError:
                raise RuntimeError(MISSING) from None
        return self._namespace


def _listen() -> tuple[str, int]:
    """Start debugpy in this process; where its adapter listens."""
    debugpy = shipped("debugpy")
    debugpy.configure(subProcess=False)
    address: tuple[str, int] = debugpy.listen(("127.0.0.1", 0))
    return address


def _without_ours(answer: Message) -> Message:
    body = answer.get("body") or {}
    shown = [each for each in body.get("variables") or [] if is_shown(each.get("name", ""))]
    return {**answer, "body": {**body, "variables": shown}}
