"""The routes of a whole server, beside those that every application has (`create_app`)."""

from tailrace.folders import StateFolders
from tailrace.server.jupyter.kernels import Served
from tailrace.server.jupyter.server_routes import jupyter_routes
from tailrace.server.permissions import Routes
from tailrace.server.routes import (
    debugging,
    event_streams,
    extensions,
    history,
    language,
    notebooks,
    tables,
)
from tailrace.server.routes.agents import Agents, agent_routes


def whole_routes(served: Served, folders: StateFolders, agents: Agents) -> tuple[Routes, ...]:
    """What pages, programs, Jupyter's clients and agents ask of a server."""
    return (
        notebooks.routes,
        extensions.routes,
        event_streams.routes,
        history.routes,
        debugging.routes,
        language.routes,
        tables.routes,
        *jupyter_routes(served, folders),
        agent_routes(agents),
    )
