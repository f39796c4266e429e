"""Fights: pure functions from a fight and a command to a fight and facts.

::

    from random import Random
    from ttrpg_core.table.combat import hp, roster, rules, turns
    from ttrpg_core.table.combat.arithmetic import Part
    from ttrpg_core.table.combat.state import Combatant

    law, rng = rules.load("dnd5e-2024"), Random(7)
    fight = roster.new("ambush", "Ambush", law)
    fight, _ = roster.add(fight, law, Combatant("", "Mara", "player", hp=12, hp_max=12))
    fight, _ = roster.add(fight, law, Combatant("", "Goblin", hp=7, hp_max=7), number=3)
    fight, _ = turns.start(fight, law, rng)
    goblin = roster.find(fight, "gob2")
    fight, facts = hp.hit(fight, law, goblin, [Part(7, "fire")], rng, source="mara")

A command answers an :class:`~ttrpg_core.table.combat.scene.Outcome`, or raises InputError, NotFound
or Ambiguous and has changed nothing. :mod:`~ttrpg_core.table.combat.state` has the values,
:mod:`~ttrpg_core.table.combat.rules` the rules of a system, which are data.
"""
