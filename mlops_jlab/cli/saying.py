"""How the command line says what is wrong."""

from __future__ import annotations

import click

from mlops_jlab.masking import masked


def say_error(message: str, hint: str = "") -> None:
    """One message on the error stream, without what looks like a secret, and what to do now below it."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {masked(message)}", err=True)
    if hint:
        click.echo(f"  → {hint}", err=True)
