"""Options that several commands have."""

from __future__ import annotations

import click

EXECUTOR = click.option("--executor", default="local", show_default=True, metavar="local|dask://HOST:PORT",
                        help="Where steps are executed.")  # fmt: skip
ARTIFACTS = click.option("--artifacts", default="", metavar="URL",
                         help="Keep values and executed notebooks there too: a folder, s3://...")  # fmt: skip
