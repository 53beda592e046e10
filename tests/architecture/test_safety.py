"""The rules of safety that syntax can show. Each one stands for a fault that was once made somewhere."""

import ast

from tests.architecture.sources import constant, dotted, keywords, product

PARSER_FACTORIES = (
    "gateway/kakehashi/validation/xml.py",
    "gateway/kakehashi/validation/schema.py",
    "gateway/kakehashi/codec",
    "adapters/kakehashi_simulators/schema_folder.py",
)
SAFE_PARSER = {"resolve_entities": False, "no_network": True, "load_dtd": False}
ASKS_ONLY = {"gateway/kakehashi/pipeline/retry.py"}
"""Asks tenacity's wait objects for a time, and calls nothing through it."""
OWN_WORDS = {"adapters/kakehashi_simulators/admin.py"}
"""The simulators' control page answers whoever mistyped a command with the simulators' own sentence."""
LOG_CALLS = {"debug", "info", "warning", "error", "exception", "critical", "fatal", "log", "msg"}
TELL_TOO_MUCH = {
    *("dict_tracebacks", "format_exc_info", "ExceptionRenderer", "ExceptionPrettyPrinter", "rich_traceback"),
    *("before_log", "before_sleep_log", "after_log", "format_exc", "print_exc", "format_exception", "print_exception"),
}
CLOCK = "adapters/kakehashi_adapters/system_clock.py"


def test_xml_parsers_are_made_in_one_place_and_closed():
    """Every lxml parser is made by a factory, without entities, network, DTDs and huge trees."""
    wrong = []
    for source in product():
        for call, _ in source.calls("XMLParser", "XMLPullParser", "HTMLParser"):
            options = {name: constant(value) for name, value in keywords(call).items()}
            closed = SAFE_PARSER.items() <= options.items() and not options.get("huge_tree")
            if not source.under(*PARSER_FACTORIES) or not closed:
                wrong.append(source.at(call))
    assert wrong == []


def test_nothing_is_parsed_by_a_default_parser():
    """fromstring, parse and XML always get one of our parsers; iterparse is told the same limits."""
    wrong = []
    for source in product():
        for call, name in source.calls("etree.fromstring", "etree.parse", "etree.XML", "etree.iterparse"):
            options = {key: constant(value) for key, value in keywords(call).items()}
            closed = SAFE_PARSER.items() <= options.items() if name.endswith("iterparse") else False
            if not closed and len(call.args) < 2 and "parser" not in options:
                wrong.append(source.at(call))
    assert wrong == []


