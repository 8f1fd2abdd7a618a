"""The command `relu-regions simplify`, from a checkout."""

import sys

from experiments.commands.simplify import main

if __name__ == "__main__":
    sys.exit(main())
