"""gateway.toml as types. One declaration gives the check, the safe defaults and `docs/reference/configuration.md`.

`GatewaySettings()` is what an empty file means: everything safe, nothing reachable. The loader asks for the addresses.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

__all__ = [
    "AlarmSettings",
    "BrokerSettings",
    "FolderSettings",
    "GatewayIdentity",
    "GatewaySettings",
    "KeySettings",
    "LimitSettings",
    "RedriveSettings",
    "RehearsalSettings",
    "RetryClass",
    "RetrySettings",
    "SafetySettings",
    "ServerSettings",
    "Settings",
    "StoreSettings",
    "SymbolSettings",
]


class Settings(BaseModel):
    """A table of a TOML file: unknown keys are faults, nothing is coerced, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class GatewayIdentity(Settings):
    """Who this gateway is."""

    name: str = Field("kakehashi", min_length=1, description="Name of this gateway in logs and events")
    agency: str = Field(
        "", pattern=r"^([0-9]{16})?$", description="機関コード of the body, 16 digits: the sender of every message"
    )
    profile: str = Field("std-2026", min_length=1, description="Folder under `profiles/`: the external interface")
    test: bool = Field(
        default=True, description="Mark every message as a test; a live endpoint needs an explicit false"
    )


class BrokerSettings(Settings):
    """Where batches wait for work."""

    url: str = Field("", repr=False, description="`local:FOLDER` or `amqp(s)://…`; required")
    lost_after_seconds: int = Field(
        60,
        ge=1,
        description="A batch of which nothing was heard for so long is published again from the ledger; one that is "
        "being sent has at least `server.timeout_seconds` and 30 s",
    )
    prefetch: int = Field(8, ge=1, le=1000, description="Batches of each lane that a worker may hold unacknowledged")
    tries: int = Field(
        3, ge=2, le=15, description="Workers that may die on a batch before it is parked (BRK-010) and not tried again"
    )


class StoreSettings(Settings):
    """The ledger."""

    url: str = Field("", repr=False, description="`sqlite:///FILE` or `postgresql+psycopg://…`; required")


class KeySettings(Settings):
    """Keys that seal bodies in broker, spool and store."""

    file: str = Field("", description="Key file (mode 0400); empty: take the environment")
    env: str = Field("KAKEHASHI_KEYS", min_length=1, description="Environment variable that holds the keys")


class ServerSettings(Settings):
    """The intermediate server 「中間サーバー」."""

    endpoint: str = Field(
        "",
        description="`https://HOST:PORT/exchange`, or an exchange folder 「連携フォルダ」: `folder:/PATH`, "
        "`sftp://USER@HOST:PORT/PATH`; required",
    )
    ca: str = Field(
        "", description="PEM file: the authority that signs the server's certificate; with SFTP a file of known hosts"
    )
    certificate: str = Field("", description="PEM file: our client certificate (mutual TLS)")
    key: str = Field("", description="PEM file: the key of our client certificate; with SFTP our private key")
    serial_digits: int = Field(
        6, ge=4, le=9, description="Exchange folder: digits of the serial 「通番」 in file names"
    )
    zipped: bool = Field(default=False, description="Exchange folder: messages travel as .zip")
    connections: int = Field(4, ge=1, le=256, description="Most simultaneous connections, or messages in the folder")
    timeout_seconds: int = Field(30, ge=1, le=3600, description="Total time of one exchange")
    answer_bytes: int = Field(64 * 1024 * 1024, ge=1024, description="Largest answer that is read")
    processes: int = Field(
        1, ge=1, le=256, description="Worker processes that share the server: each takes its part of the profile's caps"
    )
    breaker_failures: int = Field(
        5, ge=1, le=100, description="Failures in a row after which nothing but probes is sent; at most `connections`"
    )
    breaker_first_seconds: int = Field(1, ge=1, le=600, description="Pause before the first probe; it doubles")
    breaker_most_seconds: int = Field(30, ge=1, le=3600, description="Longest pause between two probes")
    retry_percent: int = Field(
        10, ge=1, le=100, description="Of what a lane sends in a minute, how much may be retries"
    )
    retries_per_minute: int = Field(60, ge=1, description="Retries a minute that a lane may send in any case")
    live: Annotated[tuple[str, ...], Strict(strict=False)] = Field(
        (), description="Endpoints that are live 「本番」: with `gateway.test` nothing goes there, however it is spelt"
    )

    @property
    def timeout(self) -> timedelta:
        return timedelta(seconds=self.timeout_seconds)