def test_the_standard_librarys_xml_is_not_used():
    """xml.etree, xml.dom and xml.sax expand entities: only the escaping functions may be used, and expat never."""
    wrong = []
    for source in product():
        for node in ast.walk(source.tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            wrong += [source.at(node) for name in names if name.split(".")[0] == "xml" and name != "xml.sax.saxutils"]
    assert wrong == []


def test_xslt_and_schemas_reach_no_file_or_network_of_a_documents_choice():
    """Every XSLT has access control; xmlschema is told sandbox and defuse, and never validates by its shortcuts."""
    wrong = []
    for source in product():
        wrong += [source.at(call) for call, _ in source.calls("etree.XSLT") if "access_control" not in keywords(call)]
        for call, _ in source.calls("XMLSchema10", "XMLSchema11", "xmlschema.XMLSchema"):
            options = {name: constant(value) for name, value in keywords(call).items()}
            if options.get("allow") not in {"sandbox", "local", "none"} or options.get("defuse") != "always":
                wrong.append(source.at(call))
        shortcuts = ("xmlschema.validate", "xmlschema.is_valid", "xmlschema.iter_errors", "xmlschema.to_dict")
        wrong += [source.at(call) for call, _ in source.calls(*shortcuts)]
    assert wrong == []


def test_nothing_is_requeued():
    """A refused delivery is never put back by requeue: that loops, reorders or drops, by the broker's version."""
    wrong = []
    for source in product():
        for call, _ in source.calls("basic_nack", "basic_reject", "basic_recover"):
            if constant(keywords(call).get("requeue")) is not False:
                wrong.append(source.at(call))
    assert wrong == []


def test_only_the_broker_adapter_publishes_and_always_mandatory():
    """basic_publish stands in the AMQP adapter alone and says mandatory=True: otherwise a lost message is confirmed."""
    wrong = []
    for source in product():
        for call, _ in source.calls("basic_publish"):
            mandatory = constant(keywords(call).get("mandatory"))
            if not source.under("adapters/kakehashi_adapters/amqp") or mandatory is not True:
                wrong.append(source.at(call))
    assert wrong == []


def test_time_comes_from_the_clock():
    """Only the clock asks for the time of day (the simulators are programs of their own and have their own)."""
    wrong = []
    for source in product():
        if source.under(CLOCK, "adapters/kakehashi_simulators"):
            continue
        wrong += [
            source.at(call)
            for call, _ in source.calls(
                "datetime.now", "utcnow", "datetime.today", "date.today", "time.time", "time_ns"
            )
        ]
    assert wrong == []


def test_retries_end_and_wait():
    """Every use of tenacity says when it stops and how it waits."""
    wrong = []
    for source in product():
        for call, _ in source.calls("retry", "Retrying", "AsyncRetrying"):
            if (
                source.path not in ASKS_ONLY
                and "tenacity" in source.text
                and not {"stop", "wait"} <= keywords(call).keys()
            ):
                wrong.append(source.at(call))
        for node in ast.walk(source.tree):
            bare = [each for each in getattr(node, "decorator_list", []) if dotted(each).endswith("retry")]
            wrong += [source.at(each) for each in bare]
    assert wrong == []


def test_log_calls_take_fields_and_no_made_up_text():
    """A log call's event is a plain name: no f-string, %, format or concatenation can carry a record's value."""
    wrong = []
    for source in product():
        for node in ast.walk(source.tree):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_CALLS
            ):
                continue
            holder = dotted(node.func.value).lower()
            if holder.split(".")[-1].lstrip("_") not in {"log", "logger", "logging", "structlog"}:
                continue
            texts = [*node.args, *keywords(node).values()]
            if any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in texts) or "exc_info" in keywords(node):
                wrong.append(source.at(node))
            if node.func.attr == "exception":
                wrong.append(source.at(node))
    assert wrong == []


def test_no_trace_with_values_and_no_foreign_log_line_is_made():
    """Traces of structlog and Python can hold local variables, log lines of tenacity a record: nothing makes them."""
    wrong = []
    for source in product():
        named = [node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute | ast.Name)]
        wrong += [source.at(node) for node in named if dotted(node).split(".")[-1] in TELL_TOO_MUCH]
    assert wrong == []


def test_the_text_of_foreign_exceptions_goes_nowhere():
    """Outside the entrance of the program, str, repr and f-strings are never made of a caught foreign exception."""
    wrong = []
    for source in product():
        for handler in (node for node in ast.walk(source.tree) if isinstance(node, ast.ExceptHandler)):
            if handler.name and not _ours(handler.type) and source.path not in OWN_WORDS:
                wrong += [source.at(node) for node in ast.walk(handler) if _tells(node, handler.name)]
    assert wrong == []


def _ours(kind):
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return all(dotted(each).split(".")[-1] in OURS for each in kinds)


def _tells(node, name):
    if isinstance(node, ast.FormattedValue):
        return dotted(node.value) == name
    if isinstance(node, ast.Call) and dotted(node.func) in {"str", "repr", "format"}:
        return any(dotted(argument) == name for argument in node.args)
    return (
        isinstance(node, ast.Attribute) and node.attr in {"args", "doc", "object", "msg"} and dotted(node.value) == name
    )


def _errors():
    import kakehashi.errors

    return {name for name in kakehashi.errors.__all__ if isinstance(getattr(kakehashi.errors, name), type)}


OURS = _errors() | {"InvalidIdentifier"}
