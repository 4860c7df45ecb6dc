"""Every command: what it is run on, how one goes on after it was killed, and what must be so.

Each attack is a generator. It prepares a world, yields the command to attack and learns whether it
succeeded. If not, it goes on as the docs say. What it demands must hold wherever the command was
stopped, and also if it was not.
"""

# Each of these adds its own to the list.
import on_dynamodb  # noqa: F401
import on_nothing  # noqa: F401
import on_postgresql  # noqa: F401
import on_the_stack  # noqa: F401
from attack import ATTACKS

__all__ = ["ATTACKS"]
