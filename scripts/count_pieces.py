"""The command `relu-regions pieces`, from a checkout."""

import sys

from experiments.commands.count_pieces import main

if __name__ == "__main__":
    sys.exit(main())
