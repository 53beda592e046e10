"""Every pika exception becomes one of ours here: codes and numbers, never pika's or the broker's text.

A test fails when pika has an exception class that MAPPED does not name.
"""

from __future__ import annotations

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
    # "Probable": the stream ended during the handshake. A broker that refuses says so with a reply code, so this
    # one was merely going down.
    px.ProbableAuthenticationError: BrokerUnavailable,
    px.ProbableAccessDeniedError: BrokerUnavailable,
    px.ConnectionBlockedTimeout: BrokerBlocked,
    # The broker or the network speaks something else, or not all that we need.
    px.IncompatibleProtocolError: BrokerMisconfigured,
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
    if isinstance(error, (px.ConnectionClosed, px.ChannelClosed)):
        kind, code = _BY_REPLY.get(error.reply_code, (BrokerUnavailable, "BRK-002"))
        return kind(code, reply=error.reply_code, **facts)
    for cls in type(error).__mro__:
        if cls in MAPPED:
            return _made(MAPPED[cls], facts)
    if isinstance(error, (OSError, ValueError, RuntimeError)):
        return _made(BrokerUnavailable, facts)
    return BrokerError("BRK-001", kind=type(error).__name__)


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
