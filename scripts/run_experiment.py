"""The command `relu-regions study`, from a checkout."""

from experiments.commands.run_experiment import main
from experiments.running.interrupts import leave

if __name__ == "__main__":
    leave(main())
