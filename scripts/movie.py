"""The command `relu-regions movie`, from a checkout."""

from experiments.commands.movie import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
