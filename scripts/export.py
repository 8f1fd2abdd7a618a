"""The command `relu-regions export`, from a checkout."""

from experiments.commands.export import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
