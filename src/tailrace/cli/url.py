"""`tailrace url`: a new login address for each server that runs."""

import json

import click

from tailrace.folders import state_folders
from tailrace.server.run import launch_codes, login_address
from tailrace.server.running_servers import RunningServers


@click.command("url")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def url(as_json: bool) -> None:
    """Print a new login address for each of your servers; it works once, for 5 minutes."""
    folders = state_folders()
    codes = launch_codes(folders)
    servers = [
        (server, login_address(server, codes)) for server in RunningServers(folders.servers).alive()
    ]
    if as_json:
        listed = [
            {"url": address, "root": server.root, "pid": server.pid, "port": server.port}
            for server, address in servers
        ]
        click.echo(json.dumps(listed, indent=2))
    else:
        for server, address in servers:
            click.echo(f"{address}  serves {server.root}")
    if not servers:
        if not as_json:
            click.echo("None of your Tailrace servers runs; `tailrace` starts one.", err=True)
        raise SystemExit(1)
