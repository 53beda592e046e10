"""`amqp(s)://…`: RabbitMQ through pika, from 3.10 to 4.x. The only package that may say `pika`.

```
AmqpBroker ─┬─ Publisher     one connection; windows of confirmed, mandatory, persistent messages
            ├─ AmqpConsumer  one connection each; one channel per lane
            └─ Topology      one connection; declares and counts queues
                 each on an IoThread, where nothing but pika and a few lines of ours run
```
A connection dies as a whole with its first failure, and the next call makes a new one, with growing gaps between tries.
"""

from __future__ import annotations

from kakehashi_adapters.amqp.broker import AmqpBroker, open_broker

__all__ = ["AmqpBroker", "open_broker"]
