"""The table that `make bench` prints: one row a claim, ours beside the peers and the target."""

from typing import Any, NamedTuple


class Row(NamedTuple):
    """`must` is the largest value that will do; `at_least` where more is better."""

    title: str
    scenario: str
    figure: str
    unit: str
    must: float | None
    at_least: bool = False


ROWS = [
    Row("start to HTTP ready", "start", "ready_s", "s", 0.6),
    Row("kernel asked for to 1+1", "kernel-start", "kernel_start_s", "s", 0.05),
    Row("memory per idle session (PSS)", "kernel-start", "session_pss_mb", "MB", 15),
    Row("1+1 round trip p50", "round-trip", "p50_ms", "ms", 1.5),
    Row("1+1 round trip p99", "round-trip", "p99_ms", "ms", 4),
    Row("print, flushed p50", "print-flushed", "p50_ms", "ms", 1.0),
    Row("print, flushed p99", "print-flushed", "p99_ms", "ms", 4),
    Row("print p50", "print-unflushed", "p50_ms", "ms", 1.0),
    Row("print p99", "print-unflushed", "p99_ms", "ms", 5),
    Row("1,000,000 lines, last at client", "million-lines", "last_line_s", "s", 1.5),
    Row("1,000,000 lines, lost", "million-lines", "lost", "", 0),
    Row("50 MB string", "big-string", "last_byte_s", "s", 0.6),
    Row("50 MB string, arrived", "big-string", "megabytes", "MB", 50, at_least=True),
    Row("20,000 \\r updates", "progress", "last_s", "s", 0.4),
    Row("20,000 \\r updates, frames", "progress", "frames", "", 200),
    Row("20,000 lines to 100 clients", "fan-out", "last_client_s", "s", 0.1),
    Row("attaching 99 more", "fan-out", "attach_s", "s", 0.3),
    Row("first line of a busy print loop", "first-line", "first_line_ms", "ms", 15),
    Row("100 figures: first", "figures", "first_ms", "ms", 40),
    Row("100 figures: all", "figures", "all_s", "s", 3.1),
    Row("interrupt to idle", "interrupt", "ms", "ms", 8),
    Row("interrupt to idle, the first", "interrupt", "first_ms", "ms", 8),
    Row("20 sessions printing, p99", "twenty-sessions", "p99_ms", "ms", 5),
    Row("socket lost 2 s, same client: lines", "dropped-same", "lines", "", 250, at_least=True),
    Row("socket lost 2 s, new client: lines", "dropped-new", "lines", "", 250, at_least=True),
    Row("server kill -9, restarted: lines", "killed", "lines", "", 250, at_least=True),
    Row("server kill -9: variables kept", "killed", "kept", "", 1, at_least=True),
    Row("a client that never reads: p95 of another", "never-reads", "ratio", "×", 1.5),
    Row("a client that never reads: server grew", "never-reads", "server_grew_mb", "MB", 100),
    Row("1 GB of output: server peak", "gigabyte", "server_peak_mb", "MB", 300),
    Row("1 GB of output", "gigabyte", "seconds", "s", None),
]


def rendered(rows: list[Row], results: dict[str, dict[str, Any]], products: list[str]) -> str:
    """The table as Markdown; rows that were not measured are left out."""
    lines = [
        "| | " + " | ".join(products) + " | must | |",
        "|---|" + "---|" * (len(products) + 2),
    ]
    for row in rows:
        found = results.get(row.scenario)
        if found is None:
            continue
        cells = [_cell(found.get(product), row) for product in products]
        verdict = _verdict(found.get("tailrace"), row)
        lines.append(f"| {row.title} | {' | '.join(cells)} | {_must(row)} | {verdict} |")
    return "\n".join(lines)


def _cell(figures: dict[str, Any] | None, row: Row) -> str:
    if figures is None:
        return "–"
    if "failed" in figures:
        return "failed"
    value = figures.get(row.figure)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    shown = f"{value:.3g}" if isinstance(value, float) and abs(value) < 1000 else f"{value:,.0f}"
    return f"{shown} {row.unit}".strip()


def _must(row: Row) -> str:
    if row.must is None:
        return ""
    return f"{'≥' if row.at_least else '≤'} {row.must:g} {row.unit}".strip()


def _verdict(figures: dict[str, Any] | None, row: Row) -> str:
    value = (figures or {}).get(row.figure)
    if value is None or row.must is None:
        return ""
    good = value >= row.must if row.at_least else value <= row.must
    return "" if good else "over"
