"""nbformat's outputs and ours."""

import nbformat
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, output_from_msg

from tailrace.formats.outputs import outputs_from_nbformat, outputs_to_nbformat
from tailrace.protocol.outputs import DisplayOutput, ErrorOutput, Output, StreamOutput

mime_data = st.dictionaries(
    st.sampled_from(["text/plain", "text/html", "image/png"]), st.text(), max_size=3
)
our_outputs = st.lists(
    st.one_of(
        st.builds(
            StreamOutput,
            index=st.just(0),
            name=st.sampled_from(["stdout", "stderr"]),
            head=st.text(),
        ),
        st.builds(
            DisplayOutput,
            index=st.just(0),
            data=mime_data,
            metadata=st.dictionaries(st.text(), st.integers(), max_size=2),
            execution_count=st.none() | st.integers(1, 9),
        ),
        st.builds(
            ErrorOutput,
            index=st.just(0),
            name=st.text(),
            message=st.text(),
            traceback=st.lists(st.text(), max_size=3).map(tuple),
        ),
    )
)


def test_an_object_under_a_type_that_is_not_json_is_text_for_nbformat() -> None:
    given_ = {"application/x-own": {"a": [1]}, "text/plain": 5, "application/x-own+json": {"a": 1}}
    (raw,) = outputs_to_nbformat([DisplayOutput(0, given_, {})])

    assert raw["data"] == {
        "application/x-own": '{"a": [1]}',
        "text/plain": "5",
        "application/x-own+json": {"a": 1},
    }
    nbformat.validate(new_notebook(cells=[new_code_cell("1", outputs=[raw])]))


@given(our_outputs)
def test_there_and_back_is_the_same(outputs: list[Output]) -> None:
    raw = outputs_to_nbformat(outputs)

    again = outputs_to_nbformat(outputs_from_nbformat(raw))

    assert again == raw
    nbformat.validate(new_notebook(cells=[new_code_cell("1", outputs=raw)]))


def test_outputs_are_numbered_and_keep_what_they_say() -> None:
    outputs = outputs_from_nbformat(
        [
            {"output_type": "stream", "name": "stderr", "text": "warning\n"},
            {
                "output_type": "execute_result",
                "data": {"text/plain": "2"},
                "metadata": {"m": 1},
                "execution_count": 7,
            },
            {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["a", "b"]},
        ]
    )

    assert outputs == (
        StreamOutput(index=0, name="stderr", head="warning\n"),
        DisplayOutput(index=1, data={"text/plain": "2"}, metadata={"m": 1}, execution_count=7),
        ErrorOutput(index=2, name="E", message="v", traceback=("a", "b")),
    )


def test_a_display_id_does_not_reach_the_file() -> None:
    message = {
        "header": {"msg_type": "display_data"},
        "content": {"data": {"text/plain": "x"}, "metadata": {}, "transient": {"display_id": "d"}},
    }
    (raw,) = outputs_to_nbformat(
        [DisplayOutput(index=0, data={"text/plain": "x"}, metadata={}, display_id="d")]
    )

    assert raw == output_from_msg(message)


def test_an_output_nobody_knows_is_not_lost_from_sight() -> None:
    (output,) = outputs_from_nbformat([{"output_type": "hologram", "data": 1}])

    assert isinstance(output, DisplayOutput)
    assert "hologram" in output.data["text/plain"]


@given(
    st.dictionaries(
        st.sampled_from(
            ["output_type", "name", "text", "data", "metadata", "ename", "evalue", "traceback"]
        ),
        st.none()
        | st.sampled_from(["stream", "error", "display_data", "execute_result"])
        | st.integers()
        | st.lists(st.none() | st.text())
        | st.dictionaries(st.text(), st.text()),
    )
)
def test_wrong_types_inside_an_output_raise_nothing(raw: dict[str, object]) -> None:
    (output,) = outputs_from_nbformat([raw])

    assert output.index == 0


def test_types_of_our_own_are_not_written() -> None:  # TAB-2
    ours = "application/vnd.tailrace.table+json"
    output = DisplayOutput(
        index=0,
        data={"text/html": "<table>", ours: {"handle": "t1"}},
        metadata={ours: {}, "text/html": {"isolated": True}},
    )

    (raw,) = outputs_to_nbformat([output])

    assert raw["data"] == {"text/html": "<table>"}
    assert raw["metadata"] == {"text/html": {"isolated": True}}
