"""How long a loop waits that found nothing to do."""

from kakehashi.runtime.idling import Idling


def test_a_loop_that_works_does_not_wait_and_an_idle_one_soon_looks_twice_a_second():
    """No pause after work; five short ones, then longer ones until there is work again."""
    idling = Idling()
    assert [idling.pause(3), idling.pause(1)] == [0, 0]
    assert [idling.pause(0) for _ in range(7)] == [0.2] * 5 + [0.5] * 2
    assert [idling.pause(1), idling.pause(0)] == [0, 0.2]
