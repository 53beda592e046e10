"""A group of commands with one that is meant where none is named."""

from __future__ import annotations

import click

__all__ = ["DefaultGroup"]


class DefaultGroup(click.Group):
    """Subclasses say which one."""

    default = ""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)
