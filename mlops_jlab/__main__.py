"""``python -m mlops_jlab`` is ``mlops-jlab``."""

from mlops_jlab.cli.starting import main

if __name__ == "__main__":
    main()
