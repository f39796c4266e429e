"""Initiative, the order and the turn."""

from random import Random

import pytest

from ttrpg_core.errors import Denied, InputError, NotFound
from ttrpg_core.table.combat import cards, effects, hp, order, resources, roster, rules, turns
from ttrpg_core.table.combat.arithmetic import Part
from ttrpg_core.table.combat.state import Combatant, Effect

OLD, NEW = rules.load("dnd5e-2014"), rules.load("dnd5e-2024")


def one(name, initiative=None, kind="monster", **more):
    return Combatant("", name, kind, initiative=initiative, hp=10, hp_max=10, **more)


def fight_of(*those, law=OLD, mode="each", reroll=False, start=True):
    fight = roster.new("f", "Fight", law, mode=mode, reroll=reroll)
    for each in those:
        fight, _ = roster.add(fight, law, each)
    return turns.start(fight, law, Random(1)).fight if start else fight


def play(fight, number=1, law=OLD):
    """Who has the next turns."""
    names = []
    for _ in range(number):
        fight, _ = turns.advance(fight, law, Random(1))
        names.append(fight.current)
    return fight, names


def trio(**more):
    return fight_of(one("Ann", 20), one("Ben", 15), one("Cid", 10), **more)


def test_turns_follow_initiative_round_after_round():
    fight = trio()
    assert (fight.order, fight.current, fight.round) == (("ann", "ben", "cid"), "ann", 1)
    fight, names = play(fight, 4)
    assert names == ["ben", "cid", "ann", "ben"]
    assert (fight.round, fight.now) == (2, 6)


@pytest.mark.parametrize(
    ("those", "said"),
    [
        # SRD 5.1 "Initiative": the GM and the players settle ties; until they do, the data does
        ([one("Low", 12, score=10), one("High", 12, score=16)], "high low"),
        ([one("Orc", 12, score=14), one("Mara", 12, "player", score=14)], "mara orc"),
        ([one("A", 12, roll_off=3), one("B", 12, roll_off=700)], "b a"),
        ([one("First", 12), one("Second", 12)], "first second"),
        # SRD 5.1 "Lair Actions": initiative count 20, losing all ties
        ([Combatant("", "Lair", "environment"), one("Orc", 20), one("Bat", 19)], "orc lair bat"),
    ],
)
def test_ties_have_one_order(those, said):
    assert " ".join(fight_of(*those).order) == said
    if not any(each.kind == "environment" or each.name == "First" for each in those):
        assert " ".join(fight_of(*reversed(those)).order) == said


def test_ties_are_overridden_by_hand_and_stay_so_when_others_join():
    fight = fight_of(one("Mara", 12, "player"), one("Goblin", 12), one("Goblin", 12))
    fight, facts = order.place(fight, OLD, "goblin-2", "before", "mara")
    assert fight.order == ("goblin-2", "mara", "goblin")
    assert facts[0].prose == "Goblin 2 acts before Mara"
    fight, _ = roster.add(fight, OLD, one("Ogre", 12), rng=Random(1))
    assert fight.order == ("goblin-2", "mara", "goblin", "ogre")


def test_an_order_arranged_before_the_fight_stands():
    fight = fight_of(one("Ann", 20), one("Ben", 15), start=False)
    fight, _ = order.roll_initiative(fight, OLD, Random(2))
    last, first = fight.order[1], fight.order[0]
    fight, _ = order.place(fight, OLD, last, "before", first)
    fight, _ = roster.add(fight, OLD, one("Cid", -9))
    assert turns.start(fight, OLD, Random(1)).fight.order == (last, first, "cid")


def test_a_place_is_beside_another_one_that_has_one():
    fight = trio()
    for who, where, other in [("ann", "before", "ann"), ("ann", "under", "ben")]:
        with pytest.raises(InputError):
            order.place(fight, OLD, who, where, other)
    with pytest.raises(InputError, match="no initiative"):
        order.place(fight_of(one("A"), one("B"), start=False), OLD, "a", "after", "b")
    with pytest.raises(NotFound):
        order.place(fight, OLD, "ann", "before", "zed")


def test_moving_somebody_up_neither_repeats_nor_skips():
    fight, _ = play(trio())  # Ben's turn
    fight, _ = order.place(fight, OLD, "cid", "before", "ann")  # Cid has not been
    fight, names = play(fight, 4)
    assert names == ["cid", "cid", "ann", "ben"]
    fight, _ = order.place(fight, OLD, "cid", "after", "ben")  # Cid has been
    assert play(fight, 3)[1] == ["ann", "ben", "cid"]


