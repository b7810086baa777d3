"""A room reads what is there, refuses what hurts, and follows the file."""

import random
from contextlib import suppress

import pycrdt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text

from tailrace.documents import schema
from tailrace.documents.merging import arranged
from tailrace.documents.room import Room
from tailrace.documents.schema import DocumentCell
from tailrace.documents.update import UPDATE_BYTES, inspect
from tailrace.formats.notebook import Notebook
from tailrace.protocol.errors import (
    DocumentUpdateGap,
    DocumentUpdateRefused,
    DocumentUpdateTooLarge,
)
from tailrace.protocol.ids import CellId
from tests.documents.peers import Peer, cell, notebook, shown


def room_of(*cells: str) -> Room:
    return Room.from_notebook(notebook(*(cell(name, name) for name in cells)))


# ── reading ──────────────────────────────────────────────────────────────────


def test_a_room_reads_as_the_notebook_it_came_from() -> None:  # DOC-1
    original = notebook(
        cell("a", "print('é 🎉')\n", metadata={"tags": ["x"], "n": 1.0, "deep": {"b": [1, None]}}),
        cell("b", "# Title", "markdown", attachments={"i.png": {"image/png": "aGk="}}),
        cell("c", "", "raw", extra={"colour": "red"}),
        metadata={"kernelspec": {"name": "python3"}, "z": 1, "a": True},
    )

    room = Room.from_notebook(original)

    assert [(c.cell_id, c.kind, c.source) for c in room.cells()] == [
        ("a", "code", "print('é 🎉')\n"),
        ("b", "markdown", "# Title"),
        ("c", "raw", ""),
    ]
    assert room.to_notebook(original) == original
    assert Room.from_update(room.state()).to_notebook(original) == original
    assert room.source(CellId("a")) == "print('é 🎉')\n"
    assert room.source(CellId("nowhere")) is None
    assert room.metadata()["kernelspec"] == {"name": "python3"}


def test_only_cells_that_changed_are_read_again() -> None:  # DOC-3
    room = room_of("a", "b")
    peer = Peer(room.state())
    before, facts = room.to_cells(), room.cells()
    peer.insert("b", 0, "x")
    (update,) = peer.unsent

    assert room.cells() is facts
    room.apply(update)

    assert shown(room) == [("a", "a"), ("b", "xb")]
    assert room.to_cells()[0] is before[0]


def test_ill_typed_fields_read_as_defaults() -> None:  # DOC-3
    doc: Doc[Map[object]] = Doc()
    cells = schema.cells_of(doc)
    cells["no-fields"] = Map({})
    cells["wrong"] = Map(
        {"kind": 5, "source": Array([1]), "metadata": "text", "position": [1], "extra": 1}
    )
    cells["plain"] = Map({"source": "a string", "metadata": Map({"m": Map({"t": Text("x")})})})
    cells["no-cell"] = 7
    cells["bad id!"] = Map({"source": Text("x")})

    room = Room.from_update(doc.get_update())

    assert shown(room) == [("no-fields", ""), ("plain", "a string"), ("wrong", "")]
    assert {cell.kind for cell in room.cells()} == {"code"}
    assert [cell.metadata for cell in room.to_cells()] == [{}, {"m": {"t": "x"}}, {}]
    assert room.metadata() == {}


def test_what_the_document_cannot_hold_comes_back_from_the_file() -> None:  # DOC-4
    deep: object = "bottom"
    for _ in range(500):
        deep = [deep]
    original = notebook(
        cell("a", "lone \ud800 half", metadata={"z": 1.0, "a": 2**70, "d": deep, "b": True}),
        metadata={"nan": float("nan"), "big": 10**400, "pair": "\ud83d\ude00", "n": 2**53 + 1},
    )
    room = Room.from_notebook(original)
    peer = Peer(room.state())

    assert room.source(CellId("a")) == "lone \ufffd half"
    assert room.metadata() == {"nan": None, "big": None, "pair": "😀", "n": float(2**53)}
    back = room.to_notebook(original)
    assert back.cells == original.cells
    assert list(back.cells[0].metadata) == ["z", "a", "d", "b"]
    assert room.merge_notebook(original) is None

    peer.map["a"]["metadata"]["b"] = 1
    peer.send_to(room, [])
    changed = room.to_notebook(original).cells[0].metadata
    assert changed["b"] == 1
    assert changed["b"] is not True
    assert changed["a"] == 2**70


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), json_values, max_size=4))
def test_any_metadata_is_held_and_comes_back(metadata: dict[str, object]) -> None:  # DOC-4
    original = notebook(cell("a", metadata=metadata), metadata=metadata)

    room = Room.from_update(Room.from_notebook(original).state())

    assert repr(room.to_notebook(original).metadata) == repr(metadata)
    assert repr(room.to_notebook(original).cells[0].metadata) == repr(metadata)
    assert room.merge_notebook(original) is None


