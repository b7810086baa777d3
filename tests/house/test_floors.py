"""The floors of docs/design: who may import whom, and what the lower floors may touch."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.source import STANDARD, imports, modules, ours, tree

FLOORS = {
    "tailrace_kernel": 0,
    "tailrace.protocol": 0,
    "tailrace.core": 1,
    "tailrace.analysis": 1,
    "tailrace.formats": 1,
    "tailrace.jupyter": 1,
    "tailrace.log": 2,
    "tailrace.kernels": 2,
    "tailrace.documents": 2,
    "tailrace.blobs": 2,
    "tailrace.files": 2,
    "tailrace.language": 2,
    "tailrace.session": 3,
    "tailrace.exports": 4,
    "tailrace.mcp": 4,
    "tailrace.dashboards": 4,
    "tailrace.pipelines": 4,
    "tailrace.assembly": 5,
    "tailrace.settings": 5,
    "tailrace.folders": 5,
    "tailrace.page_settings": 5,
    "tailrace.headless": 5,
    "tailrace.server": 6,
    "tailrace.cli": 7,
}
TESTING = "tailrace.testing"
TESTING_MAY_USE = 3
EVERYWHERE = "tailrace"  # the package itself: its version

# Rooms on the fifth floor build on one another: settings, folders, then assembly.
WITHIN_FIFTH = {
    "tailrace.assembly": {"tailrace.settings", "tailrace.folders", "tailrace.page_settings"},
    "tailrace.settings": set(),
    "tailrace.folders": set(),
    "tailrace.page_settings": {"tailrace.folders"},
    "tailrace.headless": {"tailrace.folders"},
}

# The words on the wire between host and guest are the guest's.
A_GUEST_ITSELF = "tailrace.kernels.bridge"  # made of the guest's parts, in its own process
GUEST_FOR_KERNELS = ("tailrace_kernel.wire", "tailrace_kernel.serve")

PURE = (
    "tailrace.protocol",
    "tailrace.core",
    "tailrace.analysis",
    "tailrace.formats",
    "tailrace.jupyter",
)
# jupytext and nbformat from text to value and back: `formats/text_notebook.py`.
PURE_MAY_USE = {"msgspec", "sqlglot", "tailrace", "jupytext", "nbformat"}
IMPURE_STANDARD = {
    "asyncio", "concurrent", "ctypes", "datetime", "glob", "http", "io", "locale", "logging",
    "mmap", "multiprocessing", "os", "pathlib", "platform", "pickle", "queue", "random",
    "requests", "secrets", "select", "selectors", "shelve", "shutil", "signal", "socket",
    "socketserver", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib.request", "uuid",
}  # fmt: skip
# The schema is written by a program that lives beside the words it describes.
PROGRAMS = {"tailrace.protocol.schema", "tailrace.protocol.typescript"}

GUEST_MAY_USE = {
    "IPython", "traitlets", "ipykernel", "comm", "matplotlib", "matplotlib_inline", "duckdb",
    "tailrace_kernel",
    # Only looked at when the notebook has imported them itself.
    "PIL", "numpy", "pandas", "polars", "pyarrow", "plotly", "cv2", "psutil", "winreg",
    "ipywidgets",
    # The debugger, once somebody debugs.
    "debugpy", "pydevd", "_pydevd_bundle",
}  # fmt: skip


def room_of(module: str) -> str:
    """`tailrace.log.embedded` → `tailrace.log`; a single file is its own room."""
    parts = module.split(".")
    return parts[0] if parts[0] == "tailrace_kernel" else ".".join(parts[:2])


def known_modules() -> Iterator[str]:
    yield from (m for m in modules() if room_of(m) not in (TESTING, EVERYWHERE))


@pytest.mark.parametrize("module", sorted(modules()))
def test_every_module_is_on_a_floor(module: str) -> None:
    assert room_of(module) in {*FLOORS, TESTING, EVERYWHERE}, (
        f"{module} is in no room of the design; say on which floor it is, in FLOORS"
    )


@pytest.mark.parametrize("module", sorted(known_modules()))
def test_nothing_imports_from_its_own_floor_or_above(module: str) -> None:
    room, floor = room_of(module), FLOORS[room_of(module)]
    for name in ours(imports(module)):
        other = room_of(name)
        if other in (room, EVERYWHERE):
            continue
        assert other != TESTING, f"{module} imports the tests' tools: {name}"
        if other == "tailrace_kernel":
            assert room == "tailrace.kernels", f"only kernels/ may use the guest, not {module}"
            continue
        if room in WITHIN_FIFTH and other in WITHIN_FIFTH:
            assert other in WITHIN_FIFTH[room], f"{module} may not import {name}"
            continue
        assert FLOORS[other] < floor, (
            f"{module} (floor {floor}) imports {name} (floor {FLOORS[other]})"
        )


@pytest.mark.parametrize("module", sorted(m for m in modules() if room_of(m) == TESTING))
def test_the_tests_tools_use_floors_0_to_3(module: str) -> None:
    for name in ours(imports(module)):
        room = room_of(name)
        if room in (TESTING, EVERYWHERE, "tailrace_kernel"):
            continue
        assert FLOORS[room] <= TESTING_MAY_USE, f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(m for m in modules() if room_of(m) == "tailrace_kernel"))
def test_the_guest_imports_nothing_of_ours(module: str) -> None:
    for name in imports(module):
        top = name.split(".")[0]
        assert top in STANDARD or top in GUEST_MAY_USE, f"{module} imports {name}"


@pytest.mark.parametrize("module", sorted(m for m in modules() if room_of(m) == "tailrace.kernels"))
def test_kernels_use_only_the_guests_door(module: str) -> None:
    if module.startswith(A_GUEST_ITSELF):
        return
    for name in imports(module):
        if name.split(".")[0] == "tailrace_kernel":
            assert name.startswith(GUEST_FOR_KERNELS), f"{module} imports {name}"


@pytest.mark.parametrize(
    "module", sorted(m for m in modules() if room_of(m) in PURE and m not in PROGRAMS)
)
def test_the_lower_floors_are_pure(module: str) -> None:
    for name in imports(module):
        top = name.split(".")[0]
        assert not {top, name} & IMPURE_STANDARD, f"{module} imports {name}"
        assert top in STANDARD or top in PURE_MAY_USE, f"{module} imports {name}"
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            pytest.fail(f"{module}:{node.lineno} waits for something")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = node.func.id
            assert called not in ("open", "print", "input", "exec", "eval"), (
                f"{module}:{node.lineno} calls {called}()"
            )


def test_modules_import_each_other_without_rings() -> None:
    graph = {
        module: [name for name in ours(imports(module, at_run_time=True)) if name != module]
        for module in modules()
    }
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, f"a ring: {' → '.join([*path[path.index(module) :], module])}"
        if module in done:
            return
        for name in graph.get(module, ()):
            # A package is imported before its own modules; that is not a ring.
            if not module.startswith(f"{name}."):
                visit(name, (*path, module))
        done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize(
    "module", sorted(m for m, file in modules().items() if file.name == "__init__.py")
)
def test_an_init_file_is_a_table_of_contents(module: str) -> None:
    """A docstring, imports, `__all__` and constants: nothing that is defined or done."""
    for node in tree(module).body:
        if module == "tailrace" and isinstance(node, ast.If | ast.FunctionDef):
            # `tailrace.run`: the one that programs import must not load the whole product.
            assert ast.unparse(getattr(node, "test", node)).startswith(
                ("TYPE_CHECKING", "def __getattr__(")
            )
            continue
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_plain = isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign)
        assert is_text or is_plain, f"{module}:{node.lineno} does more than list"


REFUSED_NAMES = {"utils", "helpers", "common", "manager", "service", "handler", "base", "misc"}


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_file_is_named_by_what_it_is(module: str) -> None:
    assert not REFUSED_NAMES & set(module.split(".")), module


UNSAFE_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


@pytest.mark.parametrize("module", sorted(m for m in modules() if room_of(m) != "tailrace_kernel"))
def test_nothing_of_ours_decodes_what_can_run_code(module: str) -> None:  # SEC-20
    for name in imports(module):
        assert name.split(".")[0] not in UNSAFE_MODULES, f"{module} imports {name}"
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in ("yaml.load", "yaml.unsafe_load", "eval", "exec"), (
            f"{module}:{node.lineno} calls {called}"
        )
        for keyword in node.keywords:
            value = keyword.value
            allows = isinstance(value, ast.Constant) and value.value is True
            assert not (keyword.arg == "allow_pickle" and allows), f"{module}:{node.lineno}"


@pytest.mark.parametrize("module", sorted(modules()))
def test_no_error_is_swallowed_unseen(module: str) -> None:
    """`except Exception: pass`, or a bare `except:`, hides what nobody foresaw."""
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.ExceptHandler):
            continue
        assert node.type is not None, f"{module}:{node.lineno} catches everything"
        is_broad = ast.unparse(node.type) in ("Exception", "BaseException")
        is_empty = all(
            isinstance(inner, ast.Pass)
            or (isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Constant))
            for inner in node.body
        )
        assert not (is_broad and is_empty), f"{module}:{node.lineno} swallows every error"
