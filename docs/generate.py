"""Writes the pages of the site that are made from the code: every command with its help, and the changelog.

They are not kept in git: ``make docs`` writes them before it builds the site.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from mlops_jlab.cli.main import cli

DOCS = Path(__file__).parent


def commands(group: click.Group, above: str) -> Iterator[tuple[str, click.Command]]:
    """Each command with its whole name, groups before what is in them."""
    context = click.Context(group)
    for name in sorted(group.list_commands(context)):
        found = group.get_command(context, name)
        if found is None:
            continue
        yield f"{above} {name}", found
        if isinstance(found, click.Group):
            yield from commands(found, f"{above} {name}")


def page() -> str:
    """Every command as its own ``--help`` tells it."""
    lines = [
        "# Every command",
        "",
        "What `--help` prints. [The command line](../command-line.md) explains it.",
        "",
    ]
    for name, command in commands(cli, "mlops-jlab"):
        context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100)
        lines += [f"## {name}", "", "```text", command.get_help(context), "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    (DOCS / "reference" / "commands.md").write_text(page(), "utf-8")
    (DOCS / "changelog.md").write_text((DOCS.parent / "CHANGELOG.md").read_text("utf-8"), "utf-8")
