"""What of a conversation is sent: what every vendor takes, and always what was said last."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from ttrpg_core.llm import Message, Text, ToolCall, ToolResult
from ttrpg_core.llm.chats import Turn
from ttrpg_core.talk.prompting import latest, whole

parts = st.one_of(
    st.builds(Text, st.sampled_from(["", " ", "a", "b"])),
    st.builds(ToolCall, st.sampled_from("123"), st.just("t"), st.just({})),
    st.builds(ToolResult, st.sampled_from("123"), st.just("r")),
)
messages = st.lists(
    st.builds(Message, st.sampled_from(["user", "assistant"]), st.lists(parts, max_size=3)),
    max_size=7,
)


@settings(max_examples=300)
@given(messages)
def test_every_vendor_takes_what_is_sent(given_messages):
    sent = whole(given_messages)
    assert not sent or sent[0].role == "user"
    for before, after in itertools.pairwise(sent):
        assert before.role != after.role
    for at, message in enumerate(sent):
        assert message.parts
        after = sent[at + 1].parts if at + 1 < len(sent) else ()
        before = sent[at - 1].parts if at else ()
        for part in message.parts:
            if isinstance(part, ToolCall):
                assert part.id in {p.id for p in after if isinstance(p, ToolResult)}
            if isinstance(part, ToolResult):
                assert part.id in {p.id for p in before if isinstance(p, ToolCall)}


@given(st.lists(st.text(max_size=200), min_size=1, max_size=10), st.integers(0, 200))
def test_the_last_thing_said_is_always_sent(texts, tokens):
    turns = [Turn("user", (Text(words + "x"),)) for words in texts]
    sent = whole(turn.message for turn in latest(turns, tokens))
    assert sent[-1].parts[-1].text == texts[-1] + "x"
