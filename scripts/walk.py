"""The command `relu-regions walk`, from a checkout."""

from experiments.commands.walk import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
