"""A scripted linkage test 「団体内システム連携テスト」: gateway and simulators, or a partner, and its evidence."""

from kakehashi_simulators.rehearsal.command import rehearse

__all__ = ["rehearse"]
