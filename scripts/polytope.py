"""The command `relu-regions polytope`, from a checkout."""

from experiments.commands.polytope import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
