"""The command `relu-regions ask`, from a checkout."""

import sys

from experiments.commands.ask import main

if __name__ == "__main__":
    sys.exit(main())
