"""The command `relu-regions scaling`, from a checkout."""

import sys

from experiments.commands.scaling_study import main

if __name__ == "__main__":
    sys.exit(main())
