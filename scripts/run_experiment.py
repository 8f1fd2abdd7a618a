"""The command `relu-regions study`, from a checkout."""

import sys

from experiments.commands.run_experiment import main

if __name__ == "__main__":
    sys.exit(main())
