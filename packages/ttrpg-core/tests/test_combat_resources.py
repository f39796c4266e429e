"""Uses that are spent and come back, and what is offered when; each row names its rule."""

from random import Random

import attrs
import pytest

from ttrpg_core.errors import Ambiguous, InputError, NotFound
from ttrpg_core.table.combat import effects, resources, rests, roster, rules, turns
from ttrpg_core.table.combat.state import Combatant, Effect, Refresh, Resource

OLD, NEW = rules.load("dnd5e-2014"), rules.load("dnd5e-2024")


def fight_of(*those, law=NEW, start=True):
    """A dragon on 15 with these resources, Mara on 20 before it and Ned on 10 after it."""
    fight = roster.new("f", "F", law)
    for name, value, has in (("Mara", 20, ()), ("Dragon", 15, those), ("Ned", 10, ())):
        kind = "monster" if has or name == "Dragon" else "player"
        one = Combatant(
            "",
            name,
            kind,
            hp=90,
            hp_max=90,
            initiative=value,
            resources=has,
            condition_immunities=(),
        )
        fight, _ = roster.add(fight, law, one)
    return turns.start(fight, law, Random(1)).fight if start else fight


def left(fight, name="dragon"):
    return [each.left for each in fight.get(name).resources]


def go(fight, number=1, rng=None, law=NEW):
    facts = ()
    for _ in range(number):
        fight, facts = turns.advance(fight, law, rng or Random(1))
    return fight, facts


def use(fight, what, number=1):
    return resources.use(fight, NEW, "dragon", what, number).fight


def test_uses_are_spent_and_cannot_be_overspent():
    fight = fight_of(resources.per_day("Frightful Presence", 2))
    fight, facts = resources.use(fight, NEW, "dragon", "fright", 2)
    assert facts[0].prose == "Dragon uses Frightful Presence: 0/2 left"
    with pytest.raises(InputError, match="has 0 of 2"):
        use(fight, "fright")
    for number in (0, -1):
        with pytest.raises(InputError, match="cannot be spent"):
            use(fight, "fright", number)
    with pytest.raises(NotFound):
        use(fight, "breath")


def test_legendary_actions_come_back_at_the_start_of_its_turn():
    """SRD 5.1 "Legendary Actions": regains spent ones at the start of its turn."""
    fight = fight_of(resources.legendary_actions(3))
    fight, facts = go(fight)  # Mara's turn has ended: it may act, and then its turn begins
    assert [fact.kind for fact in facts] == ["combat.prompt.resource", "combat.turn"]
    assert facts[0].prose == "Dragon may use Legendary Actions: 3/3 left"
    fight, facts = go(fight)  # its own turn has ended: it may not
    assert [fact.kind for fact in facts] == ["combat.turn"]
    fight = use(fight, "leg", 3)
    fight, facts = go(fight)
    assert "combat.prompt.resource" not in [fact.kind for fact in facts]
    assert left(fight) == [0]
    fight, facts = go(fight)
    assert left(fight) == [3]
    assert facts[-1].prose == "Dragon: Legendary Actions 3/3"


@pytest.mark.parametrize("condition", ["incapacitated", "stunned", "unconscious"])
def test_legendary_actions_are_not_offered_to_the_incapacitated(condition):
    """SRD 5.1 and 5.2.1 "Legendary Actions"."""
    fight = fight_of(resources.legendary_actions())
    fight, _ = effects.apply(fight, NEW, "dragon", Effect("", condition))
    assert [fact.kind for fact in go(fight)[1]] == ["combat.turn"]


def test_the_surprised_use_none_before_their_first_turn():
    """SRD 5.1 "Legendary Actions": if surprised, not until after its first turn."""
    fight = fight_of(resources.legendary_actions(), law=OLD, start=False)
    fight, _ = roster.surprise(fight, OLD, ["dragon"])
    fight, _ = turns.start(fight, OLD, Random(1))
    fight, facts = go(fight, law=OLD)
    assert "combat.prompt.resource" not in [fact.kind for fact in facts]
    _, facts = go(fight, 2, law=OLD)
    assert facts[0].kind == "combat.prompt.resource"


def test_a_lair_acts_on_20_once_a_round():
    """SRD 5.1 "Lair Actions": on initiative count 20, losing all ties."""
    lair = Combatant("", "Lair", "environment", resources=(resources.lair_actions(),))
    fight = fight_of(start=False)
    fight, _ = roster.add(fight, NEW, lair)
    fight, _ = turns.start(fight, NEW, Random(1))
    assert fight.order == ("mara", "lair", "dragon", "ned")
    fight, facts = go(fight)
    assert facts[-1].prose == "Lair may use Lair Action: 1/1 left"
    fight, _ = resources.give(fight, NEW, "dragon", resources.legendary_actions())
    fight, _ = resources.use(fight, NEW, "lair", "lair")
    assert go(fight)[1][0].kind == "combat.turn"  # a lair is no creature
    fight, facts = go(fight, 4)
    assert facts[-1].prose == "Lair may use Lair Action: 1/1 left"


