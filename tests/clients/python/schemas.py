"""Are these X-Road messages valid by X-Road's own schemas? Each header is checked against its global element.

Messages are XML files, or samples (`*.http`), of which only those are checked that hold SOAP. A fault of a security
server has no header of X-Road's: its parts are checked instead.
"""

import argparse
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import xmlschema

from samples import body

ENVELOPE = "{http://schemas.xmlsoap.org/soap/envelope/}"
XROAD = "{http://x-road.eu/xsd/xroad.xsd}"
REPRESENTATION = "{http://x-road.eu/xsd/representation.xsd}"


def read_schemas(folder: Path) -> dict[str, xmlschema.XMLSchema]:
    """The schemas, with every import taken from the folder and nothing from the network."""
    identifiers = folder / "identifiers.xsd"
    locations = {"http://x-road.eu/xsd/identifiers": identifiers.as_uri()}
    mapping = {"http://x-road.eu/xsd/identifiers.xsd": identifiers.as_uri()}
    read = lambda name: xmlschema.XMLSchema(  # noqa: E731
        str(folder / name), locations=locations, uri_mapper=mapping, allow="local"
    )
    return {XROAD: read("xroad.xsd"), REPRESENTATION: read("representation.xsd")}


def fault(element: ElementTree.Element) -> list[str]:
    """A fault of SOAP 1.1 as security servers write it: a dotted code, a text, and where it stands in their log."""
    names = [part.tag for part in element]
    detail = element.find("detail")
    logged = [] if detail is None else [part.tag for part in detail]
    found = []
    if names != ["faultcode", "faultstring", "faultactor", "detail"][: len(names)] or len(names) < 2:
        found.append("Fault: faultcode, faultstring, faultactor, detail")
    if not re.fullmatch(r"[A-Za-z_]+(\.[A-Za-z_]+)+", element.findtext("faultcode", "")):
        found.append("faultcode: no dotted code")
    if logged not in ([], ["faultDetail"], [f"{XROAD}faultDetail"]):
        found.append("detail: something else than faultDetail")
    return found


def complaints(schemas: dict[str, xmlschema.XMLSchema], message: bytes) -> list[str]:
    root = ElementTree.fromstring(message)
    failed = root.find(f"{ENVELOPE}Body/{ENVELOPE}Fault")
    if root.tag == f"{ENVELOPE}Envelope" and failed is not None:
        return fault(failed)
    header = root.find(f"{ENVELOPE}Header")
    if root.tag != f"{ENVELOPE}Envelope" or header is None:
        return ["no SOAP 1.1 envelope with a header"]
    found = []
    for element in header:
        namespace = element.tag[: element.tag.index("}") + 1]
        name = element.tag[len(namespace) :]
        schema = schemas.get(namespace)
        if schema is None or name not in schema.elements:
            found.append(f"{element.tag} is no header of X-Road")
            continue
        found += [f"{name}: {error.reason}" for error in schema.elements[name].iter_errors(element)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schemas", type=Path, required=True)
    parser.add_argument("messages", type=Path, nargs="+")
    arguments = parser.parse_args()
    schemas = read_schemas(arguments.schemas)
    checked = wrong = 0
    for file in arguments.messages:
        message = body(file, "text/xml")
        if message is None:
            continue
        found = complaints(schemas, message)
        checked += 1
        wrong += bool(found)
        if found:
            print(f"{file.name}: {'; '.join(found)}")
    print(f"{checked} messages, {wrong} wrong")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
