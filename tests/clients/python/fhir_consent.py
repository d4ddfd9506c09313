"""Are these files FHIR R4 resources? Each `*.json` of a folder is checked against the models of `fhir.resources`.

The models are those of R4B, in which Consent, Provenance and Bundle are what they are in R4. They refuse unknown
elements. Permits to disclose are checked against what is public of SoteConsent too. What neither can know, as Rust tests
do, is left to those: codes, and what a consent means.
"""

import argparse
import json
import sys
from pathlib import Path

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.consent import Consent
from pydantic import ValidationError

from sote import permits

MODELS = {"Bundle": Bundle, "Consent": Consent}


def complaints(text: str) -> list[str]:
    document = json.loads(text)
    model = MODELS.get(document.get("resourceType"))
    if model is None:
        return ["neither a Consent nor a Bundle"]
    try:
        resource = model.model_validate(document)
    except ValidationError as error:
        return [f"{'.'.join(map(str, found['loc']))}: {found['type']}" for found in error.errors()]
    entries = [entry.resource for entry in resource.entry or []] if isinstance(resource, Bundle) else [resource]
    problems = [problem for entry in entries if isinstance(entry, Consent) for problem in invariants(entry)]
    return problems + list(permits(document))


def invariants(consent: Consent) -> list[str]:
    """What R4 says of a Consent beside its elements: ppc-1, and where a provision has a type."""
    found = []
    if consent.policy is None and consent.policyRule is None:
        found.append("neither policy nor policyRule")
    root = consent.provision
    if root is not None and root.type is not None:
        found.append("the root provision has a type")
    nested = list(root.provision or []) if root is not None else []
    while nested:
        provision = nested.pop()
        nested += provision.provision or []
        if provision.type is None:
            found.append("a nested provision has no type")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    files = sorted(parser.parse_args().folder.glob("*.json"))
    wrong = 0
    for file in files:
        found = complaints(file.read_text(encoding="utf-8"))
        wrong += bool(found)
        print(f"{file.name}: {'; '.join(found) or 'valid'}")
    if not files:
        print("no files")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
