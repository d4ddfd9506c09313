"""Are these X-Road messages valid by X-Road's own schemas? Each header is checked against its global element."""

import argparse
import sys
from pathlib import Path
from xml.etree import ElementTree

import xmlschema

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


def complaints(schemas: dict[str, xmlschema.XMLSchema], file: Path) -> list[str]:
    root = ElementTree.fromstring(file.read_bytes())
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
    wrong = 0
    for file in arguments.messages:
        found = complaints(schemas, file)
        wrong += bool(found)
        print(f"{file.name}: {'; '.join(found) or 'valid'}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
