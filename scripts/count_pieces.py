"""The command `relu-regions pieces`, from a checkout."""

from experiments.commands.count_pieces import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