class AnsweringSettings(Settings):
    """「宛名情報の応答」 Where the intermediate server asks for a person's address information."""

    listen: str = Field("", pattern=r"^(https://.+)?$", description="`https://host:port/path`; empty: nobody is heard")
    ca: str = Field("", description="PEM file: the authority whose clients are heard")
    certificate: str = Field("", description="PEM file: the certificate that we show")
    key: str = Field("", description="PEM file: its key")
    peers: Annotated[tuple[str, ...], Strict(strict=False)] = Field(
        (), description="Common names of the clients that are heard; empty: all of the authority's"
    )
    connections: int = Field(16, ge=1, le=256, description="Questions that are answered at a time; others get 503")
    request_bytes: int = Field(64 * 1024, ge=1024, description="Largest question that is read")


class RelaySettings(Settings):
    """「電文中継」 Where systems that speak the interface themselves hand in their messages."""

    listen: str = Field(
        "", pattern=r"^(https://.+)?$", description="`https://host:port/path`; empty: nothing is relayed"
    )
    ca: str = Field("", description="PEM file: the authority of the systems' certificates")
    certificate: str = Field("", description="PEM file: the certificate that we show")
    key: str = Field("", description="PEM file: its key")
    systems: dict[str, str] = Field({}, description='Common name of a certificate → system: `"tax-host" = "tax"`')
    messages: Annotated[tuple[str, ...], Strict(strict=False)] = Field(
        ("SKI-301", "SKI-303", "SYM-901", "SYM-911"),
        description="What is relayed. A system whose replicas (DBM-201, DBM-203) go this way must have no DBM lane: "
        "neither ledger nor reconciliation knows of them",
    )
    inside_results: Annotated[tuple[str, ...], Strict(strict=False)] = Field(
        (),
        description="Further elements of answers that hold a 団体内統合宛名番号 and are swapped too",
    )
    connections: int = Field(16, ge=1, le=256, description="Messages at a time; others get 503")
    request_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="Largest message that is read")

    @property
    def peers(self) -> tuple[str, ...]:
        """Who is heard."""
        return tuple(self.systems)


class LimitSettings(Settings):
    """Sizes that protect memory and neighbours."""

    batch_records: int = Field(500, ge=1, le=10_000, description="Records of one batch, message and transaction")
    file_bytes: int = Field(16 * 1024**3, ge=1, description="Largest file that is taken; a larger one is quarantined")


class RetentionSettings(Settings):
    """What the ledger forgets; everything else it keeps."""

    refusal_days: int = Field(
        400, ge=31, description="How long it knows which files were not taken and why, and which leases have ended"
    )
    notice_days: int = Field(
        7,
        ge=0,
        description="How long what a notice said is kept, sealed, after its file was written, so that the file can be "
        "written again; in link-only mode not at all",
    )


class FolderSettings(Settings):
    """Folders on this machine."""

    spool: str = Field("run-data/spool", min_length=1, description="Sealed copies of what came in")
    exchange: str = Field(
        "run-data/exchange", min_length=1, description="Base of the relative `folder` keys of the routes"
    )


class RetryClass(Settings):
    """How often and how long one class of failure is tried again; what is left out is the profile's."""

    attempts: int | None = Field(None, ge=0, description="Most attempts; then an operator decides")
    first_seconds: int | None = Field(None, ge=0, description="Wait before the second attempt; grows, with jitter")
    most_seconds: int | None = Field(None, ge=1, description="Longest wait between two attempts")


class RetrySettings(Settings):
    """Limits by result class (design.md §6), where they differ from the profile's."""

    in_process: RetryClass = Field(RetryClass(), description="1: the server works on it; ask again")
    capacity: RetryClass = Field(RetryClass(), description="6: too many records or connections; back off")
    closed: RetryClass = Field(RetryClass(), description="7: outside service hours; hold")
    unreachable: RetryClass = Field(RetryClass(), description="8: unreachable or unknown outcome; ask, then send again")
    server_fault: RetryClass = Field(RetryClass(), description="9: the server failed; send again, then park")
    symbol: RetryClass = Field(RetryClass(), description="4007: no symbol linked yet; send again later")

    def over(self, below: RetrySettings) -> RetrySettings:
        """These limits, completed by those of `below` where they are silent."""
        merged = {}
        for name in type(self).model_fields:
            mine, other = getattr(self, name), getattr(below, name)
            merged[name] = other.model_copy(update=mine.model_dump(exclude_none=True))
        return RetrySettings(**merged)


