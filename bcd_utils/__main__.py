"""``python -m bcd_utils``: the same as ``bcd``."""

from bcd_utils.cli import main

if __name__ == "__main__":
    main()
