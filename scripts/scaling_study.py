"""The command `relu-regions scaling`, from a checkout."""

from experiments.commands.scaling_study import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
