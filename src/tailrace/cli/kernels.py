"""`tailrace kernels`: what runs, whoever started it and whether a server runs or not.

It asks the kernel host, so that it also finds kernels whose server is gone. A kernel that a
server is attached to may be stopped here too: its notebook then shows that it was stopped.
"""

import asyncio
import json
import time
from pathlib import Path

import click

from tailrace.folders import state_folders
from tailrace.kernels.kernel import KernelInfo
from tailrace.kernels.provider import HostProvider
from tailrace.protocol.errors import KernelMissing
from tailrace.protocol.ids import KernelId
from tailrace.server.process_memory import resident_bytes


@click.group("kernels", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def kernels(context: click.Context, as_json: bool) -> None:
    """List the kernels that live, with their memory and notebook."""
    if context.invoked_subcommand is not None:
        return
    known = asyncio.run(living(state_folders().run))
    memory = resident_bytes([kernel.pid for kernel in known])
    if as_json:
        click.echo(json.dumps([_described(kernel, memory) for kernel in known], indent=2))
    elif not known:
        click.echo("No kernel runs.")
    else:
        _table(known, memory)


@kernels.command("stop")
@click.argument("kernel_ids", nargs=-1, metavar="ID…")
@click.option("--all", "every", is_flag=True, help="All kernels of yours.")
@click.option("--kill", is_flag=True, help="At once, without asking the kernel to end.")
def stop(kernel_ids: tuple[str, ...], every: bool, kill: bool) -> None:
    """Stop kernels. The beginning of an ID is enough where it names only one."""
    if bool(kernel_ids) == every:
        raise click.UsageError("name the kernels to stop (`tailrace kernels` lists them), or --all")
    stopped = asyncio.run(stop_kernels(state_folders().run, kernel_ids, every=every, kill=kill))
    for kernel in stopped:
        click.echo(f"stopped {kernel.kernel_id}  {kernel.label}")
    if not stopped:
        click.echo("No kernel runs.")


async def living(run_folder: Path) -> list[KernelInfo]:
    """The kernels that live, the oldest first. Starts no host."""
    provider = HostProvider(run_folder)
    try:
        return _sorted(await provider.list())
    finally:
        await provider.close()


async def stop_kernels(
    run_folder: Path, wanted: tuple[str, ...], *, every: bool, kill: bool
) -> list[KernelInfo]:
    """Stop those named, or `every` one; all names are looked up before any is stopped."""
    provider = HostProvider(run_folder)
    try:
        known = _sorted(await provider.list())
        chosen = known if every else [_named(name, known) for name in dict.fromkeys(wanted)]
        results = await asyncio.gather(
            *(provider.stop(KernelId(kernel.kernel_id), kill=kill) for kernel in chosen)
        )
    finally:
        await provider.close()
    return [kernel for kernel, was_there in zip(chosen, results, strict=True) if was_there]


def _sorted(known: list[KernelInfo]) -> list[KernelInfo]:
    return sorted((kernel for kernel in known if kernel.alive), key=lambda k: k.started_at)


def _named(name: str, known: list[KernelInfo]) -> KernelInfo:
    found = [kernel for kernel in known if kernel.kernel_id == name] or [
        kernel for kernel in known if name and kernel.kernel_id.startswith(name)
    ]
    if len(found) == 1:
        return found[0]
    problem = "no living kernel" if not found else f"{len(found)} kernels"
    raise KernelMissing(f"{problem} with an ID like {name!r}; `tailrace kernels` lists them")


def _described(kernel: KernelInfo, memory: dict[int, int]) -> dict[str, object]:
    return {
        "kernel_id": kernel.kernel_id,
        "notebook": kernel.label,
        "pid": kernel.pid,
        "python": kernel.python,
        "started_at": kernel.started_at,
        "memory_bytes": memory.get(kernel.pid),
    }


def _table(known: list[KernelInfo], memory: dict[int, int]) -> None:
    rows = [("ID", "PID", "MEMORY", "AGE", "NOTEBOOK")]
    for kernel in known:
        size = memory.get(kernel.pid)
        shown = f"{size / 1e6:.0f} MB" if size is not None else "?"
        age = _age(time.time() - kernel.started_at)
        rows.append((kernel.kernel_id, str(kernel.pid), shown, age, kernel.label))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[4]]))


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
