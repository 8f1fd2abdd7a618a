"""The command `relu-regions grid`, from a checkout."""

from experiments.commands.hash_grid import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
