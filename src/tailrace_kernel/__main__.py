"""Start a guest as a process of its own: `python …/tailrace_kernel --folder F --kernel-id K`.

Runs as a module (`-m tailrace_kernel`) or as the folder itself. The second needs nothing on
the path: another environment's interpreter gets this package alone, and not the rest of the
site-packages that it lies in.
"""

import argparse
import importlib.util
import os
import socket
import sys


def _find_package() -> None:
    """Make `tailrace_kernel` importable when this folder was run as a script."""
    here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0] or os.getcwd()) == here:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        "tailrace_kernel",
        os.path.join(here, "__init__.py"),
        submodule_search_locations=[here],
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["tailrace_kernel"] = package
    spec.loader.exec_module(package)


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (the interpreter is the user's choice)
        version = ".".join(map(str, sys.version_info[:2]))
        sys.exit("Python 3.11 or newer is needed, this is " + version + ": " + sys.executable)
    if __package__ in (None, ""):
        _find_package()
    from tailrace_kernel.serve import missing, serve

    parser = argparse.ArgumentParser(prog="tailrace_kernel", description=__doc__)
    parser.add_argument("--folder", help="where the socket, the secret and `ready` are")
    parser.add_argument("--kernel-id")
    parser.add_argument("--listener-fd", type=int, help="a socket that listens already")
    parser.add_argument("--liveness-fd", type=int, help="ends the kernel when it closes")
    parser.add_argument("--loopback", action="store_true", help="TCP on 127.0.0.1 with a secret")
    parser.add_argument(
        "--plain", action="store_true", help="the host's orders come by standard input"
    )
    parser.add_argument("--check", action="store_true", help="say what is missing, start nothing")
    arguments = parser.parse_args()
    problem = missing()
    if problem is not None:
        sys.exit(problem)
    if arguments.check:
        return
    if arguments.folder is None or arguments.kernel_id is None:
        parser.error("--folder and --kernel-id are needed")
    secret = None
    listener = None
    if arguments.listener_fd is not None:
        listener = socket.socket(fileno=arguments.listener_fd)
        listener.set_inheritable(False)
    if arguments.loopback:
        with open(os.path.join(arguments.folder, "secret"), encoding="ascii") as file:
            secret = file.read().strip()
    # The kernel's own standard input is the null device.
    orders = os.dup(0) if arguments.plain else None
    serve(
        arguments.folder,
        arguments.kernel_id,
        listener=listener,
        secret=secret,
        liveness_fd=arguments.liveness_fd if orders is None else orders,
        plain=arguments.plain,
    )


if __name__ == "__main__":
    main()
