"""The command `relu-regions count`, from a checkout."""

from experiments.commands.count_regions import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
