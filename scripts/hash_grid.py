"""The command `relu-regions grid`, from a checkout."""

import sys

from experiments.commands.hash_grid import main

if __name__ == "__main__":
    sys.exit(main())