def test_setting_initiative_moves_only_that_one():
    fight, facts = order.set_initiative(trio(), OLD, "cid", 17)
    assert fight.order == ("ann", "cid", "ben")
    assert facts[0].prose == "Cid acts on 17"


def test_a_newcomer_acts_in_this_round_unless_its_place_has_passed():
    fight, _ = play(trio())  # Ben's turn, on 15
    fight, _ = roster.add(fight, OLD, one("Late", 18))
    fight, _ = roster.add(fight, OLD, one("Soon", 12))
    assert play(fight, 6)[1] == ["soon", "cid", "ann", "late", "ben", "soon"]


def test_a_newcomer_of_a_group_takes_the_groups_initiative():
    fight = roster.new("f", "F", OLD, mode="group")
    fight, _ = roster.add(fight, OLD, one("Wolf"), number=2)
    fight, _ = roster.add(fight, OLD, one("Mara", kind="player"))
    fight, _ = turns.start(fight, OLD, Random(3))
    fight, _ = roster.add(fight, OLD, one("Wolf", group="wolf"), rng=Random(4))
    wolves = [each.initiative for each in fight.combatants if each.group == "wolf"]
    assert len(set(wolves)) == 1
    at = fight.order.index("wolf-1")
    assert fight.order[at : at + 3] == ("wolf-1", "wolf-2", "wolf-3")


def test_leaving_and_dying_skip_nobody_else():
    fight = trio()
    fight, _ = roster.leave(fight, OLD, "ben")
    assert play(fight, 3)[1] == ["cid", "ann", "cid"]
    fight, _ = hp.hit(fight, OLD, "ann", [Part(99)], Random(1))  # on its own turn
    fight, names = play(fight, 3)
    assert names == ["cid"] * 3
    fight, facts = roster.come_back(fight, OLD, "ben", Random(1))
    assert facts[0].prose == "Ben is back"
    assert play(fight, 3)[1] == ["ben", "cid", "ben"]
    with pytest.raises(InputError, match="is in the fight"):
        roster.come_back(fight, OLD, "ben", Random(1))


def test_a_fight_without_anybody_says_so():
    with pytest.raises(InputError, match="nobody is there"):
        turns.start(roster.new("f", "F", OLD), OLD, Random(1))
    fight, _ = roster.leave(fight_of(one("Ann", 1)), OLD, "ann")
    with pytest.raises(InputError, match="nobody is left"):
        turns.advance(fight, OLD, Random(1))
    with pytest.raises(InputError, match="left already"):
        roster.leave(fight, OLD, "ann")
    with pytest.raises(InputError, match="not begun"):
        turns.advance(roster.new("f", "F", OLD), OLD, Random(1))
    with pytest.raises(InputError, match="has begun"):
        turns.start(trio(), OLD, Random(1))


def test_the_hidden_have_turns_and_are_not_spoken_of_to_players():
    fight, facts = roster.hide(trio(), OLD, "ben")
    assert facts[0].secret
    fight, facts = turns.advance(fight, OLD, Random(1))
    assert (fight.current, facts[-1].secret) == ("ben", True)
    fight, facts = roster.hide(fight, OLD, "ben", hidden=False)
    assert facts[0].prose == "Ben is seen"
    assert not turns.advance(fight, OLD, Random(1)).facts[-1].secret
    fight, _ = roster.hide(fight, OLD, "cid")
    for source, secret in (("cid", True), ("ann", False)):
        hit = hp.hit(fight, OLD, "ben", [Part(1)], Random(1), source=source)
        assert hit.facts[0].secret is secret


def test_previous_looks_back_and_nothing_happens_again():
    breath = resources.recharge("Breath")
    fight, _ = play(fight_of(one("Ann", 20), one("Ben", 15, resources=(breath,))))
    fight, _ = resources.use(fight, OLD, "ben", "breath")
    fight, _ = play(fight, 2)  # round 2: the recharge of Ben was rolled
    before = fight
    fight, facts = turns.back(fight, OLD)
    assert [fact.kind for fact in facts] == ["combat.turn"]
    assert (fight.current, fight.round) == ("ann", 2)
    fight, _ = turns.back(fight, OLD)
    assert (fight.current, fight.round) == ("ben", 1)
    assert play(play(fight)[0])[0] == before
    fight, _ = turns.back(turns.back(turns.back(before, OLD).fight, OLD).fight, OLD)
    with pytest.raises(InputError, match="first turn"):
        turns.back(fight, OLD)


