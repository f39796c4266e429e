"""``ttrpg combat`` and the commands of the table: what is typed, what is said, what is kept."""

import pytest


def ambush(ttrpg):
    """Mara and Tam against three goblins and a drake that nobody sees; initiative is set."""

    def do(*words):
        result = ttrpg(*words)
        assert result.code == 0, result

    do("combat", "new", "Ambush")
    do("combat", "add", "Mara", "--hp", "12", "-k", "player", "--level", "3", "--initiative", "18")
    do("combat", "add", "Tam", "--hp", "20", "-k", "player", "--level", "3", "--initiative", "4")
    do("combat", "add", "Goblin", "3", "--hp", "7", "--cr", "1/4", "--initiative", "10")
    do("combat", "add", "Drake", "--hp", "40", "--cr", "2", "--initiative", "7", "--hidden",
       "--resist", "fire", "--legendary", "2")  # fmt: skip
    do("combat", "start")


@pytest.fixture
def fight(prepared):
    return prepared(ambush)


def shown(ttrpg, *more):
    return ttrpg("combat", "show", "--json", *more).json()["fight"]


def one(ttrpg, key):
    return next(each for each in shown(ttrpg)["combatants"] if each["id"] == key)


def test_a_fight_from_the_first_to_the_loot(fight):
    result = fight("hit", "gob2", "7", "fire")
    assert result.out.splitlines()[:4] == [
        "Goblin 2 takes 7 (7 fire): 0/7 hp",
        "Goblin 2 dies: 0 hp",
        "",
        "Ambush: round 1, Mara's turn",
    ]
    assert result.err == "'ttrpg undo' takes it back\n"
    assert "dead 0/7 hp" in result.out
    assert "Goblin 1's turn" in fight("next").out
    assert "Mara's turn (looking back)" in fight("prev").out
    end = fight("combat", "end").out
    assert "Mara: 7 dealt, 1 felled" in end
    assert "50 XP for 1 foe, 25 each" in end
    assert "What do they leave? Goblin 2" in end
    assert "Ambush: over, after 1 round" in end
    assert fight("next").code == 3
    assert fight("undo").code == 0
    assert "Goblin 1's turn" in fight("next").out


def test_several_types_and_several_targets_in_one_step(fight):
    result = fight("hit", "gob1,dra", "7", "fire", "3", "piercing", "--json").json()
    damage = [each["data"] for each in result["facts"] if each["kind"] == "combat.damage"]
    assert [each["amount"] for each in damage] == [10, 6]
    assert damage[1]["arithmetic"] == ["7 fire halved to 3 (resistance)", "3 piercing"]
    fight("undo")
    assert (one(fight, "goblin-1")["hp"], one(fight, "drake")["hp"]) == (7, 40)


def test_magic_passes_by_what_it_passes_by(fight):
    fight("combat", "add", "Wight", "--hp", "30", "--resist", "slash:magical")
    assert "halved" in fight("hit", "wight", "8", "slash").out
    assert "halved" not in fight("hit", "wight", "8", "slash", "--is", "magical").out


def test_dice_are_rolled_and_said(fight):
    out = fight("hit", "gob1", "1d1+1", "cold").out
    assert out.startswith("rolled 1d1 (1) + 1 = 2\nGoblin 1 takes 2 (2 cold): 5/7 hp")
    assert "Tam regains 0 hp" in fight("heal", "tam", "2d4").out


def test_who_dealt_it(fight):
    def source(*words):
        facts = fight("hit", "tam", "1", *words, "--json").json()["facts"]
        return facts[0]["data"]["source"]

    assert source() == "mara"
    assert source("--from", "gob3") == "goblin-3"
    assert source("--from", "nobody") == ""


def test_concentration_is_asked_for_and_lost_with_what_hangs_on_it(fight):
    fight("combat", "concentrate", "mara", "Bless", "1", "minute")
    put = fight("cond", "gob2", "poison", "3", "rounds", "--with", "mara", "--note", "sting")
    assert "Goblin 2 is Poisoned (sting), 3 rounds" in put.out
    hit = fight("hit", "mara", "5")
    assert "#1 Mara  DC 10 CON save to keep up Bless (ttrpg save mara)" in hit.out
    lost = fight("save", "mara", "3")
    assert "Mara: CON save 3 against DC 10, failed" in lost.out
    assert "Goblin 2: Poisoned (sting) ends (with Bless)" in lost.out
    assert "Owed:" not in lost.out


