"""`python -m pellucid`."""

from pellucid.cli.main import main

if __name__ == "__main__":  # not in the processes that `audit.spread` starts
    main()
