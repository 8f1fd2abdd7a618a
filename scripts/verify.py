"""The command `relu-regions verify`, from a checkout."""

import sys

from experiments.commands.verify import main

if __name__ == "__main__":
    sys.exit(main())