def test_looking_back_keeps_what_was_done_since():
    fight, _ = play(trio())
    fight, _ = hp.hit(turns.back(fight, OLD).fight, OLD, "cid", [Part(4)], Random(1))
    assert fight.get("cid").hp == 6
    assert play(fight, 2)[1] == ["ben", "cid"]


def test_a_delayed_turn_is_taken_later_and_once():
    fight, facts = turns.delay(trio(), OLD, Random(1))
    assert [fact.prose for fact in facts] == ["Ann waits", "Round 1: Ben"]
    with pytest.raises(InputError, match="not waiting"):
        turns.step_in(fight, OLD, "ben", Random(1))
    stepped, _ = turns.step_in(fight, OLD, "ann", Random(1))
    assert stepped.current == "ann"
    assert play(stepped, 4)[1] == ["cid", "ben", "ann", "cid"]  # the order keeps it so
    fight, names = play(fight, 5)
    assert names == ["cid", "ann", "ben", "cid", "ann"]  # or at the end of the round


def test_a_delayed_turn_starts_once():
    fight = fight_of(one("Ann", 20, resources=(resources.legendary_actions(),)), one("Ben", 9))
    fight, _ = turns.delay(fight, OLD, Random(1))
    fight, _ = resources.use(fight, OLD, "ann", "leg")
    fight, _ = turns.step_in(fight, OLD, "ann", Random(1))
    assert fight.get("ann").resources[0].left == 2


def test_one_delays_once_a_round():
    fight, _ = turns.delay(trio(), OLD, Random(1))
    fight, _ = turns.step_in(fight, OLD, "ann", Random(1))
    with pytest.raises(InputError, match="delayed already"):
        turns.delay(fight, OLD, Random(1))


def test_delay_needs_somebody_to_wait_for_and_the_last_turn():
    fight, _ = play(trio(), 2)
    with pytest.raises(InputError, match="nobody else"):
        turns.delay(fight, OLD, Random(1))
    with pytest.raises(Denied, match="earlier turn"):
        turns.delay(turns.back(fight, OLD).fight, OLD, Random(1))


def test_a_readied_action_holds_until_the_next_turn():
    """SRD 5.1 and 5.2.1 "Ready"."""
    fight, facts = turns.ready(trio(), OLD, "ann", "shoot who opens the door")
    assert facts[0].prose == "Ann readies: shoot who opens the door"
    done, _ = turns.release(fight, OLD, "ann")
    with pytest.raises(InputError, match="readied nothing"):
        turns.release(done, OLD, "ann")
    fight, _ = play(fight, 2)
    assert fight.get("ann").readied
    fight, facts = turns.advance(fight, OLD, Random(1))
    assert "combat.ready.lapsed" in [fact.kind for fact in facts]
    assert not fight.get("ann").readied
    stunned, _ = effects.apply(fight, OLD, "ann", Effect("", "stunned"))
    with pytest.raises(InputError, match="no actions"):
        turns.ready(stunned, OLD, "ann", "x")


def test_surprise_costs_the_first_turn_in_2014():
    """SRD 5.1 "Surprise"."""
    fight = fight_of(one("Ann", 20), one("Ben", 15), start=False)
    fight, _ = roster.surprise(fight, OLD, ["ann"])
    fight, facts = turns.start(fight, OLD, Random(1))
    assert facts[-1].prose == "Ann is surprised: no move or action this turn"
    fight, _ = play(fight)
    assert not fight.get("ann").surprised
    with pytest.raises(InputError, match="has begun"):
        roster.surprise(fight, OLD, ["ben"])


def rolled(law, seed=0, condition="", **marks):
    """Initiative of one that is surprised or has a condition, and the dice it was rolled with."""
    fight = fight_of(one("Ann", **marks), law=law, start=False)
    if condition:
        fight, _ = effects.apply(fight, law, "ann", Effect("", condition))
    return order.roll_initiative(fight, law, Random(seed)).facts[0].data["dice"]


