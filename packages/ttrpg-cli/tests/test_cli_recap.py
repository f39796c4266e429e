"""``ttrpg recap``: what happened, for the Game Master and for the players."""

LEAK = "CANARY"


def test_a_recap_points_at_the_history(evening):
    told = evening("recap").out
    assert f"# Session 1: {LEAK} The Ferry" in told
    assert "- Mara, smith [#" in told
    assert "Tamsin fell, and lay dying [#" in told
    assert "\x1b" not in told
    found = evening("recap", "1", "--json").json()
    known = {each["id"] for each in evening("history", "-n", "99", "--json").json()["entries"]}
    facts = [fact for section in found["sections"] for fact in section["facts"]]
    assert facts
    assert all(fact["entries"] and set(fact["entries"]) <= known for fact in facts)
    assert found["markdown"].strip() == told.strip()


def test_players_hear_nothing_secret(evening):
    evening("session", "attend", f"{LEAK} Ana")
    for viewer in ("party", "public", "tamsin", "npc/mara"):
        for more in ([], ["--json"], ["--plain"], ["--previously"]):
            result = evening("recap", "--as", viewer, *more)
            assert LEAK.casefold() not in (result.out + result.err).casefold(), (viewer, more)
    assert "Mara" in evening("recap", "--as", "party").out


def test_previously_is_for_players_unless_somebody_says_otherwise(evening):
    assert LEAK not in evening("recap", "--previously").out
    assert "Tamsin fell" in evening("recap", "--previously").out
    assert f"{LEAK} They crossed." in evening("recap", "--previously", "--as", "gm").out
    assert "Nothing yet" in evening("recap", "1", "--previously").out
    evening("session", "start")
    assert "Tamsin fell" in evening("recap", "2", "--previously").out


def test_what_cannot_be_told(run, ttrpg):
    run("session", "plan")
    for words, code in ((["9"], 3), (["nope"], 3), (["1"], 2), (["--as", "?"], 2)):
        result = ttrpg("recap", *words)
        assert (result.code, result.out) == (code, ""), words


def test_nothing_to_tell(run, ttrpg):
    result = ttrpg("recap")
    assert result.code == 3
    assert "ttrpg session plan" in result.err
    run("session", "start")
    assert "Nothing was written down of it." in run("recap").out