def test_death_saves(fight):
    fight("hit", "tam", "20")
    assert "Tam is stable" not in fight("save", "tam", "12").out
    assert "dying 0/20 hp" in fight("save", "tam", "9").out
    assert one(fight, "tam")["failures"] == 1
    assert "Tam rolls a 20" in fight("save", "tam", "20").out
    assert one(fight, "tam")["hp"] == 1


def test_a_save_at_the_end_of_each_turn(fight):
    fight("cond", "mara", "frightened", "until", "save", "--save", "wis:13")
    out = fight("next").out
    assert "DC 13 WIS save against Frightened (ttrpg save mara)" in out
    assert "Frightened ends (saved)" in fight("save", "mara", "13", "--against", "fri").out


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("3 rounds", "3 rounds"),
        ("1 round", "1 round"),
        ("3 turns", "3 turns"),
        ("10 minutes", "10 minutes"),
        ("10 min", "10 minutes"),
        ("8 hours", "8 hours"),
        ("end of your next turn", "until the end of the next turn of Tam"),
        ("start of next turn", "until the start of the next turn of Tam"),
        ("end of source turn", "until the end of this turn of Mara"),
        ("until save", "until a DC 10 CON save"),
        ("until short rest", "until a rest"),
        ("until long rest", "until a long rest"),
        ("until the bell rings", "until the bell rings"),
        ("until removed", "until it is removed"),
        ("permanent", "for good"),
        ("", "until it is removed"),
    ],
)
def test_lengths_of_time(fight, words, left):
    fight("cond", "tam", "charmed", *words.split(), "--from", "mara")
    assert [each["left"] for each in one(fight, "tam")["conditions"]] == [left]


def test_off_and_levels(fight):
    fight("cond", "tam", "exhaustion", "--level", "3")
    assert one(fight, "tam")["conditions"][0]["level"] == 3
    fight("cond", "tam", "exh", "off", "--level", "1")
    assert one(fight, "tam")["conditions"][0]["level"] == 2
    fight("cond", "tam", "exh", "off")
    assert one(fight, "tam")["conditions"] == []


def test_a_condition_of_ones_own(fight):
    wrong = fight("cond", "tam", "marked")
    assert wrong.code == 3
    assert "there is no condition 'marked'" in wrong.err
    assert "Tam is Marked" in fight("cond", "tam", "marked", "--custom").out


def test_conditions_are_explained(fight):
    fight("cond", "tam", "paralyzed")
    said = fight("cond", "tam").out
    assert "Incapacitated; speed 0." in said
    assert "No actions" in said
    assert "No condition is on it." in fight("cond", "mara").out
    assert "Crawls" in fight("combat", "conditions", "pro").out
    listed = fight("combat", "conditions", "--json").json()["conditions"]
    assert len(listed) == 16
    assert "names none" in fight("combat", "conditions", "--rules", "other").out
    fight("campaign", "create", "Dice", "--system", "Two Dice")
    assert "Any system names none" in fight("combat", "conditions").out


def test_the_order(fight):
    out = fight("order", "tam", "before", "mara").out
    assert out.startswith("Tam acts before Mara")
    assert [each["id"] for each in shown(fight)["combatants"]][:2] == ["tam", "mara"]
    fight("order", "tam", "after", "drake")
    assert [each["id"] for each in shown(fight)["combatants"]][-1] == "tam"
    assert "Tam acts on 30" in fight("order", "tam", "30").out
    assert shown(fight)["combatants"][0]["id"] == "tam"
    assert "Tam acts on -1" in fight("order", "tam", "-1").out
    assert shown(fight)["combatants"][-1]["id"] == "tam"
    assert fight("order").out == fight("combat", "show").out


def test_delay_and_ready(fight):
    assert "Mara waits" in fight("combat", "delay").out
    assert "Mara's turn" in fight("combat", "in", "mara").out
    assert "readies: arrow at the door" in fight("combat", "ready", "mara", "arrow at the door").out
    assert "does what was readied" in fight("combat", "release", "mara").out


