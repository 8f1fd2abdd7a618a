"""The command `relu-regions topology`, from a checkout."""

from experiments.commands.topology import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
