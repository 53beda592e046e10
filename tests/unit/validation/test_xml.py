from __future__ import annotations

import threading
import time

import pytest
from tests.unit.validation.samples import MESSAGES

from kakehashi.errors import InputError
from kakehashi.validation.xml import Limits, parse_document

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>',
    "network entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]><a>&x;</a>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/hostname"> %x;]><a/>',
    "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>'.encode(),
    "quadratic blow-up": f'<!DOCTYPE a [<!ENTITY x "{"y" * 100_000}">]><a>{"&x;" * 10_000}</a>'.encode(),
    "plain doctype": b"<!DOCTYPE a><a/>",
    "doctype after comment": b"<!-- <a --><!DOCTYPE a><a/>",
    "doctype after instruction": b'<?xml version="1.0"?><?x <a ?><!DOCTYPE a><a/>',
    "doctype far down": b"<?x " + b"y" * 1000 + b"?><!DOCTYPE a><a/>",
    "200,000 attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(200_000)) + b"/>",
    "a million namespaces": b"<a " + b" ".join(b'xmlns:a%d="u"' % n for n in range(1_000_000)) + b"/>",
    "a hundred thousand deep": b"<a>" * 100_000 + b"</a>" * 100_000,
    "a thousand deep": b"<a>" * 1_000 + b"</a>" * 1_000,
    "three million elements": b"<a>" + b"<b/>" * 4_100_000 + b"</a>",
    "UTF-16": '<?xml version="1.0" encoding="UTF-16"?><a/>'.encode("utf-16"),
    "UTF-16 unmarked": "<a/>".encode("utf-16-le"),
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b+AD4-</a>',
    "another charset": b'<?xml version="1.0" encoding="Shift_JIS"?><a/>',
    "undeclared entity": b"<a>&x;</a>",
    "not XML": b"12345",
    "nothing": b"",
    "cut": MESSAGES["DBM-201"][:-20],
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused_at_once(name):
    """Every document that tries to harm the parser is refused with a code in under a second."""
    begin = time.perf_counter()
    with pytest.raises(InputError) as caught:
        parse_document(ATTACKS[name])
    assert caught.value.fault.code in {"DEC-015", "DEC-016"}
    assert time.perf_counter() - begin < 1
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", [name for name in ATTACKS if "doctype" in name or "entity" in name][:6])
def test_document_types_are_refused_before_the_parser_sees_them(name):
    """A document type declaration is refused for being one, whatever it declares."""
    with pytest.raises(InputError) as caught:
        parse_document(ATTACKS[name])
    assert caught.value.fault.code == "DEC-016"
    assert caught.value.fault.facts == {"cap": "doctype"}


def test_xinclude_and_schema_location_are_only_text():
    """Hints to load something else are read and never followed."""
    root = parse_document(
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        b'xsi:schemaLocation="u http://127.0.0.1:9/x.xsd"><xi:include href="file:///etc/hostname"/></a>'
    )
    assert len(root) == 1
    assert root[0].text is None


def test_each_cap_holds():
    """Size, elements, attributes and depth have a cap each."""
    tight = Limits(size=1000, elements=10, attributes=5, depth=3)
    for document, cap in (
        (b"<a>" + b"x" * 1000 + b"</a>", "size"),
        (b"<a>" + b"<b/>" * 30 + b"</a>", "elements"),
        (b'<a b="" c="" d="" e="" f="" g="" h=""/>', "attributes"),
        (b"<a><b><c><d/></c></b></a>", "depth"),
    ):
        with pytest.raises(InputError) as caught:
            parse_document(document, limits=tight)
        assert caught.value.fault.facts == {"cap": cap}


def test_messages_pass_with_mark_and_declaration():
    """A byte order mark and a declaration of UTF-8 are accepted."""
    document = MESSAGES["SYM-901"]
    assert parse_document(document).tag.endswith("SYM901")
    assert parse_document(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n' + document).tag.endswith("SYM901")


def test_threads_do_not_share_a_parser():
    """Eight threads parse at once, each its own document."""
    wrong = []

    def work(number: int) -> None:
        texts = [parse_document(b"<a>%d</a>" % number).text for _ in range(50)]
        wrong.extend(text for text in texts if text != str(number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
