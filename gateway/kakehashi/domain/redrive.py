"""「再処理」 What an operator orders for a whole group of records, and how far that has come."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["OrderAction", "OrderState"]


class OrderAction(StrEnum):
    """「処理区分」 retry: sent again; discard: given up for good; letters: the same of dead letters."""

    RETRY = "retry"
    DISCARD = "discard"
    LETTERS = "letters"


class OrderState(StrEnum):
    """「指図状態」 open: the scheduler goes on with it; done: nothing of it is left; stopped: by an operator."""

    OPEN = "open"
    DONE = "done"
    STOPPED = "stopped"
