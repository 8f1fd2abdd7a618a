"""The command `relu-regions ask`, from a checkout."""

from experiments.commands.ask import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
