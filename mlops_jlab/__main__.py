"""``python -m mlops_jlab`` is ``mlops-jlab``."""

from mlops_jlab.cli.main import main

if __name__ == "__main__":
    main()
