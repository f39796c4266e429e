"""``ttrpg chat`` as a whole: a real terminal, and a real server that streams slowly."""

import asyncio
import json
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

LONG = ["# Falling\n\n", "It **hurts**. ", *(f"word{n} " for n in range(400))]
SOON = 5.0
"""Seconds in which a server has to see that Ctrl-C was pressed, far less than it talks for. Much is
the key's own way, and the machine may be busy: the goal is a tenth of a second."""


class Slow:
    """A server that speaks OpenAI's format, a piece every ``pause`` seconds; in its own thread.

    A piece is words or a tool call; ``first`` are replies that come before ``pieces``, once each.

    ``gone`` are the times at which a client went away in the middle of a reply, ``asked`` what it
    was asked, ``whole`` how many replies came to their end.
    """

    def __init__(self, pieces, pause):
        self.pieces, self.pause, self.first = pieces, pause, []
        self.asked, self.keys, self.gone, self.whole = [], [], [], 0
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),))
        self.thread.start()
        self.ready.wait(10)

    async def serve(self):
        self.end = asyncio.Event()
        async with await asyncio.start_server(self.answer, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.ready.set()
            await self.end.wait()

    def close(self):
        if self.loop.is_closed():
            return
        self.loop.call_soon_threadsafe(self.end.set)
        self.thread.join(10)
        self.loop.close()

    async def answer(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            key = re.search(rb"authorization: (.*)\r\n", head, re.IGNORECASE)
            self.keys.append(key and key[1])
            size = int(re.search(rb"content-length: (\d+)", head, re.IGNORECASE)[1])
            self.asked.append(json.loads(await reader.readexactly(size)))
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
            )
            leaving = asyncio.ensure_future(reader.read(1))
            pieces = self.first.pop(0) if self.first else self.pieces
            for piece in pieces:
                delta = {"content": piece} if isinstance(piece, str) else {"tool_calls": [piece]}
                self.send(writer, {"choices": [{"index": 0, "delta": delta}]})
                await asyncio.wait([leaving], timeout=self.pause)
                if leaving.done():
                    self.gone.append(time.monotonic())
                    return
            why = "stop" if isinstance(pieces[-1], str) else "tool_calls"
            self.send(
                writer,
                {"choices": [{"index": 0, "delta": {}, "finish_reason": why}]},
                {"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 20}},
            )
            writer.write(b"data: [DONE]\n\n")
            await writer.drain()
            self.whole += 1
            leaving.cancel()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.gone.append(time.monotonic())
        finally:
            writer.close()

    @staticmethod
    def send(writer, *events):
        for event in events:
            writer.write(b"data: " + json.dumps(event).encode() + b"\n\n")


@pytest.fixture
def server(home):
    made = Slow(LONG, 0.05)
    (home / "config.toml").write_text(
        '[models]\nuse = ["server/local/slow"]\n[plugins.server]\n'
        f'servers = ["local http://127.0.0.1:{made.port}/v1"]\nprices = ["local/slow 1 2"]\n'
    )
    yield made
    made.close()


def turns(cli, home, *more):
    return json.loads(cli.run(home, "chat", "show", "--json", *more).stdout)["turns"]


def say(window, text):
    window.tmux("send-keys", "-t", "0", "-l", text)
    window.press("Enter")


def wait_for(happened):
    for _ in range(200):
        if happened():
            return
        time.sleep(0.05)
    pytest.fail("it never happened")


def test_ctrl_c_stops_the_reply_and_keeps_it(window, cli, home, server):
    window.type("chat")
    window.until(r"(?m)^you> *$")
    say(window, "How far is a fall?")
    window.until(r"word7")
    assert "**" not in window.screen(), "Markdown is drawn"
    pressed = time.monotonic()
    window.press("C-c")
    window.until(r"Stopped; what came is kept")
    wait_for(lambda: server.gone)
    took = server.gone[0] - pressed
    print(f"\nthe server saw Ctrl-C after {1000 * took:.0f} ms")  # noqa: T201 - the figure
    assert took < SOON
    kept = turns(cli, home)
    assert [turn["role"] for turn in kept] == ["user", "assistant"]
    assert kept[1]["finish"] == "cancelled"
    assert kept[1]["text"].startswith("# Falling\n\nIt **hurts**. word0 ")
    assert "word399" not in kept[1]["text"]
    window.until(r"(?m)^you> *$")
    server.pieces = ["And ", "so ", "on."]
    say(window, "Go on")
    window.until(r"And so on\.")
    window.until(r"50 in, 20 out")
    assert len(server.asked) == 2
    assert [m["role"] for m in server.asked[1]["messages"]][-3:] == ["user", "assistant", "user"]
    window.until(r"(?m)^you> *\n*\Z")
    window.press("C-c")
    assert window.code() == 130
    assert "Traceback" not in window.screen()
    assert [turn["text"] for turn in turns(cli, home)][-2:] == ["Go on", "And so on."]
    cli.sound(home)


def test_a_talk_at_a_prompt(window, cli, home, server):
    """Several lines, a branch, what / does, a way out that is no error; and no colour is needed."""
    server.pieces, server.pause = ["Yes."], 0.0
    window.type("chat", "--voice", "dread")
    window.until(r"(?m)^you> *$")
    window.tmux("send-keys", "-t", "0", "-l", "First line\\")
    window.press("Enter")
    say(window, "second line")
    window.until(r"Yes\.")
    assert server.asked[0]["messages"][-1]["content"].endswith("First line\nsecond line")
    assert "Quiet and precise" in server.asked[0]["messages"][0]["content"]
    window.until(r"50 in, 20 out(?s:.*)you> *\n*\Z")
    for typed, shown in (
        ("/why", r"asked"),
        ("/model", r"server/local/slow"),
        ("/nonsense", r"there is no /nonsense"),
        ("/branch Another way", r"Going on as 'another-way'"),
        ("/undo", r"Took back: First line second line"),
        ("/budget", r"no limit"),
        ("/retry", r"nothing was said yet"),
        ("/voice plain", r"Plain answers now"),
    ):
        say(window, typed)
        window.until(shown + r"(?s:.*)you> *\n*\Z")
        window.tmux("send-keys", "-t", "0", "C-l")
    window.tmux("send-keys", "-t", "0", "-l", "half a thought")
    window.press("C-c")
    window.until(r"(?m)^you> *\n*\Z")
    say(window, "/quit")
    assert window.code() == 0
    known = json.loads(cli.run(home, "chat", "list", "--json").stdout)["chats"]
    assert {each["id"] for each in known} == {"another-way", "first-line-second-line"}
    assert len(turns(cli, home, "first")) == 2
    assert not list(home.glob(".*history*"))


def test_the_books_are_put_to_it_and_its_quotes_are_checked(cli, shelved, home, server):
    settings = (home / "config.toml").read_text()
    shutil.rmtree(home)
    shutil.copytree(shelved, home)
    (home / "config.toml").write_text(settings)
    server.pause = 0.0
    server.pieces = [
        '"A fall of two times your height does 1d6 ',
        'harm" [1',
        "].\n",
        "So ",
        "be it.",
    ]
    done = cli.run(home, "chat", "How much harm does a fall do?")
    assert done.stdout.endswith(
        b'"A fall of two times your height does 1d6 harm" [1, p. 6].\nSo be it.\n'
    )
    assert b"[1] The Lamplit Road, p. 6, Falling\n" in done.stderr
    told = server.asked[0]["messages"]
    assert told[-1]["content"].count("</source 1 ") == 1
    assert turns(cli, home)[1]["sources"][0]["page"] == "6"
    server.pieces = ['"A fall of two times your height does 9d6 harm" [1].']
    done = cli.run(home, "chat", "continue", input=b"How much harm does a fall do?")
    assert b"altered" in done.stdout
    assert b"1 quote does not stand where cited" in done.stderr
    server.pieces = ["It hurts."]
    done = cli.run(home, "chat", "continue", input=b"How much harm does a fall do?")
    assert b"cites none of the passages it was given" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_terminal_that_is_closed_keeps_what_came(cli, home, server, number):
    running = subprocess.Popen(
        [cli.script, "chat", "How far is a fall?"],
        env=cli.environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while b"word5" not in running.stdout.read1():
        pass
    running.send_signal(number)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 128 + number
    assert b"Traceback" not in err
    wait_for(lambda: server.gone)
    kept = turns(cli, home)
    assert kept[1]["finish"] == "cancelled"
    assert "word5" in kept[1]["text"]
    cli.sound(home)


def test_a_process_that_is_killed_loses_the_last_seconds_and_no_more(cli, home, server):
    running = subprocess.Popen(
        [cli.script, "chat", "How far is a fall?"],
        env=cli.environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    while b"word90" not in running.stdout.read1():
        pass
    running.kill()
    running.communicate(timeout=60)
    kept = turns(cli, home)
    assert [turn["role"] for turn in kept] == ["user", "assistant"]
    assert kept[1]["finish"] == "cancelled"
    assert "word20" in kept[1]["text"]
    cli.sound(home)
    server.pieces, server.pause = ["And ", "so ", "on."], 0.0
    assert cli.run(home, "chat", "continue", input=b"Go on").returncode == 0
    assert [turn["text"] for turn in turns(cli, home)][2:] == ["Go on", "And so on."]


def test_a_reader_that_goes_away_keeps_what_came(cli, home, server):
    done = subprocess.run(
        ["sh", "-c", f"{cli.script} chat Hello < /dev/null | head -2"],
        env=cli.environment(home),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.stdout.startswith(b"# Falling\n")
    assert b"Traceback" not in done.stderr
    wait_for(lambda: server.gone)
    assert turns(cli, home)[1]["finish"] == "cancelled"


def wants(name, **arguments):
    return {
        "index": 0,
        "id": "c1",
        "function": {"name": name, "arguments": json.dumps(arguments)},
    }


def test_a_model_proposes_and_a_person_writes(window, cli, home, server):
    cli.run(home, "campaign", "create", "Salt Road")
    server.pause = 0.0
    server.pieces = ["So be it."]
    server.first = [["Let me roll. ", wants("roll_dice", dice="1d1+3")], ["It is 4."]]
    window.type("chat")
    window.until(r"(?m)^you> *$")
    say(window, "Roll")
    window.until(r"\(roll_dice: 1d1.* = 4\)(?s:.*)It is 4\.(?s:.*)you> *\n*\Z")
    assert "100 in, 40 out" in window.screen(), "both calls are on the bill"
    server.first = [[wants("propose_note", note="The ferry is gone.")]]
    say(window, "Note it")
    window.until(r"(?s)Proposal 1 for salt-road:.*'The ferry is gone.'.*Write it down\? \[y/N\]:")

    def notes():
        return json.loads(cli.run(home, "note", "list", "--json").stdout)["notes"]

    assert notes() == []
    say(window, "y")
    window.until(r"Done\. 'ttrpg undo' takes it back(?s:.*)you> *\n*\Z")
    server.first = [[wants("propose_edit", field="genre", value="road")]]
    say(window, "And that")
    window.until(r"Proposal 2(?s:.*)Write it down\? \[y/N\]:")
    say(window, "n")
    window.until(r"1 proposal waits: ttrpg chat pending(?s:.*)you> *\n*\Z")
    window.press("C-d")
    assert window.code() == 0
    assert [each["name"] for each in notes()] == ["The ferry is gone."]
    campaign = json.loads(cli.run(home, "campaign", "show", "--json").stdout)["campaign"]
    assert campaign["genre"] == ""
    cli.run(home, "undo")
    assert notes() == []
    server.first = [[wants("propose_edit", field="setting", value="coast")]]
    done = cli.run(home, "chat", "More?", "--json")
    assert json.loads(done.stdout)["proposals"] == [{"id": 3, "changes": ["setting: 'coast'"]}]
    assert b"2 proposals wait" not in done.stderr, "only those of this answer are spoken of"
    assert b"Write it down" not in done.stderr
    waiting = json.loads(cli.run(home, "chat", "pending", "--json").stdout)["proposals"]
    assert [each["id"] for each in waiting] == [1, 2, 3], "what was undone waits again"


def test_ctrl_c_at_a_proposal_lets_it_wait_and_the_talk_go_on(window, cli, home, server):
    assert cli.run(home, "campaign", "create", "Salt Road").returncode == 0
    note = wants("propose_note", note="The dagger is cursed")
    server.first, server.pieces = [[note], ["Noted."]], ["Yes."]
    window.type("chat")
    window.until(r"(?m)^you> *$")
    say(window, "Note the dagger")
    window.until(r"Write it down\?")
    assert re.search(r"(?m)^\(propose_note: Put to the Game Master", window.screen())
    assert "Thinking" not in window.screen(), "what turned has gone"
    window.press("C-c")
    window.until(r"(?m)1 proposal waits: ttrpg chat pending\s+^you> *$")
    say(window, "Go on")
    window.until(r"(?m)^Yes\.$")
    window.press("C-d")
    assert window.code() == 0


def test_ctrl_c_while_nothing_has_come(window, cli, home, server):
    server.pieces, server.pause = ["", *[""] * 400], 0.05
    window.type("chat", "--plain")
    window.until(r"you>")
    say(window, "Anybody?")
    window.until(r"Thinking")
    wait_for(lambda: server.asked)
    pressed = time.monotonic()
    window.press("C-c")
    window.until(r"Stopped before anything came(?s:.*)you>")
    wait_for(lambda: server.gone)
    assert server.gone[0] - pressed < SOON
    window.press("C-d")
    assert window.code() == 0
    assert [turn["role"] for turn in turns(cli, home)] == ["user"]


def test_one_answer_is_stopped_too(window, cli, home, server):
    window.type("chat", after="< config.toml | cat")
    window.until("word7")
    window.press("C-c")
    stopped = "\n?".join("Stopped; what came is kept")  # after so many words as have come
    window.until(rf"{stopped}(?s:.*)Go on: ttrpg chat continue")
    assert turns(cli, home)[1]["finish"] == "cancelled"
    wait_for(lambda: server.gone)
    server.pieces, server.pause = LONG[:12], 0.0
    done = cli.run(home, "chat", "continue", input=b"Again", timeout=60)
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stdout == "".join(LONG[:12]).encode() + b"\n"
    assert b"Thinking" not in done.stderr
    assert server.whole == 1


KEY = "sk-canary-0123456789abcdef"
SECRET = "CANARY the keeper is a ghoul"
MARA = f"""
kind = "npc"
title = "Mara of the ferry"
knows = ["The ferry runs at dawn", {{ text = "{SECRET}", audience = "gm" }}]
unaware = ["{SECRET}"]
"""


def test_no_secret_reaches_an_npc_or_the_players_and_no_key_anybody(cli, home, server):
    """Canaries in the campaign, an NPC's file, a talk and a key: where they may not be."""
    server.pieces, server.pause = ["The ferry ", "runs at dawn."], 0.0
    settings = (home / "config.toml").read_text().replace("/v1", "/v1 LOCAL_KEY")
    (home / "config.toml").write_text(settings)
    (home / "voices").mkdir()
    (home / "voices" / "mara.toml").write_text(MARA)
    env = {"LOCAL_KEY": KEY}

    def run(*words, **more):
        done = cli.run(home, *words, env=env, **more)
        assert KEY.encode() not in done.stdout + done.stderr, words
        return done

    run("campaign", "create", "Salt Road", "--description", SECRET, "--system", "Two Dice")
    run("chat", f"Between us: {SECRET} {KEY}")
    assert SECRET in json.dumps(server.asked[-1]), "the Game Master's own talk may know"
    assert server.keys[-1] == f"Bearer {KEY}".encode()
    run("chat", "--npc", "mara", "When does the ferry run?")
    run("chat", "continue", "--npc", "mara", "between", "And now?")
    run("chat", "continue", "between", "--as", "party", "How far is it?")
    for asked in server.asked[1:]:
        assert "CANARY" not in json.dumps(asked)
    assert "The ferry runs at dawn" in json.dumps(server.asked[1])
    assert "Two Dice" in json.dumps(server.asked[3])
    for viewer in ("party", "npc/mara"):
        for form in ("md", "json", "html"):
            out = run("chat", "export", "between", "--as", viewer, "--format", form)
            assert b"canary" not in (out.stdout + out.stderr).lower()
        for words in (["show", "between"], ["show", "between", "--json"]):
            out = run("chat", *words, "--as", viewer)
            assert b"canary" not in (out.stdout + out.stderr).lower()
        out = run("chat", "search", "ghoul", "--as", viewer, code=3)
        assert b"CANARY" not in out.stdout + out.stderr
    for form in ("md", "json", "html"):
        assert SECRET.encode() in run("chat", "export", "between", "--format", form).stdout
    server.close()
    failed = run("--debug", "chat", "continue", "between", f"Again {SECRET}", code=5)
    told = failed.stderr.rpartition(b"Error: ")[2]
    assert b"CANARY" not in told
    assert turns(cli, home)[-1]["text"] == f"Again {SECRET}", "what was asked is kept"
    assert SECRET.encode() not in run("audit", "export").stdout
    for path in (home / "state").rglob("*"):
        if path.is_file():
            assert b"CANARY" not in path.read_bytes()
            assert KEY.encode() not in path.read_bytes()
    cli.sound(home)