# ── refusing ─────────────────────────────────────────────────────────────────


def number(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def text(value: str) -> bytes:
    return number(len(value)) + value.encode()


def one_item(content: bytes, info: int = 0x28, parent: bytes | None = None) -> bytes:
    """An update of one item under `cells`, or under `parent`."""
    where = parent if parent is not None else number(1) + text("cells")
    return number(1) + number(1) + number(77) + number(0) + bytes([info]) + where + content + b"\0"


def value(content: bytes) -> bytes:
    return one_item(text("x") + number(1) + content)


def nested_types(depth: int) -> bytes:
    """Maps in a map in a map: deleting the outermost recurses in native code."""
    end = text("x") + number(1)
    items = [bytes([0x27]) + number(1) + text("cells") + end]
    above = bytes([0x27]) + number(0) + number(77)
    items += [above + number(clock) + end for clock in range(depth - 1)]
    return number(1) + number(depth) + number(77) + number(0) + b"".join(items) + b"\0"


HOSTILE = {
    "nothing": b"",
    "one zero": b"\0",
    "letters": b"hello",
    "values nested deep": value(b"\x75\x01" * 200_000 + b"\x7e"),
    "objects nested deep": value(b"\x76\x01\x01k" * 100_000 + b"\x7e"),
    "a document nested deep": one_item(text("x") + text("g") + b"\x75\x01" * 9_000, 0x29),
    "types nested deep": nested_types(100_000),
    "types nested a little": nested_types(600),
    "a stranger's root": one_item(number(1) + b"\x7e", 0x08, number(1) + text("else")),
    "an id that is none": one_item(text("a b") + number(1) + b"\x7e"),
    "an id too long": one_item(text("a" * 65) + number(1) + b"\x7e"),
    "xml": one_item(text("x") + number(4), 0x27),
    "no such content": one_item(text("x") + number(1), 0x2B),
    "bytes behind the end": value(b"\x7e") + b"more",
    "a huge count": number(2**40) + b"\0" * 20,
    "a huge clock": number(1) * 2 + number(77) + number(2**62) + b"\0" + number(2**62) + b"\0",
    "a huge length": one_item(number(2**63), 0x01, number(1) + text("cells")),
    "a length of none": one_item(number(0), 0x01, number(1) + text("cells")),
    "deletion of the unknown": b"\x00\x01" + number(99) + b"\x01\x00\x05",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_update_is_refused_and_nothing_changed(name: str) -> None:  # DOC-5 DOC-6
    room = room_of("a", "b")
    state, cells, version = room.state(), room.cells(), room.version

    with pytest.raises(DocumentUpdateRefused):
        room.apply(HOSTILE[name])

    assert (room.state(), room.cells(), room.version) == (state, cells, version)
    peer = Peer(room.state())
    peer.insert("a", 1, "!")
    peer.send_to(room, [])
    assert shown(room)[0] == ("a", "a!")


def test_types_cannot_be_nested_deep_step_by_step() -> None:  # DOC-6
    room = room_of("a")
    peer = Peer(room.state())
    inner = peer.map["a"]
    refused = 0
    for _ in range(40):
        inner["x"] = Map({})
        inner = inner["x"]
        try:
            room.apply(peer.unsent.pop())
        except DocumentUpdateRefused:
            refused += 1

    assert refused > 0
    assert shown(room) == [("a", "a")]


def test_an_update_that_fails_half_way_leaves_no_half() -> None:  # DOC-5
    room = room_of("a")
    before = room.state()
    # The first item is good, the second names a text's character as its parent.
    client = 7
    good = bytes([0x28]) + number(1) + text("metadata") + text("k") + number(1) + b"\x78"
    bad = bytes([0x28]) + number(0) + number(client) + number(0) + text("k") + number(1) + b"\x78"
    update = number(1) + number(2) + number(client) + number(0) + good + bad + b"\0"

    with pytest.raises(DocumentUpdateRefused):
        room.apply(update)

    assert room.state() == before
    assert room.metadata() == {}


def test_an_update_over_8_mb_is_refused() -> None:  # DOC-6
    room = room_of("a")
    peer = Peer(room.state())
    peer.insert("a", 0, "x" * UPDATE_BYTES)

    with pytest.raises(DocumentUpdateTooLarge) as refused:
        room.apply(peer.unsent[0])

    assert refused.value.limit_bytes == UPDATE_BYTES
    peer = Peer(room.state())
    peer.insert("a", 0, "x" * (UPDATE_BYTES - 1000))
    peer.send_to(room, [])
    assert len(room.cells()[0].source) == UPDATE_BYTES - 999


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_an_update_whose_beginning_is_missing_is_refused(missing: int) -> None:  # DOC-7
    room = room_of("a")
    peer = Peer(room.state())
    peer.insert("a", 1, "x")
    peer.add_cell("n", 0, "new")
    peer.insert("n", 3, "y")
    peer.remove("n", 2, 4)
    for index, update in enumerate(peer.unsent):
        if index == missing:
            continue
        if index > missing:
            with pytest.raises(DocumentUpdateGap):
                room.apply(update)
        else:
            room.apply(update)

    room.apply(peer.doc.get_update(room.state_vector()))

    assert shown(room) == [("a", "ax"), ("n", "ne")]
    assert Room.from_update(room.state()).cells() == room.cells()


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.sampled_from(["edit", "whole", "offline"]))
def test_damaged_updates_never_damage_the_room(seed: int, wounds: int, kind: str) -> None:
    # DOC-5 DOC-6
    dice = random.Random(seed)
    room = room_of("a", "b", "c")
    peer = Peer(room.state())
    peer.insert("b", 1, "é🎉")
    peer.add_cell("d", 1, "u" * 200)
    peer.remove("b", 0, 1)
    update = bytearray(
        {"edit": peer.unsent[0], "whole": peer.doc.get_update()}.get(
            kind, pycrdt.merge_updates(*peer.unsent)
        )
    )
    for _ in range(wounds):
        at = dice.randrange(len(update) + 1)
        match dice.randrange(4):
            case 0 if at < len(update):
                update[at] = dice.randrange(256)
            case 1:
                del update[at : at + dice.randint(1, 8)]
            case 2:
                update[at:at] = dice.randbytes(dice.randint(1, 4))
            case _:
                begin = dice.randrange(len(update) + 1)
                update[at:at] = update[begin : begin + 20]
    before = room.to_notebook()
    state = room.state()

    try:
        room.apply(bytes(update))
    except DocumentUpdateRefused:
        assert room.to_notebook() == before
        assert Room.from_update(state).to_notebook() == before
    room.to_notebook()
    assert Room.from_update(room.state()).to_cells() == room.to_cells()
    fresh = Peer(room.state())
    fresh.add_cell("fresh", len(fresh.cells()) - 1, "still works")
    fresh.send_to(room, [])
    assert ("fresh", "still works") in shown(room)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:  # DOC-5
    room = room_of("a")
    with suppress(DocumentUpdateRefused):
        room.apply(noise)
    assert shown(room) == [("a", "a")]
    with suppress(DocumentUpdateRefused):
        room.diff(noise)


@given(st.integers(0, 2**32))
def test_the_walk_accepts_what_peers_write(seed: int) -> None:  # DOC-6
    dice = random.Random(seed)
    room = room_of("a", "b")
    peer = Peer(room.state())
    for turn in range(10):
        peer.insert(dice.choice("ab"), 0, "uv🎉" * 50)
        peer.remove("a", 0, 1)
        peer.add_cell(f"n{turn}", 0, "vu")
        peer.map["a"]["metadata"]["k"] = {"u": [1.5, 2**40, None, True, "v", {"x": []}]}
        peer.map[f"n{turn}"]["metadata"] = Map({"again": turn})
    whole = peer.doc.get_update()
    inspect(whole)
    inspect(pycrdt.merge_updates(*peer.unsent))
    room.apply(whole)
    assert room.to_cells() == tuple(peer.cells())


def test_other_kinds_of_shared_types_are_walked_too() -> None:  # DOC-6
    doc: Doc[object] = Doc()
    doc["array"] = Array(["u" * 3000, b"bytes", Array([1, Text("t")]), Doc()])
    body = Text("v" * 3000)
    doc["text"] = body
    body.format(0, 3, {"bold": True})
    body.insert_embed(2, {"a": 1})
    inspect(doc.get_update())


# ── following the file ───────────────────────────────────────────────────────

lines = st.lists(st.sampled_from(["a", "b = 1", "", "é🎉", "    c()", "print(x)"]), max_size=12)
sources = lines.map("\n".join)


@st.composite
def notebooks(draw: st.DrawFn) -> Notebook:
    names = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8))
    return notebook(
        *(
            cell(
                name,
                draw(sources),
                draw(st.sampled_from(["code", "markdown", "raw"])),
                metadata=draw(st.dictionaries(st.sampled_from("xyz"), json_values, max_size=2)),
                attachments=draw(st.sampled_from([None, {}, {"i.png": {"image/png": "eA=="}}])),
                extra=draw(st.sampled_from([{}, {"colour": "red"}])),
            )
            for name in names
        ),
        metadata=draw(st.dictionaries(st.sampled_from("xyz"), json_values, max_size=2)),
    )


