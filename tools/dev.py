"""`make dev`: the server, started again when a Python file changes, and Vite beside it.

    python tools/dev.py [FOLDER]

Log in once at the first address that is printed (cookies do not look at ports), then use
the second: Vite serves the page from its sources and passes `/api` on to the server.
Kernels go on while the server restarts, as they always do.
"""

import os
import subprocess
import sys
from pathlib import Path

from watchfiles import PythonFilter, watch

SERVER_PORT = 8877
PAGE_PORT = 5173
TOKEN = "development"
ROOT = Path(__file__).parent.parent


def main() -> int:
    folder = sys.argv[1] if len(sys.argv) > 1 else "examples"
    server_url = f"http://127.0.0.1:{SERVER_PORT}"
    page_url = f"http://127.0.0.1:{PAGE_PORT}"
    environment = {
        **os.environ,
        "TAILRACE_ALLOWED_ORIGINS": page_url,
        "TAILRACE_ON_INTERRUPT": "stop",
        "TAILRACE_URL": server_url,
    }
    page = subprocess.Popen(
        [sys.executable, "tools/npm.py", "--prefix", "web", "run", "dev", "--",
         "--host", "127.0.0.1", "--port", str(PAGE_PORT), "--strictPort"],
        cwd=ROOT,
        env=environment,
    )  # fmt: skip
    command = [
        sys.executable, "-m", "tailrace.cli", "--no-browser", "--new",
        "--port", str(SERVER_PORT), "--token", TOKEN, folder,
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    print(f"log in once:  {server_url}/?token={TOKEN}\nthen open:    {page_url}/", flush=True)
    try:
        for _ in watch(ROOT / "src", watch_filter=PythonFilter()):
            server.terminate()  # kernels are kept: on_terminate
            server.wait()
            server = subprocess.Popen(command, cwd=ROOT, env=environment)
    except KeyboardInterrupt:
        pass
    finally:
        for process in (server, page):
            process.terminate()
            process.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
