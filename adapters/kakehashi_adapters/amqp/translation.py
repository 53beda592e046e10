"""Every pika exception becomes one of ours here: codes and numbers, never pika's or the broker's text.

A test fails when pika has an exception class that MAPPED does not name.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping

from pika import exceptions as px
from pika.adapters.utils import connection_workflow as cw
from pika.adapters.utils.io_services_utils import _AsyncPlaintextTransport

from kakehashi.errors import BrokerBlocked, BrokerError, BrokerMisconfigured, BrokerUnavailable, Fault

__all__ = ["MAPPED", "again", "translate"]

_RxEndOfFile = _AsyncPlaintextTransport.RxEndOfFile

MAPPED: dict[type[BaseException], type[BrokerError]] = {
    # The connection is lost or was never made.
    px.AMQPError: BrokerUnavailable,
    px.AMQPConnectionError: BrokerUnavailable,
    px.ConnectionOpenAborted: BrokerUnavailable,
    px.StreamLostError: BrokerUnavailable,
    px.ConnectionWrongStateError: BrokerUnavailable,
    px.ConnectionClosed: BrokerUnavailable,  # its reply code is looked at first, as for the next two
    px.ConnectionClosedByBroker: BrokerUnavailable,
    px.ConnectionClosedByClient: BrokerUnavailable,
    px.AMQPHeartbeatTimeout: BrokerUnavailable,
    # The stream ended during the handshake. A broker that refuses says so with a reply code, which is looked at
    # first; without one it was merely going down.
    px.ProbableAuthenticationError: BrokerUnavailable,
    px.ProbableAccessDeniedError: BrokerUnavailable,
    px.IncompatibleProtocolError: BrokerUnavailable,
    px.ConnectionBlockedTimeout: BrokerBlocked,
    # The broker or the network speaks something else, or not all that we need.
    px.AuthenticationError: BrokerMisconfigured,
    px.NoFreeChannels: BrokerMisconfigured,
    px.ProtocolVersionMismatch: BrokerMisconfigured,
    px.MethodNotImplemented: BrokerMisconfigured,
    # A frame that cannot be read: the stream is broken.
    px.ProtocolSyntaxError: BrokerUnavailable,
    px.UnexpectedFrameError: BrokerUnavailable,
    px.BodyTooLongError: BrokerUnavailable,
    px.InvalidFrameError: BrokerUnavailable,
    px.InvalidChannelNumber: BrokerUnavailable,
    # The channel is lost.
    px.AMQPChannelError: BrokerUnavailable,
    px.ChannelWrongStateError: BrokerUnavailable,
    px.ChannelClosed: BrokerUnavailable,
    px.ChannelClosedByBroker: BrokerUnavailable,
    px.ChannelClosedByClient: BrokerUnavailable,
    px.ConsumerCancelled: BrokerUnavailable,
    px.UnroutableError: BrokerMisconfigured,
    px.NackError: BrokerBlocked,
    # A message or name that AMQP cannot carry.
    px.InvalidFieldTypeException: BrokerMisconfigured,
    px.UnsupportedAMQPFieldException: BrokerMisconfigured,
    px.ShortStringTooLong: BrokerMisconfigured,
    # Our own misuse.
    px.ChannelError: BrokerError,
    px.ReentrancyError: BrokerError,
    px.DuplicateConsumerTag: BrokerError,
    px.DuplicateGetOkCallback: BrokerError,
    # Connection establishment; those with an inner exception are unwrapped first.
    cw.AMQPConnectorException: BrokerUnavailable,
    cw.AMQPConnectorStackTimeout: BrokerUnavailable,
    cw.AMQPConnectorAborted: BrokerUnavailable,
    cw.AMQPConnectorWrongState: BrokerUnavailable,
    cw.AMQPConnectorPhaseErrorBase: BrokerUnavailable,
    cw.AMQPConnectorSocketConnectError: BrokerUnavailable,
    cw.AMQPConnectorTransportSetupError: BrokerUnavailable,
    cw.AMQPConnectorAMQPHandshakeError: BrokerUnavailable,
    cw.AMQPConnectionWorkflowAborted: BrokerUnavailable,
    cw.AMQPConnectionWorkflowWrongState: BrokerUnavailable,
    cw.AMQPConnectionWorkflowFailed: BrokerUnavailable,
    _RxEndOfFile: BrokerUnavailable,
}

_HANDSHAKE = (px.ProbableAuthenticationError, px.ProbableAccessDeniedError, px.IncompatibleProtocolError)
_CLOSED = re.compile(r"ConnectionClosedByBroker: \(([0-9]{3})\)")

_BY_REPLY: dict[int, tuple[type[BrokerError], str]] = {
    311: (BrokerMisconfigured, "BRK-004"),  # content too large
    402: (BrokerMisconfigured, "BRK-004"),  # invalid path (virtual host)
    403: (BrokerMisconfigured, "BRK-004"),  # access refused
    404: (BrokerMisconfigured, "BRK-005"),  # no such queue
    406: (BrokerMisconfigured, "BRK-004"),  # other arguments
    530: (BrokerMisconfigured, "BRK-004"),  # not allowed: no such virtual host, or limit reached
    540: (BrokerMisconfigured, "BRK-004"),  # not implemented
}


def translate(error: BaseException, **facts: str | int) -> BrokerError:
    """The one of our errors that `error` amounts to. The bare ValueError and RuntimeError that pika raises on a
    lost connection, and every OSError, are BrokerUnavailable; what is neither pika's nor theirs is BRK-001.
    """
    error = _innermost(error)
    if isinstance(error, BrokerError):
        return error
    reply = _reply(error)
    if reply is not None:
        kind, code = _BY_REPLY.get(reply, (BrokerUnavailable, "BRK-002"))
        return kind(code, reply=reply, **facts)
    for cls in type(error).__mro__:
        if cls in MAPPED:
            return _made(MAPPED[cls], facts)
    if isinstance(error, ssl.SSLCertVerificationError):
        return BrokerMisconfigured("BRK-004", setting="broker.url", tls=error.verify_code)
    if isinstance(error, (OSError, ValueError, RuntimeError)):
        return _made(BrokerUnavailable, facts)
    return BrokerError("BRK-001", kind=type(error).__name__)


def _reply(error: BaseException) -> int | None:
    """The broker's reply code. Of an end during the handshake pika keeps it in a text only."""
    if isinstance(error, (px.ConnectionClosed, px.ChannelClosed)):
        return error.reply_code
    if isinstance(error, _HANDSHAKE) and error.args and (found := _CLOSED.match(str(error.args[0]))):
        return int(found[1])
    return None


def _made(kind: type[BrokerError], facts: Mapping[str, str | int]) -> BrokerError:
    return kind(Fault(kind.default_code, facts=facts))


def again(error: BrokerError) -> BrokerError:
    """The same error as a new object: several threads may raise it."""
    return type(error)(error.fault)


def _innermost(error: BaseException) -> BaseException:
    while True:
        if isinstance(error, cw.AMQPConnectionWorkflowFailed) and error.exceptions:
            error = error.exceptions[-1]
        elif isinstance(error, cw.AMQPConnectorPhaseErrorBase):
            error = error.exception
        else:
            return error
