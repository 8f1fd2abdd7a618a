"""The command `relu-regions export`, from a checkout."""

import sys

from experiments.commands.export import main

if __name__ == "__main__":
    sys.exit(main())