@settings(deadline=None)
@given(notebooks(), st.lists(notebooks(), min_size=1, max_size=3))
def test_a_room_becomes_what_the_file_says(first: Notebook, others: list[Notebook]) -> None:
    # DOC-9
    room = Room.from_notebook(first)
    peer = Peer(room.state())
    for other in others:
        update = room.merge_notebook(other)
        if update is not None:
            peer.receive(update)
        assert repr(room.to_notebook(other)) == repr(other)
        assert tuple(peer.cells()) == room.to_cells()
        assert room.merge_notebook(other) is None
        assert Room.from_update(room.state()).to_cells() == room.to_cells()


def test_typing_elsewhere_in_the_cell_survives_an_outside_change() -> None:  # DOC-9
    before = "import os\n\ndef f():\n    return 1\n"
    room = Room.from_notebook(notebook(cell("a", before), cell("b", "second")))
    peer = Peer(room.state())
    peer.insert("a", len(before), "# typed meanwhile")
    peer.insert("a", 0, "# first 🎉\n")
    peer.insert("b", 6, " line")

    update = room.merge_notebook(notebook(cell("b", "second"), cell("a", before.replace("1", "2"))))
    assert update is not None
    peer.receive(update)
    peer.send_to(room, [])

    changed = "# first 🎉\n" + before.replace("1", "2") + "# typed meanwhile"
    assert shown(room) == [("b", "second line"), ("a", changed)]
    assert tuple(peer.cells()) == room.to_cells()


