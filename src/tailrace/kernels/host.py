"""The kernel host: parent of every kernel, and nothing else (KER-11 to KER-18).

    python -m tailrace.kernels.host --folder RUN

It outlives the server that started it. It is single-threaded, so that it may fork, and
has IPython imported, so that a fork is a kernel within milliseconds. It starts, signals,
stops and buries; what kernels say goes past it, from the guest's socket to the server.
It imports neither asyncio nor anything of the server: what it holds in memory, every
kernel holds.
"""

import argparse
import contextlib
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tailrace
from tailrace.kernels import addresses, descendants
from tailrace.kernels.birth import Newborn, Order, become_guest
from tailrace.kernels.deaths import Cause
from tailrace.kernels.host_lock import taken_lock
from tailrace.kernels.host_socket import HostSocket, Peer
from tailrace.kernels.nursery import Nursery
from tailrace.kernels.plain import is_plain
from tailrace.kernels.run_folder import RunFolder, write_json
from tailrace.protocol.errors import KernelError, TailraceError

PROTOCOL = 1
LOOK_S = 5.0  # between looks whether the run folder is still there
IDLE_S = 10.0  # with no kernel and no peer; long enough for a server that restarts
OTHER_HOST_S = 15.0  # for a host that another server is just starting to answer
_TERM_GRACE_S = 2.0


