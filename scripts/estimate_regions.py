"""The command `relu-regions estimate`, from a checkout."""

import sys

from experiments.commands.estimate_regions import main

if __name__ == "__main__":
    sys.exit(main())
