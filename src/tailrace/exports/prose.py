"""Markdown as HTML, a careful part of it: what it does not know stays text.

Every character of the source is escaped; tags are only ever put around it. No HTML passes
through, links lead to http, https and mailto, images are named and not loaded. So nothing
that stands in a notebook can run, load or look like a part of the page around it.
"""

import re
from html import escape
from urllib.parse import urlsplit

_HEADING = re.compile(r"(#{1,6})\s+(.*)\Z")
_ITEM = re.compile(r"(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(.*)\Z")
_RULE = re.compile(r"\s*(?:(?:-\s*){3,}|(?:\*\s*){3,}|(?:_\s*){3,})\Z")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\]\(([^()\s]*)(?:\s+[^()]*)?\)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_]+?)(?<=\S)\1(?![\w*])")


# Marks are looked for in pieces of text up to this long; one pass over such a piece may take
# the square of its length, and nobody writes such paragraphs.
_MARKED_CHARS = 5_000


def html_of(text: str) -> str:
    """Headings, paragraphs, lists, quotes, rules, fenced code, emphasis, code, links."""
    return "\n".join(_blocks(text.replace("\r\n", "\n").split("\n")))


def _blocks(lines: list[str]) -> list[str]:
    out: list[str] = []
    paragraph: list[str] = []
    at = 0

    def end_paragraph() -> None:
        if paragraph:
            out.append(f"<p>{_inline(chr(10).join(paragraph))}</p>")
            paragraph.clear()

    while at < len(lines):
        line = lines[at]
        if fence := _FENCE.match(line):
            end_paragraph()
            code, at = _until(lines, at + 1, fence[1])
            out.append(f"<pre><code>{escape(code)}</code></pre>")
            continue
        if heading := _HEADING.match(line):
            end_paragraph()
            level = len(heading[1])
            out.append(f"<h{level}>{_inline(heading[2].rstrip().rstrip('#').rstrip())}</h{level}>")
        elif _RULE.match(line):
            end_paragraph()
            out.append("<hr>")
        elif _ITEM.match(line):
            end_paragraph()
            items, at = _list(lines, at)
            out.append(items)
            continue
        elif line.startswith(">"):
            end_paragraph()
            quoted: list[str] = []
            while at < len(lines) and lines[at].startswith(">"):
                quoted.append(lines[at][1:].removeprefix(" ").lstrip(">"))
                at += 1
            out.append(f"<blockquote><p>{_inline(chr(10).join(quoted))}</p></blockquote>")
            continue
        elif line.strip():
            paragraph.append(line.strip())
        else:
            end_paragraph()
        at += 1
    end_paragraph()
    return out


def _until(lines: list[str], at: int, fence: str) -> tuple[str, int]:
    code = []
    while at < len(lines) and not lines[at].strip().startswith(fence):
        code.append(lines[at])
        at += 1
    return "\n".join(code), at + 1


def _list(lines: list[str], at: int) -> tuple[str, int]:
    """One list, one level of it: deeper items stay items, further in."""
    items: list[tuple[int, list[str]]] = []
    first = _ITEM.match(lines[at])
    tag = "ol" if first and first[2] else "ul"
    while at < len(lines):
        item = _ITEM.match(lines[at])
        if item:
            items.append((min(len(item[1].expandtabs(4)) // 2, 6), [item[3]]))
        elif lines[at].startswith("  ") and lines[at].strip():
            items[-1][1].append(lines[at].strip())
        else:
            break
        at += 1
    shown = "\n".join(
        f'<li style="margin-left: {depth}em">{_inline(chr(10).join(texts))}</li>'
        for depth, texts in items
    )
    return f"<{tag}>\n{shown}\n</{tag}>", at


def _inline(text: str) -> str:
    """Code first, as nothing else counts inside it; the rest around it."""
    if len(text) > _MARKED_CHARS:
        return escape(text)
    parts, end = [], 0
    for code in _CODE.finditer(text):
        parts += [_marked(text[end : code.start()]), f"<code>{escape(code[2])}</code>"]
        end = code.end()
    return "".join([*parts, _marked(text[end:])])


def _marked(text: str) -> str:
    parts, end = [], 0
    for link in _LINK.finditer(text):
        parts += [_emphasised(text[end : link.start()]), _link(*link.groups())]
        end = link.end()
    return "".join([*parts, _emphasised(text[end:])])


def _link(bang: str, label: str, target: str) -> str:
    if bang:
        return f"<em>[image: {escape(label or target[:60])}]</em>"
    shown = _emphasised(label)
    try:
        is_safe = urlsplit(target).scheme.lower() in ("http", "https", "mailto")
    except ValueError:
        is_safe = False
    if not is_safe:
        return shown
    return f'<a href="{escape(target, quote=True)}" rel="noopener noreferrer">{shown}</a>'


def _emphasised(text: str) -> str:
    text = escape(text)
    text = _STRONG.sub(r"<strong>\2</strong>", text)
    return _EMPHASIS.sub(r"<em>\2</em>", text)
