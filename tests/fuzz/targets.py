"""What is fuzzed, by name: each takes any bytes and returns, or an assertion or an exception is a finding."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.fuzz.copybooks import copybook_record, copybook_text
from tests.fuzz.files import charset_text, layout_file, record_file, sheet

TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {each.__name__: each for each in (copybook_text, copybook_record, layout_file, record_file, charset_text, sheet)}
)
