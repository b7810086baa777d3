"""Notebooks for agents, over the Model Context Protocol (docs/spec/mcp.md).

messages    the protocol's words and its two eras
tools       what a tool is: name, description, permission, schemas
endpoint    a message in, its answer out; knows neither HTTP nor stdio
reading, editing, running, kernels   the tools
waiting     for what runs, telling of it meanwhile
outputs     what cells showed, for a reader who pays by the letter
bridge      stdio on this side, a server's `/mcp` on the other
"""
