"""The command `relu-regions ring`, from a checkout."""

from experiments.commands.ring import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
