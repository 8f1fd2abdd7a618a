"""The command `relu-regions count`, from a checkout."""

import sys

from experiments.commands.count_regions import main

if __name__ == "__main__":
    sys.exit(main())
