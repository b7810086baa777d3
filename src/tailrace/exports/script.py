"""A Python script in the percent form, which editors and jupytext read back as cells.

Lines only IPython understands are commented out where the cell is no Python with them; the
script is then valid Python, and says how many there were.
"""

import ast
import re

from tailrace.formats.notebook import Cell, Notebook

_MAGIC = re.compile(r"^\s*(?:[%!]|\?|.*\?\s*$|[\w, .()\[\]]+=\s*[%!])")


def script_of(notebook: Notebook) -> tuple[str, list[str]]:
    """The script, and sentences about what is not in it."""
    parts, commented, with_outputs = [], 0, 0
    for cell in notebook.cells:
        marker = "# %%" if cell.kind == "code" else f"# %% [{cell.kind}]"
        if cell.kind == "code":
            source, lines = _code(cell)
            commented += lines
            with_outputs += bool(cell.outputs)
        else:
            source = _comment(cell.source)
        parts.append(f"{marker}\n{source}\n" if source else f"{marker}\n")
    missing = []
    if with_outputs:
        missing.append(f"the outputs of {with_outputs} cell{'' if with_outputs == 1 else 's'}")
    if commented:
        missing.append(f"{commented} line{'' if commented == 1 else 's'} for IPython (commented)")
    return "\n".join(parts), missing


def _code(cell: Cell) -> tuple[str, int]:
    if _is_python(cell.source):
        return cell.source, 0
    lines = cell.source.split("\n")
    if cell.source.lstrip().startswith("%%"):
        return _comment(cell.source), len(lines)
    kept, commented = [], 0
    for line in lines:
        if _MAGIC.match(line):
            # `pass` keeps a block that had nothing else.
            indent = line[: len(line) - len(line.lstrip())]
            kept.append(f"{indent}pass  # {line.strip()}" if indent else f"# {line}")
            commented += 1
        else:
            kept.append(line)
    return "\n".join(kept), commented


def _is_python(source: str) -> bool:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST
    try:
        compile(source, "<cell>", "exec", flags)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def _comment(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n")) if text else ""
