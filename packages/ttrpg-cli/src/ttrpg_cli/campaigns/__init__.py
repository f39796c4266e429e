"""What ``ttrpg campaign`` and ``ttrpg snapshot`` show."""