def test_uses(fight):
    assert "Legendary Actions: 1/2 left" in fight("combat", "spend", "drake", "leg").out
    assert "Legendary Actions 2/2" in fight("combat", "regain", "drake", "leg").out
    assert fight("combat", "spend", "drake", "leg", "3").code == 2


def test_a_failed_save_is_resisted_or_stands(fight):
    fight("combat", "add", "Lich", "--hp", "90", "--resistances", "1", "--initiative", "20")
    for last, said in (("--resist", "Stunned ends (saved)"), ("--accept", "save stands (3)")):
        fight("combat", "regain", "lich", "legend")
        fight("cond", "lich", "stunned", "until", "save", "--save", "con:15")
        failed = fight("save", "lich", "3").out
        assert "failed with 3 (ttrpg save lich --resist, or --accept)" in failed
        assert said in fight("save", "lich", last).out
    assert fight("history", "--json").json()["entries"][0]["prose"].endswith("save stands (3)")


def test_by_hand(fight):
    assert "Tam has 5 temporary hp" in fight("combat", "temp", "tam", "5").out
    assert "+5 20/20 hp" in fight("combat", "show").out
    fight("combat", "hp", "tam", "3")
    assert one(fight, "tam")["hp"] == 3
    fight("combat", "max", "tam", "4")
    assert one(fight, "tam")["hp_max"] == 16
    fight("combat", "kill", "tam", "the lich")
    assert one(fight, "tam")["looks"] == "dead"
    fight("combat", "revive", "tam", "2")
    fight("hit", "tam", "7")
    assert "is stable" in fight("combat", "stabilise", "tam").out
    fight("combat", "concentrate", "mara", "Bless")
    fight("hit", "mara", "1")
    number = shown(fight)["owed"][0]["number"]
    assert "Owed" not in fight("combat", "dismiss", str(number)).out


def test_join_leave_and_correct(fight):
    fight("combat", "remove", "gob1,gob2")
    assert "has left" in fight("combat", "show").out
    assert "Goblin 2 is back" in fight("combat", "return", "goblin-2").out
    fight("combat", "edit", "gob3", "--name", "Boss", "--hp-max", "5", "--ac", "17",
          "--immune", "fire", "--save", "dex=3")  # fmt: skip
    boss = one(fight, "goblin-3")
    assert (boss["name"], boss["hp"], boss["ac"]) == ("Boss", 5, 17)
    assert "is nothing (immunity)" in fight("hit", "boss", "9", "fire").out
    assert fight("combat", "edit", "gob3").code == 2
    assert "Drake is seen" in fight("combat", "reveal", "drake").out
    assert "hidden" in fight("combat", "hide", "drake").out


def test_difficulty_names_its_rule(fight):
    out = fight("combat", "show").out
    assert "Difficulty  high: 600 of low 300, moderate 450, high 800 XP" in out
    assert "SRD 5.2.1, Combat Encounter Difficulty" in out


def test_the_campaign_says_the_rules(ttrpg):
    ttrpg("campaign", "create", "Old", "--system", "D&D 5e (2014)")
    assert "5e (2014)" in ttrpg("combat", "new", "A").err
    assert "5e (2024)" in ttrpg("combat", "new", "B", "--rules", "dnd5e-2024").err
    assert ttrpg("combat", "new", "C", "--rules", "zzz").code == 3
    ttrpg("campaign", "create", "Dice", "--system", "Two Dice")
    assert "Any system" in ttrpg("combat", "new", "D").err
    assert [each["id"] for each in ttrpg("combat", "--json").json()["fights"]] == ["d"]
    before = ttrpg("combat", "--json").json()
    ttrpg("campaign", "delete", "dice")
    ttrpg("campaign", "use", "old")
    ttrpg("undo", "2")
    assert ttrpg("combat", "--json").json() == before


def test_the_party_goes_on_as_it_is(fight):
    fight("hit", "mara", "5")
    fight("cond", "tam", "exhaustion")
    fight("combat", "end")
    made = fight("combat", "new", "Bridge", "--after", "ambush", "--json").json()["fight"]
    people = {each["id"]: each for each in made["combatants"]}
    assert set(people) == {"mara", "tam"}
    assert people["mara"]["hp"] == 7
    assert people["tam"]["conditions"][0]["condition"] == "exhaustion"
    assert people["mara"]["initiative"] is None


