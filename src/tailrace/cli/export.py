"""`tailrace export`: a notebook in another form: HTML, PDF, Markdown, a script.

It runs nothing and opens nothing but the notebook. What the form cannot hold is said.
"""

import sys
from pathlib import Path

import click

from tailrace.exports.exported import ENDINGS, FORMS, To, exported, form_called
from tailrace.files.notebook_files import read_notebook
from tailrace.formats.forms import form_of
from tailrace.protocol.errors import FileNotWritable, FileTaken


@click.command("export")
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", type=click.Choice(FORMS), help="What to write (else by the output).")
@click.option("-o", "--output", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that exists.")
def export(notebook: Path, to: str | None, output: Path | None, force: bool) -> None:
    """Write NOTEBOOK in another form: one HTML file, a PDF, Markdown, a script."""
    form = form_called(to) if to else _form_of(output)
    value = form_of(notebook.name).parse(read_notebook(notebook))
    made = exported(value, form, notebook.stem)
    data = made.data
    if output is not None and str(output) == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        target = output or notebook.with_name(made.name)
        _write(target, data, force)
        click.echo(f"wrote {target}", err=True)
    if made.missing:
        click.echo(f"left out: {'; '.join(made.missing)}", err=True)


def _form_of(output: Path | None) -> To:
    if output is not None:
        for form, suffix in ENDINGS.items():
            if output.suffix.lower() == suffix:
                return form
    raise click.UsageError(f"say what to write: --to {' | '.join(FORMS)}")


def _write(target: Path, data: bytes, force: bool) -> None:
    try:
        with target.open("wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError as problem:
        raise FileTaken(f"there is a {target} already; --force replaces it") from problem
    except OSError as problem:
        raise FileNotWritable(f"{target} cannot be written: {problem.strerror}") from problem
