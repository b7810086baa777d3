"""A guest that a warm host forks."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.guest.driver import PACKAGE

HOST = """
import os, sys, random
sys.path.insert(0, {src!r})
from tailrace_kernel.serve import serve, warm
main = sys.modules["__main__"]
environment = dict(os.environ)
import numpy.random
warm()
assert sys.modules["__main__"] is main
assert dict(os.environ) == environment, set(os.environ) ^ set(environment)
assert sys.stdout is sys.__stdout__
import threading
assert threading.active_count() == 1
for folder in {folders!r}:
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        serve(folder, os.path.basename(folder))
    print(pid, flush=True)
sys.stdin.read()
"""


def test_forked_guests_are_kernels_of_their_own(tmp_path: Path) -> None:  # KER-12, KER-16
    import socket
    import time

    from tailrace_kernel.wire import read_frame, send_frame

    folders = [str(tmp_path / name) for name in ("one", "two")]
    for folder in folders:
        os.mkdir(folder, 0o700)
    host = subprocess.Popen(
        [sys.executable, "-c", HOST.format(src=str(PACKAGE.parent), folders=folders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "IPYTHONDIR": str(tmp_path / "ipython")},
        text=True,
    )
    assert host.stdout is not None
    assert host.stdin is not None
    pids = [int(host.stdout.readline()) for _ in folders]
    try:
        results = []
        for folder in folders:
            until = time.monotonic() + 60
            while not os.path.exists(os.path.join(folder, "ready")):
                assert time.monotonic() < until
                time.sleep(0.01)
            socks = {}
            for channel in ("control", "output"):
                socks[channel] = sock = socket.socket(socket.AF_UNIX)
                sock.settimeout(60)
                sock.connect(os.path.join(folder, "guest.sock"))
                send_frame(
                    sock, {"kind": "attach", "protocol": 1, "channel": channel, "received": 0}
                )
                greeting = read_frame(sock)
                assert greeting is not None
                assert greeting[0]["kind"] == "attached"
            source = (
                "import os, random, sys, numpy, __main__\n"
                "assert get_ipython().user_module is __main__\n"
                "assert sys.modules['__main__'].__dict__ is globals()\n"
                "assert __name__ == '__main__'\n"
                "class Picklable: pass\n"
                "import pickle; pickle.loads(pickle.dumps(Picklable()))\n"
                "assert os.getcwd() == os.path.realpath(" + repr(folder) + ")\n"
                "assert os.getsid(0) == os.getpid()\n"
                "assert sys.argv == ['']\n"
                "assert os.environ['MPLBACKEND'].startswith('module://matplotlib_inline')\n"
                "assert os.fstat(0).st_rdev == os.stat(os.devnull).st_rdev\n"
                "print(random.random(), numpy.random.random())"
            )
            send_frame(
                socks["control"],
                {"kind": "execute", "execution_id": "e", "cell_id": "c", "source": source},
            )
            text = b""
            while True:
                frame = read_frame(socks["output"])
                assert frame is not None
                assert frame[0]["kind"] in ("text", "finished"), frame
                if frame[0]["kind"] == "finished":
                    assert frame[0]["execution_count"] == 1
                    break
                text += frame[1]
            results.append(text)
            for sock in socks.values():
                sock.close()
        assert results[0].split()[0] != results[1].split()[0]
        assert results[0].split()[1] != results[1].split()[1]
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        host.stdin.close()
        host.stdout.close()
        host.wait()
