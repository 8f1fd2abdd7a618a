"""The command `relu-regions slice`, from a checkout."""

from experiments.commands.slice import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
