"""Start a bridge: `python -P -m tailrace.kernels.bridge --kernelspec NAME --folder F …`.

The other arguments are those of a spawned guest (KER-16).
"""

import argparse
import asyncio
import socket
from pathlib import Path

from tailrace.kernels.bridge.bridge import Bridge


def main() -> None:
    parser = argparse.ArgumentParser(prog="tailrace.kernels.bridge", description=__doc__)
    parser.add_argument("--kernelspec", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--kernel-id", required=True)
    parser.add_argument("--listener-fd", type=int, help="a socket that listens already")
    parser.add_argument("--liveness-fd", type=int, help="ends the kernel when it closes")
    parser.add_argument("--loopback", action="store_true", help="TCP on 127.0.0.1 with a secret")
    arguments = parser.parse_args()
    listener = None
    if arguments.listener_fd is not None:
        listener = socket.socket(fileno=arguments.listener_fd)
        listener.set_inheritable(False)
    secret = None
    if arguments.loopback:
        secret = (arguments.folder / "secret").read_text("ascii").strip()
    bridge = Bridge(
        arguments.kernelspec,
        arguments.folder,
        arguments.kernel_id,
        listener=listener,
        secret=secret,
        liveness_fd=arguments.liveness_fd,
    )
    asyncio.run(bridge.run())


if __name__ == "__main__":
    main()
