"""The command `relu-regions estimate`, from a checkout."""

from experiments.commands.estimate_regions import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
