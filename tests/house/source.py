"""The sources as syntax trees, for the rules of the house."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"

STANDARD = sys.stdlib_module_names


@cache
def modules() -> dict[str, Path]:
    """Every module of `tailrace` and `tailrace_kernel` by its dotted name."""
    found = {}
    for file in sorted(SOURCES.rglob("*.py")):
        parts = file.relative_to(SOURCES).with_suffix("").parts
        if "node_modules" in parts:
            continue
        if parts[-1] == "__init__":
            parts = parts[:-1]
        found[".".join(parts)] = file
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text("utf-8"), str(modules()[module]))


@cache
def imports(module: str, *, at_run_time: bool = False) -> tuple[str, ...]:
    """Every module that `module` imports, anywhere in it: at its top, inside functions, by
    `importlib.import_module` with a constant. `at_run_time` leaves out what is under
    `TYPE_CHECKING` and inside functions: what importing it really pulls in."""
    found: list[str] = []
    for node in _nodes(tree(module), at_run_time=at_run_time):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            found += [_module_of(origin, alias.name) for alias in node.names]
        elif isinstance(node, ast.Call) and _is_import_call(node):
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                found.append(str(argument.value))
    return tuple(dict.fromkeys(found))


def ours(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if name.split(".")[0] in ("tailrace", "tailrace_kernel")]


def _nodes(top: ast.AST, *, at_run_time: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(top):
        if at_run_time:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
                continue
        yield node
        yield from _nodes(node, at_run_time=at_run_time)


def _origin(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    if modules()[module].name != "__init__.py":
        parts = parts[:-1]
    parts = parts[: len(parts) - (node.level - 1)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _module_of(origin: str, name: str) -> str:
    inner = f"{origin}.{name}"
    return inner if inner in modules() else origin


def _is_import_call(node: ast.Call) -> bool:
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in ("import_module", "__import__") and bool(node.args)