@pytest.mark.parametrize(
    ("law", "marks", "dice"),
    [
        (OLD, {"surprised": True}, "1d20"),  # SRD 5.1 "Surprise"
        (NEW, {"surprised": True}, "1d20dis"),  # SRD 5.2.1 "Initiative: Surprise"
        (NEW, {"condition": "stunned"}, "1d20dis"),  # SRD 5.2.1 "Incapacitated: Surprised"
        (NEW, {"condition": "invisible"}, "1d20adv"),  # SRD 5.2.1 "Invisible: Surprise"
        (NEW, {"condition": "invisible", "surprised": True}, "1d20"),
        (OLD, {"condition": "invisible"}, "1d20"),
    ],
)
def test_the_dice_of_initiative(law, marks, dice):
    assert rolled(law, **marks) == dice


def test_surprise_is_over_once_initiative_knows_it_in_2024():
    fight = fight_of(one("Ann", 20), law=NEW, start=False)
    fight, _ = roster.surprise(fight, NEW, ["ann"])
    fight, facts = turns.start(fight, NEW, Random(1))
    assert not fight.get("ann").surprised
    assert facts[-1].kind == "combat.turn"


def test_a_lair_is_on_its_own_count_whatever_its_side():
    lair = Combatant("", "Lair", "environment", side="foes")
    fight = fight_of(one("Ogre", side="foes", initiative_bonus=50), lair, mode="side")
    assert fight.get("lair").initiative == 20
    assert fight.get("ogre").initiative > 50


def test_groups_and_sides_roll_once():
    """SRD 5.1 and 5.2.1 "Initiative": one roll for a group of identical creatures."""
    those = [one("Rat", group="rats"), one("Rat", group="rats"), one("Mara", kind="player"),
             one("Ned", kind="ally"), Combatant("", "Lair", "environment")]  # fmt: skip
    for mode, number in (("each", 5), ("group", 4), ("side", 3)):
        fight = fight_of(*those, mode=mode, start=False)
        facts = order.roll_initiative(fight, OLD, Random(5)).facts
        assert len(facts) == number, mode
    fight = fight_of(*those, mode="side")
    party = [each.initiative for each in fight.combatants if each.side == "party"]
    assert party[0] == party[1]


def test_rolling_for_some_moves_only_those():
    fight, _ = order.place(trio(), OLD, "cid", "before", "ben")
    fight, facts = order.roll_initiative(fight, OLD, Random(1), only=["ben"], advantage=["ben"])
    assert [(fact.who, fact.data["dice"]) for fact in facts] == [("ben", "1d20adv")]
    assert [fight.get(key).initiative for key in ("ann", "cid")] == [20, 10]
    assert [key for key in fight.order if key != "ben"] == ["ann", "cid"]
    with pytest.raises(NotFound):
        order.roll_initiative(fight, OLD, Random(1), only=["zed"])


def test_a_system_may_have_dice_for_sides_and_let_the_lowest_begin():
    law = rules.read(
        'name="x"\ntitle="x"\nsource="x"\nlicence="x"\n'
        '[initiative]\nside="1d6"\nfirst="lowest"\nties=["score"]', "x.toml"
    )  # fmt: skip
    those = (one("Ann", kind="player", initiative_bonus=9), one("Orc"), one("Bat", score=3))
    fight = fight_of(*those, law=law, mode="side", start=False)
    facts = order.roll_initiative(fight, law, Random(2)).facts
    assert {fact.data["dice"] for fact in facts} == {"1d6"}
    assert all(1 <= fact.data["value"] <= 6 for fact in facts)
    assert fight_of(one("Ann", 5), one("Orc", 2), law=law).order == ("orc", "ann")


def test_the_bonus_counts_and_the_seed_repeats():
    fight = fight_of(one("Ann", initiative_bonus=30), one("Ben"), start=False)
    first, again = (order.roll_initiative(fight, OLD, Random(4)).fight for _ in range(2))
    assert first == again
    assert first.get("ann").initiative > 30


def test_reroll_each_round_keeps_bonuses_pins_and_the_lair():
    those = [one("Ann", initiative_bonus=2), one("Ben"), Combatant("", "Lair", "environment")]
    fight = fight_of(*those, reroll=True)
    fight, _ = order.set_initiative(fight, OLD, "ben", 99, pin=True)
    seen, rng = set(), Random(8)
    for _ in range(30):
        fight, _ = turns.advance(fight, OLD, rng)
        seen.add(fight.get("ann").initiative)
        assert fight.get("ben").initiative == 99
        assert fight.get("lair").initiative == 20
    assert len(seen) > 4


