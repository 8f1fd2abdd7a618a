"""The command `relu-regions atlas`, from a checkout."""

from experiments.commands.atlas import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