def test_an_outside_change_of_one_word_is_a_small_update() -> None:  # DOC-9
    body = "".join(f"line {n} = {n * n}\n" for n in range(5_000))
    room = Room.from_notebook(notebook(cell("a", body), cell("b", "x")))

    update = room.merge_notebook(
        notebook(cell("a", body.replace("line 2500 =", "changed =")), cell("b", "x"))
    )

    assert update is not None
    assert len(update) < 200


def test_moving_one_cell_writes_one_position() -> None:  # DOC-9
    names = [f"c{n:03}" for n in range(100)]
    room = room_of(*names)
    before = {found.cell_id: found.position for found in room.to_cells()}
    names.insert(10, names.pop(90))

    room.merge_notebook(notebook(*(cell(name, name) for name in names)))

    after = {found.cell_id: found.position for found in room.to_cells()}
    assert [name for name in names if before[CellId(name)] != after[CellId(name)]] == ["c090"]
    assert [name for name, _ in shown(room)] == names


SMALLEST, LARGEST, LONG = "A" + "0" * 25 + "1", "z" * 27, "a0" + "V" * 300
GOOD = ("a0", "a1", "a1V", "a2", "Zz", SMALLEST, LARGEST)
BAD = ("", "~", "zzz", "a", "b00", "0", "é", LONG, "A" + "0" * 26)
positions = st.sampled_from(GOOD + BAD)


@given(st.permutations(range(9)), st.lists(positions, min_size=6, max_size=6))
def test_any_order_can_be_had_from_any_positions(order: list[int], keys: list[str]) -> None:
    # DOC-2 DOC-9
    known = {
        f"c{n}": DocumentCell(CellId(f"c{n}"), "code", "", key if key.isascii() else "~", {})
        for n, key in enumerate(keys)
    }
    wanted = [f"c{n}" for n in order]

    placed = arranged([(name, known.get(name)) for name in wanted])

    assert sorted(wanted, key=lambda name: (placed[name], name)) == wanted
    in_order = [found.cell_id for found in schema.in_order(known.values())]
    same = arranged([(name, known[name]) for name in in_order])
    assert same == {name: found.position for name, found in known.items()}
