"""A RabbitMQ cluster of three Erlang nodes on this machine; tests kill and freeze its nodes."""

import contextlib
import json

from kakehashi_adapters.private_rabbitmq import PrivateRabbit


class Cluster:
    """`nodes`: its PrivateRabbits, all running. `url` names them all."""

    def __init__(self, nodes):
        self.nodes = nodes

    @property
    def url(self):
        first = self.nodes[0]
        return first.url.replace(
            f":{first.port}/", ":" + ",127.0.0.1:".join(str(node.port) for node in self.nodes) + "/"
        )

    def leader(self, queue):
        """The node that leads the quorum queue."""
        rows = json.loads(self.nodes[0].control("list_queues", "name", "leader", "--formatter", "json"))
        name = next(row["leader"] for row in rows if row["name"] == queue)
        return next(node for node in self.nodes if node.node == name)

    def followers(self, queue):
        leader = self.leader(queue)
        return [node for node in self.nodes if node is not leader]


@contextlib.contextmanager
def rabbitmq_cluster(size=3):
    """Running, its nodes joined; gone afterwards."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(PrivateRabbit())
        others = [stack.enter_context(PrivateRabbit(beside=first)) for _ in range(size - 1)]
        yield Cluster([first, *others])