class RedriveSettings(Settings):
    """How fast an order over a group of records goes."""

    per_second: int = Field(
        1000, ge=1, le=10_000, description="Records that an order sends again in a second, unless it says otherwise"
    )
    waiting: int = Field(
        10_000, ge=1, le=100_000, description="Retried records of a lane that may be on their way at once"
    )


class LinkSettings(Settings):
    """「番号連携」 Where 団体内統合宛名番号 come from, and who uses whose 宛名番号."""

    mode: Literal["pass-through", "link-only", "full"] = Field(
        "pass-through",
        description="団体内統合宛名番号 come with the extracts; or we issue them and keep no address data (link-only), "
        "or keep them sealed (full)",
    )
    base: str = Field(
        "",
        description="pass-through: the system whose 宛名番号 serve as 団体内統合宛名番号 where an extract brings none",
    )
    numbers: dict[str, str] = Field(
        {}, description='Systems that use the 宛名番号 of another one: `tax = "registry"`; all others have their own'
    )
    prefix: str = Field("9", pattern=r"^[0-9]{0,6}$", description="First digits of the numbers that we issue")
    hold_mismatches: int = Field(
        5, ge=0, le=5, description="A file of links with more mismatches than this, and than the next, is held whole"
    )
    hold_per_mille: int = Field(1, ge=0, le=1, description="Mismatches of 1,000 records")
    compare_days: int = Field(
        7,
        ge=0,
        le=366,
        description="「再照合」 Days from one comparison of all links to the next; 0: `match again` alone",
    )
    in_force_from: Annotated[date, Strict()] | None = Field(
        None,
        description="施行日: until 00:00 JST of this day 個人番号 are held and have no effect; then all are active; "
        "neither another day nor a clock that is set back undoes it. Without a day they are in force",
    )


class SymbolSettings(Settings):
    """「符号取得」 Which acquisitions begin by themselves."""

    acquire: Literal["off", "refused", "all"] = Field(
        "off",
        description="Begin an acquisition by itself: never; for a record that is refused for want of a symbol (4007); "
        "or also for every person whose number comes in. Started by hand they go on in any case but `off`",
    )
    residents: str = Field(
        "", description="The resident registry's system: who has no link there is no resident. Empty: all are residents"
    )
    per_second: int = Field(
        5, ge=1, le=10_000, description="Acquisitions that `symbols start` begins in a second, unless it says otherwise"
    )


class ProvisionSettings(Settings):
    """「情報提供」 Inquiries of other bodies that wait for our decision."""

    fetch: bool = Field(default=False, description="Fetch what waits, and reply what was decided")
    every_seconds: int = Field(0, ge=0, description="How often what waits is fetched; 0: as the profile says")
    departments: dict[str, list[str]] = Field(
        {},
        description="Login names of those who decide, by the departments that the profile names; of a department that "
        "is missing here nobody does",
    )


class DistributionSettings(Settings):
    """「配信」 Which layouts, code masters and special days the server announces."""

    fetch: bool = Field(default=True, description="Ask the server, and compare with profile and routes")
    every_seconds: int = Field(0, ge=0, description="How often it is asked; 0: as the profile says")