class Host:
    def __init__(self, run: RunFolder, lock: int, listener: socket.socket, idle_s: float) -> None:
        environ = dict(os.environ)
        loopback = addresses.wants_loopback(environ)
        self.socket = HostSocket(listener, secret=run.own_secret() if loopback else None)
        self.nursery = Nursery(run, loopback=loopback, environ=environ, wake=self._wake_up)
        self._run = run
        self._lock = lock
        self._idle_s = idle_s
        self._idle_since = time.monotonic()
        self._ending = False
        self._waker, wake = socket.socketpair()
        for end in (self._waker, wake):
            end.setblocking(False)
        self._wake = wake
        self.socket.watch(self._waker)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        # Handlers, not SIG_IGN: what is ignored stays ignored in whatever we start.
        for name in ("SIGCHLD", "SIGINT", "SIGHUP", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), _only_wake)
        signal.signal(signal.SIGTERM, self._on_terminate)

    def _wake_up(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake; closed: it ends
            self._wake.send(b"\0")

    def serve(self) -> None:
        """Answer until nobody needs a host (KER-15), or until told to end."""
        while not self._may_end():
            for peer, message in self.socket.requests(self._patience()):
                self._answer(peer, message)
            if not self._ending and not self.socket.has_peers and self.is_lost():
                note("the run folder is gone: nobody can reach these kernels, so they end")
                self._end(_TERM_GRACE_S)
            for kernel_id, cause in self.nursery.reap():
                note(f"kernel {kernel_id}: {cause['message']}")
                self.socket.tell_all({"kind": "died", "kernel_id": kernel_id, "cause": cause})

    def _patience(self) -> float:
        deadline = self.nursery.pass_deadlines()
        if self._ending and not self.nursery.living:
            return 0.0
        idle = max(0.05, self._idle_s - (time.monotonic() - self._idle_since))
        return min(idle, LOOK_S) if deadline is None else min(idle, deadline)

    def is_lost(self) -> bool:
        """Whether the run folder was removed, so that nobody can find us any more."""
        try:
            found = os.stat(self._run.lock)
        except OSError:
            return True
        return not os.path.samestat(found, os.fstat(self._lock))

    def _may_end(self) -> bool:
        if self.nursery.living:
            self._idle_since = time.monotonic()
            return False
        if self._ending:
            return True
        if self.socket.has_peers:
            self._idle_since = time.monotonic()
            return False
        if time.monotonic() - self._idle_since < self._idle_s:
            return False
        return not self.socket.accept()  # somebody may have knocked this instant

    def _on_terminate(self, *_: object) -> None:
        self._end(_TERM_GRACE_S)

    def _end(self, grace_s: float) -> None:
        self._ending = True
        for kernel_id in list(self.nursery.living):
            self.nursery.stop(
                kernel_id, kill=False, grace_s=grace_s, told=lambda _: None, asked=False
            )

    def _answer(self, peer: Peer, message: dict[str, Any]) -> None:
        reply: dict[str, Any] = {"kind": "reply", "request_id": message.get("request_id")}
        try:
            result = self._result(peer, message, reply)
        except (TailraceError, OSError, KeyError, TypeError, ValueError) as error:
            code = error.code if isinstance(error, TailraceError) else "kernel.error"
            text = str(error) or repr(error)
            if isinstance(error, KeyError):
                text = f"the request lacks {error}"
            self.socket.send(peer, {**reply, "ok": False, "code": code, "error": text})
            if not peer.greeted:
                self.socket.drop(peer)
            return
        if result is not None:
            self.socket.send(peer, {**reply, "ok": True, "result": result})

    def _result(
        self, peer: Peer, message: dict[str, Any], reply: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The answer, or None when it comes later."""
        kind = message.get("kind")
        if not peer.greeted and kind != "hello":
            raise KernelError("say hello first")
        match kind:
            case "hello":
                return self._greet(peer, message)
            case "ping":
                return self._identity()
            case "start":
                if self._ending:
                    raise KernelError("the kernel host is about to end; try again")
                order = Order(
                    kernel_id=message["kernel_id"],
                    interpreter=message.get("interpreter") or sys.executable,
                    cwd=message["cwd"],
                    label=message.get("label", ""),
                    env={**(message.get("env") or self._own_env()), **_mark(message)},
                )
                folder = self.nursery.start(order, message.get("python"))
                child = self.nursery.living.get(order.kernel_id)
                return {"pid": child.pid if child else None, "folder": str(folder.path)}
            case "interrupt":
                self.nursery.interrupt(message["kernel_id"])
                return {}
            case "stop":

                def tell(cause: Cause) -> None:
                    self.socket.send(peer, {**reply, "ok": True, "result": {"cause": cause}})

                kernel_id = message["kernel_id"]
                grace_s = float(message.get("grace_s", 3.0))
                kill = bool(message.get("kill", False))
                if self.nursery.stop(kernel_id, kill=kill, grace_s=grace_s, told=tell):
                    return None
                return {"cause": self.nursery.cause(kernel_id)}
            case "list":
                return {"kernels": self.nursery.listed()}
            case "relabel":
                self.nursery.relabel(message["kernel_id"], str(message["label"]))
                return {}
            case "cause":
                return {"cause": self.nursery.cause(message["kernel_id"])}
            case "forget":
                self.nursery.forget(message["kernel_id"])
                return {}
            case "shutdown":
                if self.nursery.living and not message.get("kill_kernels", False):
                    raise KernelError(f"{len(self.nursery.living)} kernels live")
                self._end(float(message.get("grace_s", _TERM_GRACE_S)))
                return {}
        raise KernelError(f"the kernel host knows no request {kind!r}")

    def _greet(self, peer: Peer, message: dict[str, Any]) -> dict[str, Any]:
        if not self.socket.knows_secret(message.get("secret")):
            raise KernelError("the secret is not this folder's")
        if message.get("protocol") != PROTOCOL:
            raise KernelError(
                f"a kernel host of protocol {PROTOCOL} runs (process {os.getpid()}), "
                f"this server speaks {message.get('protocol')}"
            )
        peer.greeted = True
        return self._identity()

    def _identity(self) -> dict[str, Any]:
        return {
            "pid": os.getpid(),
            "version": tailrace.__version__,
            "protocol": PROTOCOL,
            "interpreter": sys.executable,
            "kernels": len(self.nursery.living),
        }

    def _own_env(self) -> dict[str, str]:
        return {k: v for k, v in self.nursery.environ.items() if not k.startswith("TAILRACE_")}

    def close(self) -> None:
        """Let go of every descriptor; also in a forked child, which got copies of all."""
        signal.set_wakeup_fd(-1)
        self.socket.close()
        self.nursery.close_in_child()
        self._waker.close()
        self._wake.close()


def _mark(message: dict[str, Any]) -> dict[str, str]:
    return {descendants.MARK: message["kernel_id"]}


def _only_wake(*_: object) -> None:
    """The wake-up descriptor does the work; a handler must exist for it to be used."""


def note(text: str) -> None:
    """A line in host.log. No `logging`: its settings would be inherited by every kernel."""
    with contextlib.suppress(OSError):  # a full disk must not end the host, and all kernels
        print(time.strftime("%Y-%m-%dT%H:%M:%S"), text, file=sys.stderr, flush=True)


def wait_for_other_host(run: RunFolder, address: addresses.Address) -> int | None:
    """The lock, should the other host end; None once it listens. Raises `KernelError`."""
    until = time.monotonic() + OTHER_HOST_S
    while time.monotonic() < until:
        lock = taken_lock(run.lock)
        if lock is not None:
            return lock
        if address.path is None and run.description.exists():
            return None
        try:
            if address.path is not None:
                addresses.connect(address).close()
                return None
        except OSError:
            pass
        time.sleep(0.01)
    raise KernelError(f"another kernel host holds {run.lock} but does not answer")


def warm() -> None:
    """Do once, before the forks, what every kernel needs."""
    try:
        from tailrace_kernel.serve import warm as warm_guest

        warm_guest()
    except Exception:
        note(f"IPython could not be warmed; kernels will start cold\n{traceback.format_exc()}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tailrace.kernels.host")
    parser.add_argument("--folder", type=Path, required=True, help="the run folder")
    parser.add_argument("--idle-s", type=float, default=IDLE_S, help="end when unused for this")
    parser.add_argument("--foreground", action="store_true", help="do not fork away")
    options = parser.parse_args(arguments)
    mark = descendants.MarkRoom()
    run = RunFolder(options.folder.resolve())
    run.prepare()
    loopback = addresses.wants_loopback(os.environ)
    lock = taken_lock(run.lock)
    if lock is None:
        lock = wait_for_other_host(run, addresses.Address(path=None if loopback else run.socket))
        if lock is None:
            return
    run.description.unlink(missing_ok=True)  # of a host that was killed
    listener, address = addresses.listen(None if loopback else run.socket)
    if sys.platform != "win32" and not options.foreground and os.fork():
        # The server waits for this process only; the host itself is nobody's child. It
        # listens already, so whoever connects now is answered as soon as it is warm.
        os._exit(0)
    birth = _lived(run, lock, listener, address, options.idle_s)
    if birth is None:
        return
    os.close(lock)
    become_guest(birth, mark)


def _lived(
    run: RunFolder, lock: int, listener: socket.socket, address: addresses.Address, idle_s: float
) -> Newborn | None:
    """The host's whole life. A forked kernel comes out of it with its birth in hand."""
    if sys.platform != "win32" and os.getpid() != os.getsid(0):
        os.setsid()
    if not is_plain(os.environ):
        descendants.become_subreaper()
    descendants.take_name("tailrace-host")
    host = Host(run, lock, listener, idle_s)
    write_json(
        run.description,
        {
            "pid": os.getpid(),
            "protocol": PROTOCOL,
            "version": tailrace.__version__,
            "interpreter": sys.executable,
            "port": address.port,
        },
    )
    host.nursery.take_over()
    if not host.nursery.plain:
        warm()
    try:
        host.serve()
    except Newborn as newborn:
        birth = newborn.with_traceback(None)
    else:
        if not host.is_lost():
            run.socket.unlink(missing_ok=True)
            run.description.unlink(missing_ok=True)
        host.close()
        descendants.end_all(descendants.unmarked_children(os.getpid()))
        return None
    host.close()
    return birth


if __name__ == "__main__":
    main()
