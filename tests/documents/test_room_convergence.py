"""Several peers and the room end with the same document, and nothing twice (DOC-2, DOC-8)."""

import random
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailrace.documents.room import Room
from tests.documents.peers import Peer, cell, notebook

ACTIONS = (
    "insert", "insert", "insert", "remove", "add", "delete", "move", "split",
    "send", "send", "send-shuffled", "receive", "receive", "receive-twice", "restart",
)  # fmt: skip

steps = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.integers(0, 2), st.integers(0, 2**16)), max_size=60
)


class Story:
    """Plays steps and keeps the books: which characters were typed, removed, copied."""

    def __init__(self, peers: int = 3) -> None:
        self.room = Room.from_notebook(notebook(cell("a", "α"), cell("b", "β"), cell("c")))
        self.snapshot = self.room.state()
        self.log: list[bytes] = []
        self.peers = [Peer(self.snapshot) for _ in range(peers)]
        self.home = {"α": "a", "β": "b"}  # each character typed, and the cell it went to
        self.gone_cells: set[str] = set()
        self.removed: set[str] = set()
        self.copied: set[str] = set()
        self.made = 0

    def fresh_text(self, cell_id: str, length: int) -> str:
        self.made += length
        text = "".join(chr(0x10400 + self.made - n) for n in range(length))  # 4 bytes each
        self.home.update(dict.fromkeys(text, cell_id))
        return text

    def play(self, action: str, who: int, number: int) -> None:
        peer, dice = self.peers[who], random.Random(number)
        cells = peer.cells()
        chosen = dice.choice(cells) if cells else None
        match action:
            case "insert" if chosen:
                text = self.fresh_text(chosen.cell_id, dice.randint(1, 4))
                peer.insert(chosen.cell_id, dice.randint(0, len(chosen.source)), text)
            case "remove" if chosen and chosen.source:
                begin = dice.randrange(len(chosen.source))
                self.removed.update(peer.remove(chosen.cell_id, begin, begin + dice.randint(1, 3)))
            case "add":
                self.made += 1
                cell_id = f"n{self.made}"
                text = self.fresh_text(cell_id, 2)
                peer.add_cell(cell_id, dice.randint(-1, len(cells) - 1), text)
            case "delete" if chosen:
                # What others type into it meanwhile goes with it.
                peer.delete_cell(chosen.cell_id)
                self.gone_cells.add(chosen.cell_id)
            case "move" if chosen:
                peer.move_cell(chosen.cell_id, dice.randint(-1, len(cells) - 1))
            case "split" if chosen:
                self.made += 1
                at = dice.randint(0, len(chosen.source))
                self.copied.update(peer.split_cell(chosen.cell_id, at, f"s{self.made}"))
            case "send":
                peer.send_to(self.room, self.log)
            case "send-shuffled":
                order = [dice.randrange(len(peer.unsent)) for _ in peer.unsent]
                rest = list(range(len(peer.unsent)))
                dice.shuffle(rest)
                peer.send_to(self.room, self.log, order + rest)
            case "receive":
                self.deliver(peer)
            case "receive-twice":
                peer.received = max(0, peer.received - dice.randint(0, 5))
                self.deliver(peer)
            case "restart":
                self.restart()
            case _:
                pass

    def deliver(self, peer: Peer) -> None:
        for update in self.log[peer.received :]:
            peer.receive(update)
        peer.received = len(self.log)

    def restart(self) -> None:
        again = Room.from_update(self.snapshot, *self.log)
        assert again.to_cells() == self.room.to_cells()
        assert again.state_vector() == self.room.state_vector() or same_state(again, self.room)
        self.room = again

    def finish(self) -> None:
        for _ in range(2):
            for peer in self.peers:
                peer.send_to(self.room, self.log)
                self.deliver(peer)
        for peer in self.peers:
            self.deliver(peer)


def same_state(one: Room, other: Room) -> bool:
    """Neither has anything the other lacks."""
    nothing = b"\x00"
    return all(
        a.diff(b.state_vector()).startswith(nothing) for a, b in ((one, other), (other, one))
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_whatever_peers_do_all_end_with_one_document(
    played: list[tuple[str, int, int]],
) -> None:  # DOC-2 DOC-7 DOC-8
    story = Story()
    for action, who, number in played:
        story.play(action, who, number)
    story.finish()

    cells = story.room.to_cells()
    for peer in story.peers:
        assert tuple(peer.cells()) == cells
    ids = [found.cell_id for found in cells]
    assert len(set(ids)) == len(ids)
    restored = Room.from_update(story.room.state())
    assert restored.to_cells() == cells
    assert same_state(restored, story.room)

    found = Counter(character for cell in cells for character in cell.source)
    for character in story.home.keys() - story.copied:
        is_gone = character in story.removed or story.home[character] in story.gone_cells
        assert found[character] == (0 if is_gone else 1), character
    assert set(found) <= set(story.home)


def test_two_who_were_offline_and_split_one_cell_lose_nothing() -> None:  # DOC-2
    story = Story(peers=2)
    one, other = story.peers
    one.insert("a", 1, "12345")
    one.send_to(story.room, story.log)
    story.deliver(other)

    one.split_cell("a", 3, "left")
    other.split_cell("a", 3, "right")
    other.insert("a", 2, "!")
    story.finish()

    assert one.cells() == other.cells() == list(story.room.to_cells())
    assert [found.cell_id for found in one.cells()] == ["a", "left", "right", "b", "c"]
    assert one.cells()[0].source == "α1!2"


def test_updates_are_taken_in_any_number_of_times() -> None:  # DOC-2
    story = Story(peers=1)
    (peer,) = story.peers
    for turn in range(20):
        peer.insert("a", turn, "x")
    updates = list(peer.unsent)
    peer.send_to(story.room, story.log)
    version = story.room.version

    for update in updates * 2:
        story.room.apply(update)

    assert story.room.version == version
    assert story.room.source(peer.cells()[0].cell_id) == "x" * 20 + "α"
