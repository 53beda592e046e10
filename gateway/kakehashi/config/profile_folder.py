"""profiles/NAME → Profile, with every file of the folder counted in the configuration's hash."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kakehashi.config.reading import Reading
from kakehashi.domain.character import code_points
from kakehashi.errors import ConfigurationError, Place
from kakehashi.interface.profile import Profile, load_profile
from kakehashi.interface.profile_files import ProfileFiles
from kakehashi.mapping.converters import close_names
from kakehashi.mapping.repertoire import ORACLE, is_inside

__all__ = ["read_profile"]


def read_profile(reading: Reading, name: str, *, as_of: date | None = None) -> Profile | None:
    """The profile as of that day; None with CFG-006 for an unknown one, or with its own faults."""
    folder = reading.folder / "profiles" / name
    if not (folder / "profile.toml").is_file():
        known = [path.parent.name for path in (reading.folder / "profiles").glob("*/profile.toml")]
        reading.fault(
            "CFG-006", Place(file="gateway.toml", item="gateway.profile"), name=name, **close_names(name, known)
        )
        return None
    profile = None
    for each in _folders(reading, folder):
        place = f"profiles/{each.name}/profile.toml"
        for path in sorted(each.rglob("*")):
            if path.suffix in {".toml", ".csv"} and path.is_file():
                reading.remember(path.relative_to(reading.folder).as_posix())
        try:
            profile = load_profile(each, as_of=as_of)
        except ConfigurationError as error:
            reading.take(error, file=place)
            return None
    if profile is not None:
        _check_characters(reading, profile, f"profiles/{name}")
    return profile


def _folders(reading: Reading, folder: Path) -> tuple[Path, ...]:
    """The base first, so that its faults are found where they are."""
    try:
        return ProfileFiles.of(folder).folders[::-1]
    except ConfigurationError as error:
        reading.take(error, file=f"profiles/{folder.name}/profile.toml")
        return ()


def _check_characters(reading: Reading, profile: Profile, folder: str) -> None:
    """The repertoire is one that can be checked, and every substitute is in it."""
    if profile.repertoire != ORACLE:
        place = Place(file=f"{folder}/profile.toml", item="characters.repertoire")
        reading.fault("CFG-006", place, name=profile.repertoire, known=ORACLE)
    for character, substitute in profile.degrade.items():
        if not is_inside(substitute):
            place = Place(file=f"{folder}/profile.toml", item="characters.degrade")
            facts = {"character": code_points(character), "found": code_points(substitute)}
            reading.fault("CFG-008", place, **facts, expected=f"what the server takes ({ORACLE})")