def test_recharge_is_rolled_for_at_the_start_of_the_turn_only_when_spent():
    """SRD 5.1 and 5.2.1 "Limited Usage": Recharge 5-6 on a d6."""
    fight = fight_of(resources.recharge("Fire Breath"))
    assert "recharge" not in " ".join(fact.prose for fact in go(fight)[1])
    came = {}
    for seed in range(40):
        _, facts = go(use(fight, "fire"), 1, Random(seed))
        said = next(fact.prose for fact in facts if "recharge" in fact.prose)
        rolled = Random(seed).randint(1, 6)
        came[rolled] = said
    assert sorted(came) == [1, 2, 3, 4, 5, 6]
    for rolled, said in came.items():
        assert said == (
            f"Dragon: Fire Breath recharges ({rolled}) 1/1"
            if rolled >= 5
            else f"Dragon: Fire Breath does not recharge ({rolled})"
        )


@pytest.mark.parametrize(
    ("rule", "made", "after_turns", "after_short", "after_long"),
    [
        ("SRD 5.2.1 Limited Usage: X/Day", resources.per_day("X", 3), 0, 0, 3),
        ("SRD 5.2.1 Recharge after a Short or Long Rest", resources.per_rest("X", 1), 0, 1, 1),
        ("SRD 5.2.1 Recharge X-Y: a rest too", resources.recharge("X", needs=7), 0, 1, 1),
        ("SRD 5.2.1 Spell Slots", resources.per_day("slots 1", 4), 0, 0, 4),
        ("SRD 5.1 Legendary Resistance (3/Day)", resources.legendary_resistance(), 0, 0, 3),
        ("SRD 5.2.1 Rage: one on a short rest",
         Resource("X", 3, 3, (Refresh("short-rest", 1), Refresh("long-rest"))), 0, 1, 3),
        ("each round", Resource("X", 2, 2, (Refresh("round"),)), 2, 0, 0),
        ("one at the end of each turn", Resource("X", 2, 2, (Refresh("turn-end", 1),)), 1, 0, 0),
        ("when initiative is rolled", Resource("X", 2, 2, (Refresh("fight"),)), 0, 0, 0),
        ("by hand", Resource("X", 2, 2), 0, 0, 0),
    ],
)  # fmt: skip
def test_when_uses_come_back(rule, made, after_turns, after_short, after_long):
    fight = use(fight_of(made), made.name, made.most)
    assert left(go(fight, 3)[0]) == [after_turns], rule
    dragon = fight.get("dragon")
    for length, number in (("short", after_short), ("long", after_long)):
        alone = rests.together([dragon], NEW, 0)
        rested = rests.rest(alone, NEW, ["dragon"], length, Random(1)).fight
        assert rested.get("dragon").resources[0].left == number, rule


def test_a_new_fight_brings_back_what_initiative_does():
    fight = fight_of(Resource("X", 2, 0, (Refresh("fight"),)))
    assert left(fight) == [2]


def test_uses_are_given_back_by_hand():
    fight = use(fight_of(resources.per_day("X", 3)), "x", 3)
    fight, facts = resources.restore(fight, NEW, "dragon", "x", 2)
    assert (left(fight), facts[0].data["back"]) == ([2], 2)
    assert left(resources.restore(fight, NEW, "dragon", "x").fight) == [3]
    assert left(resources.restore(fight, NEW, "dragon", "x", 99).fight) == [3]
    with pytest.raises(InputError, match="cannot come back"):
        resources.restore(fight, NEW, "dragon", "x", 0)


def test_a_resource_can_be_given_and_replaced():
    fight, facts = resources.give(fight_of(), NEW, "ned", Resource("Luck", 3, 2))
    assert facts[0].prose == "Ned: Luck 2/3"
    fight, _ = resources.give(fight, NEW, "ned", Resource("Luck", 5, 5))
    assert left(fight, "ned") == [5]
    for wrong in (Resource("", 1, 1), Resource("L", 1, 2), Resource("L", -1, -1)):
        with pytest.raises(InputError):
            resources.give(fight, NEW, "ned", wrong)
    fight, _ = resources.give(fight, NEW, "ned", Resource("Lucky Charm", 1, 1))
    with pytest.raises(Ambiguous):
        resources.use(fight, NEW, "ned", "lu")
    assert resources.use(fight, NEW, "ned", "Luck").facts[0].data["left"] == 4


def test_the_dead_are_offered_nothing():
    fight = fight_of(resources.legendary_actions())
    fight = attrs.evolve(
        fight,
        combatants=tuple(
            attrs.evolve(each, life="dead", hp=0) if each.id == "dragon" else each
            for each in fight.combatants
        ),
    )
    assert [fact.kind for fact in go(fight)[1]] == ["combat.turn"]