def dealt(facts):
    return [fact.data["value"] for fact in facts if fact.kind == "combat.initiative"]


def test_cards_are_dealt_each_round_and_are_never_alike():
    """A deck of 54 without putting back; after a joker, or when too few are left, a new one."""
    fight = roster.new("f", "F", NEW, mode="cards")
    for name in "abcdefghij":
        fight, _ = roster.add(fight, NEW, Combatant("", name, "player", hp=9, hp_max=9))
    rng = Random(5)
    fight, facts = turns.start(fight, NEW, rng)
    seen, shuffles = dealt(facts), 0
    for _ in range(200):
        before = fight.dealt
        fight, facts = turns.advance(fight, NEW, rng)
        new = dealt(facts)
        if not new:
            continue
        assert len(new) == 10
        assert len(set(fight.dealt)) == len(fight.dealt)
        assert [fight.get(key).initiative for key in fight.order] == sorted(new, reverse=True)
        if fight.dealt[: len(before)] != before:
            assert len(before) + 10 > 54 or {52, 53} & set(before)
            shuffles += 1
        seen += new
    assert shuffles > 2
    assert set(seen) == set(range(54))


def test_a_kind_has_one_card_and_players_their_own():
    fight = roster.new("f", "F", NEW, mode="cards")
    fight, _ = roster.add(fight, NEW, Combatant("", "Goblin", hp=9, hp_max=9), 3)
    fight, _ = roster.add(fight, NEW, Combatant("", "Mara", "player", hp=9, hp_max=9))
    fight, facts = turns.start(fight, NEW, Random(1))
    assert len(dealt(facts)) == 2
    assert len({fight.get(f"goblin-{n}").initiative for n in (1, 2, 3)}) == 1


@pytest.mark.parametrize(
    ("card", "title"),
    [(0, "2 clubs"), (3, "2 spades"), (32, "10 clubs"), (51, "A spades"), (52, "joker")],
)
def test_cards_are_called(card, title):
    assert cards.title(card) == title


def elective(*more):
    fight = roster.new("f", "F", NEW, mode="elective")
    for name, number in (("Ann", 20), ("Ben", 10), ("Cid", 5), *more):
        one = Combatant("", name, "player", hp=9, hp_max=9, initiative=number)
        fight, _ = roster.add(fight, NEW, one)
    return turns.start(fight, NEW, Random(1)).fight


def test_who_has_acted_says_who_is_next():
    fight = elective()
    assert (fight.current, turns.choices(fight)) == ("ann", ("ben", "cid"))
    with pytest.raises(InputError, match="who is next") as caught:
        turns.advance(fight, NEW, Random(1))
    assert caught.value.hint == "ttrpg next NAME: ben, cid"
    with pytest.raises(InputError, match="Ann cannot be next"):
        turns.advance(fight, NEW, Random(1), "ann")
    fight, _ = turns.advance(fight, NEW, Random(1), "cid")
    fight, _ = turns.advance(fight, NEW, Random(1))  # only one is left
    assert (fight.current, fight.round) == ("ben", 1)
    assert turns.choices(fight) == ("ann", "ben", "cid")
    fight, _ = turns.advance(fight, NEW, Random(1), "ben")
    assert (fight.current, fight.round) == ("ben", 2)
    with pytest.raises(InputError, match="nobody waits"):
        turns.delay(fight, NEW, Random(1))
    fight, _ = roster.add(fight, NEW, Combatant("", "Dov", hp=5, hp_max=5, initiative=30),
                          rng=Random(1))  # fmt: skip
    assert "dov" in turns.choices(fight)
    back = turns.back(fight, NEW).fight
    assert turns.choices(back) == ()
    assert turns.advance(back, NEW, Random(1)).fight == fight


def test_elsewhere_the_order_says_who_is_next():
    fight = roster.new("f", "F", NEW)
    for name in ("Ann", "Ben"):
        fight, _ = roster.add(fight, NEW, Combatant("", name, "player", hp=9, hp_max=9))
    fight, _ = turns.start(fight, NEW, Random(1))
    assert turns.choices(fight) == ()
    with pytest.raises(InputError, match="the order says"):
        turns.advance(fight, NEW, Random(1), "ben")