class AlarmSettings(Settings):
    """When an operator is called."""

    enabled: Literal[True] = Field(default=True, description="Alarms cannot be switched off")
    oldest_waiting_minutes: int = Field(
        60, ge=1, description="Age of the oldest waiting record of a lane that raises an alarm"
    )
    parked_records: int = Field(
        1, ge=1, description="Parked records of a lane (those of held files too) that raise an alarm"
    )
    refused_percent: int = Field(
        10, ge=1, le=100, description="Refused of a lane's records that were settled within the hour"
    )
    refused_least: int = Field(
        20, ge=1, description="Records that a lane must have settled within the hour before their share counts"
    )
    breaker_open_minutes: int = Field(
        1, ge=0, description="Minutes that nothing but probes goes to the server, or of one lane"
    )
    disk_free_megabytes: int = Field(
        1024, ge=1, description="Free megabytes of the disks of spool, ledger, queues and exchange folders"
    )
    disk_free_inodes: int = Field(10_000, ge=1, description="Files that these disks can still hold")
    symbol_days: int = Field(
        3, ge=1, description="Days that an acquisition of a symbol, once it has begun, stays in the same state"
    )
    symbols_for_operator: int = Field(1, ge=1, description="Acquisitions of symbols that only somebody can go on with")
    notices_behind_minutes: int = Field(
        60,
        ge=1,
        description="Age of the oldest notice that a system should have, or has not taken, that raises an alarm",
    )
    halt_minutes: int = Field(
        5, ge=1, description="Minutes until the server has a suspension, a lock or its end, that raise an alarm"
    )
    provision_hours: int = Field(
        24, ge=1, description="Hours until the deadline of an inquiry that has no reply yet, below which an alarm rings"
    )
    distribution_days: int = Field(
        60, ge=1, description="Days until a layout or code master changes so that a route will be refused"
    )
    certificate_days: int = Field(30, ge=1, description="Days that client certificate and authority are still valid")


class RehearsalSettings(Settings):
    """「リハーサル」 What `kakehashi rehearse` writes for the gateway that it starts."""

    evidence: str = Field(
        "", description="Folder for every message and answer in plain text; with `gateway.test` alone"
    )


class SafetySettings(Settings):
    """What cannot be switched off. The keys exist so that a configuration may say it aloud."""

    complete_file_check: Literal[True] = Field(
        default=True, description="Only files that are proved complete are taken"
    )
    duplicate_check: Literal[True] = Field(default=True, description="The same content in a lane is taken once")
    confirms: Literal[True] = Field(default=True, description="A publish counts when the broker has confirmed it")
    persistent: Literal[True] = Field(default=True, description="Messages and queues survive the broker")
    mandatory: Literal[True] = Field(default=True, description="A message without a queue is an error, never dropped")
    durable_delays: Literal[True] = Field(default=True, description="Waiting is done by broker or store")
    strict_validation: Literal[True] = Field(default=True, description="Every message is checked in both directions")
    encrypt_payloads: Literal[True] = Field(default=True, description="Bodies are sealed in broker, spool and store")


class GatewaySettings(Settings):
    """gateway.toml"""

    gateway: GatewayIdentity = Field(GatewayIdentity(), description="Who this gateway is")
    broker: BrokerSettings = Field(BrokerSettings(), description="Where batches wait for work")
    store: StoreSettings = Field(StoreSettings(), description="The ledger")
    keys: KeySettings = Field(KeySettings(), description="Keys that seal bodies")
    server: ServerSettings = Field(ServerSettings(), description="The intermediate server")
    limits: LimitSettings = Field(LimitSettings(), description="Sizes that protect memory and neighbours")
    retention: RetentionSettings = Field(RetentionSettings(), description="What the ledger forgets")
    folders: FolderSettings = Field(FolderSettings(), description="Folders on this machine")
    retry: RetrySettings = Field(
        RetrySettings(), description="Limits by result class, where they differ from the profile's"
    )
    redrive: RedriveSettings = Field(RedriveSettings(), description="How fast an order over a group of records goes")
    links: LinkSettings = Field(LinkSettings(), description="Links of numbers")
    symbols: SymbolSettings = Field(SymbolSettings(), description="Acquisition of symbols")
    provisions: ProvisionSettings = Field(ProvisionSettings(), description="Inquiries that wait for our decision")
    distribution: DistributionSettings = Field(DistributionSettings(), description="What the server announces")
    registry: ServerSettings = Field(
        ServerSettings(),
        description="The resident registry 既存住基システム, which is asked for symbols. Without `endpoint` somebody "
        "enters them at the terminal",
    )
    answering: AnsweringSettings = Field(AnsweringSettings(), description="Questions of the intermediate server")
    relay: RelaySettings = Field(RelaySettings(), description="Whole messages of systems, with numbers swapped")
    rehearsal: RehearsalSettings = Field(RehearsalSettings(), description="Evidence of a rehearsal")
    alarms: AlarmSettings = Field(AlarmSettings(), description="When an operator is called")
    safety: SafetySettings = Field(SafetySettings(), description="What cannot be switched off")
