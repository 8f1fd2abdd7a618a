"""The command `relu-regions table`, from a checkout."""

from experiments.commands.hash_table import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
