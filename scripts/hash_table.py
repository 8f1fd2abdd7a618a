"""The command `relu-regions table`, from a checkout."""

import sys

from experiments.commands.hash_table import main

if __name__ == "__main__":
    sys.exit(main())