def test_several_fights_go_on(fight):
    fight("combat", "new", "Bridge")
    assert "nobody is there" in fight("combat", "start").err
    assert "Mara takes 1" in fight("hit", "mara", "1", "--fight", "amb").out
    fight("combat", "use", "ambush")
    assert fight("next").code == 0
    fight("combat", "delete", "ambush")
    assert fight("next").code == 2
    fight("undo")
    assert fight("next").code == 0


CANARY = "XYZZY"


def test_players_see_no_secret(ttrpg):
    """What only the Game Master may know is planted everywhere, and nowhere in their view."""

    def do(*words):
        result = ttrpg(*words)
        assert result.code == 0, result

    do("combat", "new", f"The {CANARY} plot")
    do("combat", "add", "Mara", "--hp", "12", "-k", "player", "--initiative", "9")
    do("combat", "add", f"Count {CANARY}", "--hp", "7919", "--ac", "773", "--xp", "7877",
       "--group", CANARY, "--side", CANARY, "--save", "con=77", "--initiative", "733",
       "--per-day", f"{CANARY} Breath=3")  # fmt: skip
    do("combat", "edit", "count", "--name", "Old man")
    do("combat", "add", f"Spy {CANARY}", "--hp", "5", "--hidden", "--initiative", "999")
    do("combat", "add", f"Ghost {CANARY}", "--hp", "5", "-k", "ally", "--hidden")
    do("combat", "start")
    do("combat", "ready", "count", CANARY)
    do("cond", "count", f"doom of {CANARY}", "--custom", "--note", CANARY)
    do("cond", "mara", "poisoned", "until", CANARY, "--note", CANARY, "--save", "con:787")
    do("cond", "mara", "charmed", "end", "of", "next", "turn", "--of", "spy")
    do("combat", "concentrate", "count", CANARY)
    do("hit", "count", "31")
    do("combat", "concentrate", "mara", CANARY)
    do("hit", "mara", "1")
    for _ in range(4):
        do("next")
        for viewer in ("party", "public", "mara", "npc/old-man"):
            for form in ((), ("--json",), ("--plain",)):
                result = ttrpg("combat", "show", "--as", viewer, *form)
                assert result.code == 0
                said = (result.out + result.err).casefold()
                assert CANARY.casefold() not in said
                for secret in ("7919", "7888", "773", "7877", "733", "999", "787", "spy", "ghost"):
                    assert secret not in said, (viewer, form, secret)
    seen = shown(ttrpg, "--as", "party")
    assert [each["name"] for each in seen["combatants"]] == ["Old man", "Mara"]
    assert seen["combatants"][0]["looks"] == "hurt"
    assert seen["combatants"][1]["hp"] == 11
    assert shown(ttrpg, "--as", "public")["combatants"] == []
    assert CANARY in ttrpg("combat", "show").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("hit gob 7", 2, "goblin-1, goblin-2, goblin-3"),
        ("hit goblen-2 7", 3, "Did you mean: goblin-2"),
        ("hit gob2 fire", 2, "'fire' has no amount before it"),
        ("hit gob2 7 fier", 3, "Did you mean: fire"),
        ("hit gob2 7 fire cold", 2, "'cold' has no amount before it"),
        ("hit gob2 7 p", 2, "piercing, poison, psychic"),
        ("hit gob2 9999999", 2, "not possible"),
        ("hit gob2 2d", 2, "2d"),
        ("hit gob2", 2, "AMOUNT"),
        ("hit gob1,zzz 3", 3, "no combatant 'zzz'"),
        ("heal mara five", 2, "'five' is no amount"),
        ("heal mara 5 --from zzz", 3, "no combatant 'zzz'"),
        ("save mara 12", 2, "Mara owes no save"),
        ("save mara 12 --against prone", 2, "owes no save against prone"),
        ("save mara x", 2, "'x' is not a valid integer"),
        ("cond mara poisonned", 3, "Did you mean: poisoned"),
        ("cond mara p", 2, "paralyzed, petrified, poisoned, prone"),
        ("cond mara prone 3 weeks", 3, "rounds"),
        ("cond mara prone 0 rounds", 2, "no length of time"),
        ("cond mara prone soon", 2, "3 rounds, 10 minutes"),
        ("cond mara prone off", 2, "Mara is not prone"),
        ("cond mara prone --save con", 2, "'con' is no save"),
        ("cond mara prone --with tam", 2, "Tam concentrates on nothing"),
        ("cond mara prone --each-turn fire", 2, "'fire' is no amount"),
        ("order mara under tam", 2, "'under' is no place"),
        ("order mara before", 2, "before whom?"),
        ("order mara", 2, "where to"),
        ("order mara before mara", 2, "cannot stand before itself"),
        ("order mara 12 tam", 2, "is no place in the order"),
        ("prev", 2, "this is the first turn"),
        ("combat start", 2, "has begun already"),
        ("combat add Orc 501", 2, "501"),
        ("combat add Orc --hp x", 2, "'x' is no number of hit points"),
        ("combat add Orc --hp 9/5", 2, "cannot have 9 of 5"),
        ("combat add Orc --cr 99", 2, "no challenge rating '99'"),
        ("combat add Orc --resist fier", 3, "Did you mean: fire"),
        ("combat add Orc --save dex", 2, "dex=3"),
        ("combat add Orc --recharge Breath", 2, "says no uses"),
        ("combat add Orc --not funny", 3, "no condition 'funny'"),
        ("combat show --as a/b", 2, "no audience"),
        ("combat dismiss 99", 2, "nothing is asked under 99"),
        ("combat end --defeated zzz", 3, "no combatant 'zzz'"),
        ("combat show zzz", 3, "no fight 'zzz'"),
        ("combat in tam", 2, "not waiting"),
        ("next --fight zzz", 3, "no fight 'zzz'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(fight, words, code, said):
    before = shown(fight), fight("history", "--json").out
    result = fight(*words.split())
    assert result.code == code, result
    assert said in result.err
    assert result.out == ""
    assert (shown(fight), fight("history", "--json").out) == before


def test_without_a_fight(ttrpg):
    for words in (
        "next",
        "prev",
        "order",
        "hit a 1",
        "heal a 1",
        "save a",
        "cond a prone",
        "cond a",
    ):
        result = ttrpg(*words.split())
        assert (result.code, result.out) == (3, "")
        assert "ttrpg combat new NAME" in result.err


def test_what_changes_nothing_promises_no_undo(fight):
    fight("cond", "tam", "prone")
    again = fight("cond", "tam", "prone")
    assert "Tam is Prone already" in again.out
    assert again.err == ""


def test_a_long_name_leaves_room_for_the_bar(fight):
    fight("combat", "add", "N" * 200, "--hp", "5", "--initiative", "3")
    lines = fight("combat", "show").out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "NNN..." in fight("combat", "show").out


def test_initiative_by_cards(ttrpg):
    ttrpg("combat", "new", "Duel", "--roll", "cards")
    for name in ("Ana", "Bo"):
        ttrpg("combat", "add", name, "--hp", "9", "-k", "player")
    ttrpg("combat", "start")
    people = shown(ttrpg)["combatants"]
    assert all(each["card"] for each in people)
    assert f"{people[0]['name']} {people[0]['card']}" in ttrpg("combat", "show").out
    before = [each["card"] for each in people]
    ttrpg("next")
    ttrpg("next")
    assert [each["card"] for each in shown(ttrpg)["combatants"]] != before


def test_who_has_acted_says_who_is_next(ttrpg):
    ttrpg("combat", "new", "Duel", "--roll", "elective")
    for name, number in (("Ana", "9"), ("Bo", "5"), ("Cy", "2")):
        ttrpg("combat", "add", name, "--hp", "9", "-k", "player", "--initiative", number)
    assert "Who is next? ttrpg next NAME: bo, cy" in ttrpg("combat", "start").out
    result = ttrpg("next")
    assert (result.code, "who is next?" in result.err) == (2, True)
    assert "Cy's turn" in ttrpg("next", "cy").out
    assert "Bo's turn" in ttrpg("next").out
    assert "choices" in ttrpg("combat", "show", "--json").json()["fight"]
    assert shown(ttrpg, "--as", "party")["choices"] == []
