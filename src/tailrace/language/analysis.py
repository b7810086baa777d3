"""Answers questions about a Python text with jedi, without running the text.

Libraries' own compiled modules may be imported to look inside; those of another
environment, or of the notebook's folder, never are: they may have come with the notebook.
"""

import sys
from collections.abc import Callable
from inspect import Parameter
from typing import Any

import jedi
from jedi.api.environment import InterpreterEnvironment

from tailrace.language.questions import Question

MATCHES_MOST = 1000
SIGNATURES_MOST = 8
USES_MOST = 500
TEXT_MOST = 20_000  # characters of documentation


class _Bare(InterpreterEnvironment):  # type: ignore[misc]
    """This Python with its standard library alone."""

    def get_sys_path(self) -> list[str]:
        return [
            path
            for path in sys.path
            if path and "site-packages" not in path and "dist-packages" not in path
        ]


def keep_in(folder: str) -> None:
    """What is learned of libraries, from now on."""
    jedi.settings.cache_directory = folder


def answered(question: Question) -> dict[str, Any]:
    """The answer, as the page is sent it. Lines count from 0."""
    script = _script(question)
    answer = _ANSWERS[question.kind]
    return answer(script, question.line + 1, question.column)


def _script(question: Question) -> jedi.Script:
    environment = InterpreterEnvironment() if question.packages is None else _Bare()
    project = jedi.Project(
        question.folder,
        added_sys_path=[question.folder, *(question.packages or [])],
        smart_sys_path=False,
    )
    return jedi.Script(question.text, environment=environment, project=project)


def _complete(script: jedi.Script, line: int, column: int) -> dict[str, Any]:
    matches = []
    typed = 0
    for found in script.complete(line, column)[:MATCHES_MOST]:
        typed = found.get_completion_prefix_length()
        text = found.name_with_symbols
        matches.append({"text": text, "kind": _kind(found), "signature": ""})
    return {"matches": matches, "typed": typed}


def _kind(found: Any) -> str:
    """What the name is, as far as the place that names it says; empty where that is elsewhere.

    `found.type` looks everywhere: for the names of pandas that takes a minute.
    """
    name = getattr(found, "_name", None)
    tree_name = getattr(name, "tree_name", None)
    definition = None if tree_name is None else tree_name.get_definition()
    if name is None or (definition is not None and definition.type == "import_from"):
        return ""
    return "instance" if name.api_type == "statement" else str(name.api_type)


def _signature(script: jedi.Script, line: int, column: int) -> dict[str, Any]:
    signatures = []
    for found in script.get_signatures(line, column)[:SIGNATURES_MOST]:
        label = f"{found.name}("
        spans = []
        is_open = True  # whether a bare * would be news
        for at, parameter in enumerate(found.params):
            if at > 0:
                label += ", "
            if parameter.kind is Parameter.KEYWORD_ONLY and is_open:
                label += "*, "
            is_open = is_open and parameter.kind < Parameter.VAR_POSITIONAL
            text = parameter.to_string()
            spans.append([len(label), len(label) + len(text)])
            label += text
        signatures.append(
            {
                "label": f"{label})",
                "parameters": spans,
                "active": found.index,
                "text": _first_paragraph(found.docstring(raw=True)),
            }
        )
    return {"signatures": signatures}


def _first_paragraph(text: str) -> str:
    return text.strip().partition("\n\n")[0][:TEXT_MOST]


def _describe(script: jedi.Script, line: int, column: int) -> dict[str, Any]:
    for found in script.help(line, column):
        if found.type == "keyword":
            continue
        inferred = [each for each in found.infer() if each.type == "instance"]
        head = found.type
        if inferred:
            head = f"{found.name}: {inferred[0].name}"
        elif found.full_name:
            head = f"{found.type} {found.full_name}"
        text = found.docstring()
        if not text and inferred:
            text = inferred[0].docstring()
        return {"found": True, "head": head, "text": text[:TEXT_MOST]}
    return {"found": False}


def _definition(script: jedi.Script, line: int, column: int) -> dict[str, Any]:
    places = script.goto(line, column, follow_imports=True, follow_builtin_imports=True)
    for found in places:
        if (
            found.module_path is None
            and found.line is not None
            and found.module_name in ("", "__main__")
        ):
            return {"found": True, "line": found.line - 1, "column": found.column}
    for found in places:
        if found.module_path is not None or found.module_name:
            return {
                "found": True,
                "module": found.module_name,
                "name": found.name,
                "file_line": found.line,
            }
    return {"found": False}


def _uses(script: jedi.Script, line: int, column: int) -> dict[str, Any]:
    found = script.get_references(line, column, scope="file", include_builtins=False)
    here = [each for each in found if each.module_path is None][:USES_MOST]
    return {
        "name": here[0].name if here else "",
        "places": [
            {"line": each.line - 1, "column": each.column, "defines": each.is_definition()}
            for each in here
        ],
    }


_ANSWERS: dict[str, Callable[[jedi.Script, int, int], dict[str, Any]]] = {
    "complete": _complete,
    "signature": _signature,
    "describe": _describe,
    "definition": _definition,
    "uses": _uses,
}
