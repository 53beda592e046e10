"""structlog as JSON lines, one event a line. Foreign loggers are silenced: their texts may hold values."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TextIO

import structlog

__all__ = ["configure_logging", "safe_trace"]


def configure_logging(path: Path | None = None, *, level: str = "info") -> None:
    """Send events to `path` (appended) or standard error."""
    stream: TextIO = sys.stderr
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a", encoding="utf-8", buffering=1)
    logging.disable(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _process_id,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )


def _process_id(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["pid"] = os.getpid()
    return event


def safe_trace(error: BaseException) -> str:
    """Where an unexpected error came from: file names, lines and functions; neither its text nor any variable."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames))
