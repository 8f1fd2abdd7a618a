"""The command `relu-regions simplify`, from a checkout."""

from experiments.commands.simplify import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
