"""The command `relu-regions compile`, from a checkout."""

from experiments.commands.compile_ahead import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
