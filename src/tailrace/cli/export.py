"""`tailrace export`: a notebook as a script, Markdown or one HTML file.

It runs nothing and opens nothing but the notebook. What the form cannot hold is said.
"""

import sys
from pathlib import Path

import click

from tailrace.exports.html import html_file_of
from tailrace.exports.markdown import markdown_of
from tailrace.exports.script import script_of
from tailrace.formats.ipynb import parse
from tailrace.protocol.errors import FileNotWritable, FileTaken

SUFFIXES = {"script": ".py", "markdown": ".md", "html": ".html"}


@click.command("export")
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", type=click.Choice(list(SUFFIXES)), help="What to write (else by the output).")
@click.option("-o", "--output", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def export(notebook: Path, to: str | None, output: Path | None, force: bool) -> None:
    """Write NOTEBOOK as a script, Markdown or one HTML file that is safe to pass on."""
    form = to or _form_of(output)
    value = parse(notebook.read_bytes())
    if form == "script":
        text, missing = script_of(value)
    elif form == "markdown":
        text, missing = markdown_of(value)
    else:
        text, missing = html_file_of(value, notebook.stem)
    data = text.encode("utf-8", "replace")
    if output is not None and str(output) == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        target = output or notebook.with_suffix(SUFFIXES[form])
        _write(target, data, force)
        click.echo(f"wrote {target}", err=True)
    if missing:
        click.echo(f"left out: {'; '.join(missing)}", err=True)


def _form_of(output: Path | None) -> str:
    if output is not None:
        for form, suffix in SUFFIXES.items():
            if output.suffix.lower() == suffix:
                return form
    raise click.UsageError(f"say what to write: --to {' | '.join(SUFFIXES)}")


def _write(target: Path, data: bytes, force: bool) -> None:
    try:
        with target.open("wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError as problem:
        raise FileTaken(f"there is a {target} already; --force replaces it") from problem
    except OSError as problem:
        raise FileNotWritable(f"{target} cannot be written: {problem.strerror}") from problem
