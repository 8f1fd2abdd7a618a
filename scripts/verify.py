"""The command `relu-regions verify`, from a checkout."""

from experiments.commands.verify import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
