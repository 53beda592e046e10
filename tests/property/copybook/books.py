"""Copybooks that hypothesis makes up, and values that fit them."""

from decimal import Decimal

from hypothesis import strategies as st

LETTERS = st.characters(min_codepoint=0x41, max_codepoint=0x5A)


@st.composite
def number(draw):
    digits = draw(st.integers(1, 18))
    decimals = draw(st.integers(0, digits))
    signed = draw(st.booleans())
    usage = draw(st.sampled_from(["", "COMP", "COMP-3", "COMP-5", "BINARY", "SIGN LEADING", "SIGN TRAILING SEPARATE"]))
    usage = usage if signed or not usage.startswith("SIGN") else ""
    picture = ("S" if signed else "") + (f"9({digits - decimals})" if digits > decimals else "")
    picture += f"V9({decimals})" if decimals else ""
    most = 10**digits - 1
    least = -most if signed else 0
    values = st.integers(least, most)
    if decimals:
        values = values.map(lambda whole: Decimal(whole).scaleb(-decimals))
    sync = " SYNC" if usage in {"COMP", "COMP-5"} and draw(st.booleans()) else ""
    return f"PIC {picture} {usage}{sync}", values


@st.composite
def text(draw):
    length = draw(st.integers(1, 12))
    justified = " JUST RIGHT" if draw(st.integers(0, 5)) == 0 else ""
    return f"PIC X({length}){justified}", st.text(LETTERS, max_size=length)


@st.composite
def book(draw):
    """(text, items); an item is (key, strategy of values, name of its count or None, most)."""
    lines = ["       01 R."]
    items = []
    for n in range(draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["item", "item", "item", "table", "depending", "filler", "group"]))
        clause, values = draw(st.one_of(number(), text()))
        most = draw(st.integers(1, 4))
        if kind == "filler":
            lines.append(f"          05 FILLER {clause}.")
        elif kind == "depending":
            lines.append(f"          05 C-{n} PIC 9.")
            lines.append(f"          05 T-{n} OCCURS 0 TO {most} DEPENDING ON C-{n}.")
            lines.append(f"             10 E-{n} {clause}.")
            items.append((f"T_{n}", values, f"C_{n}", most))
        elif kind == "table":
            lines.append(f"          05 I-{n} {clause} OCCURS {most}.")
            items.append((f"I_{n}", values, None, most))
        elif kind == "group":
            lines.append(f"          05 G-{n}.")
            lines.append(f"             10 E-{n} {clause}.")
            items.append((f"G_{n}", values, None, 0))
        else:
            lines.append(f"          05 I-{n} {clause}.")
            items.append((f"I_{n}", values, None, None))
    lines.append("          05 LAST PIC X.")
    items.append(("LAST", st.text(LETTERS, max_size=1), None, None))
    return "\n".join(lines) + "\n", items


@st.composite
def filled(draw, items):
    """Values of every item, with counts that agree."""
    out = {}
    for key, values, count, most in items:
        if count is not None:
            number_of = draw(st.integers(0, most))
            out[count] = number_of
            out[key] = [{key.replace("T_", "E_"): draw(values)} for _ in range(number_of)]
        elif most == 0:
            out[key] = {key.replace("G_", "E_"): draw(values)}
        elif most is not None:
            out[key] = [draw(values) for _ in range(most)]
        else:
            out[key] = draw(values)
    return out
