"""What can be chosen, and what can go wrong, is described in docs/reference."""

import inspect
import re

import pytest

from tailrace.cli.main import COMMANDS
from tailrace.protocol import errors
from tailrace.settings import Settings, field_types
from tests.house.source import ROOT

REFERENCE = ROOT / "docs" / "reference"


def rows(name: str) -> dict[str, str]:
    """The tables of a page of the reference: first cell (without backticks) → the line."""
    found = {}
    for line in (REFERENCE / name).read_text("utf-8").splitlines():
        if match := re.match(r"\| `([^`]+)`", line):
            found[match[1]] = line
    return found


ERRORS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.TailraceError)
]


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_code_is_documented(kind: type[errors.TailraceError]) -> None:
    assert kind.code in rows("errors.md"), f"{kind.__name__} ({kind.code}) is not in errors.md"


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in ERRORS if "code" in vars(kind)]

    assert sorted(codes) == sorted(set(codes))


def test_every_error_has_its_place_in_the_tree_at_the_top() -> None:
    assert errors.__doc__ is not None
    for kind in ERRORS:
        assert re.search(rf"\b{kind.__name__}\b", errors.__doc__), kind.__name__


@pytest.mark.parametrize("name", list(field_types()))
def test_every_setting_is_documented_with_its_variable_and_default(name: str) -> None:
    line = rows("settings.md")[name]

    assert f"TAILRACE_{name.upper()}" in line
    default = getattr(Settings(), name)
    if isinstance(default, int | float) and not isinstance(default, bool):
        assert re.search(rf"\b{default:g}\b|\b{default}\b", line), f"{name}: {default}"


def test_no_setting_is_documented_that_there_is_not() -> None:
    assert set(rows("settings.md")) <= {*field_types(), "TAILRACE_HOME"}


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_documented(name: str) -> None:
    text = (REFERENCE / "commands.md").read_text("utf-8")

    assert f"## tailrace {name}" in text


def test_every_option_is_documented() -> None:
    import click

    from tailrace.cli.main import cli

    text = (REFERENCE / "commands.md").read_text("utf-8")
    context = click.Context(cli)

    def check(command: click.Command, name: str) -> None:
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("--"):
                    assert re.search(rf"`[^`\n]*{option}\b", text), f"{name} {option}"
        if isinstance(command, click.Group):
            for inner in command.list_commands(context):
                found = command.get_command(context, inner)
                assert found is not None
                check(found, f"{name} {inner}")

    check(cli, "tailrace")
