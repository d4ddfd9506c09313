"""Are these files what FHIR R4 and the profiles of social services say? Each `*.json` and `*.http` of the folders is
checked, and of the samples (`*.http`) what is FHIR.

First by the models of `fhir.resources`: of R4B, whose resources used here are those of R4. They refuse unknown elements.
Then by what the models do not know: the codes that R4 binds to elements as required, its invariants, that references
lead somewhere, and what the disclosure notice of social services (kanta.sosiaalihuolto.r4) asks for, with the permits
(SoteConsent) in it.
What the county sends (the folders behind `--from-county`, and in samples `agency-*`) may create without a condition.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.parameters import Parameters
from pydantic import ValidationError

from fhir_patch import task_after
from samples import body
from sote import HETU_SYSTEM, VERSION, permits

MODELS = {"Bundle": Bundle, "OperationOutcome": OperationOutcome, "Parameters": Parameters}

REQUEST_STATUS = {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
PRIORITY = {"routine", "urgent", "asap", "stat"}
# Required bindings of R4, by type and element.
CODES = {
    ("Bundle", "type"): {"transaction", "transaction-response", "searchset"},
    ("ServiceRequest", "status"): REQUEST_STATUS,
    ("ServiceRequest", "intent"): {"proposal", "plan", "directive", "order", "original-order", "option"},
    ("ServiceRequest", "priority"): PRIORITY,
    ("Task", "status"): {
        "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold",
        "failed", "completed", "entered-in-error",
    },
    ("Task", "intent"): {"unknown", "proposal", "plan", "order", "original-order", "option"},
    ("Task", "priority"): PRIORITY,
    ("CarePlan", "status"): REQUEST_STATUS,
    ("CarePlan", "intent"): {"proposal", "plan", "order", "option"},
    ("Goal", "lifecycleStatus"): {
        "proposed", "planned", "accepted", "active", "on-hold", "completed", "cancelled", "entered-in-error",
        "rejected",
    },
    ("Observation", "status"): {
        "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
    },
    ("EpisodeOfCare", "status"): {
        "planned", "waitlist", "active", "onhold", "finished", "cancelled", "entered-in-error",
    },
    ("Encounter", "status"): {
        "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error",
        "unknown",
    },
    ("Appointment", "status"): {
        "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error",
        "checked-in", "waitlist",
    },
    ("AuditEvent", "action"): {"C", "R", "U", "D", "E"},
    ("AuditEvent", "outcome"): {"0", "4", "8", "12"},
}
ACTIVITY_STATUS = {
    "not-started", "scheduled", "in-progress", "on-hold", "completed", "cancelled", "stopped", "unknown",
    "entered-in-error",
}
ACTIVITY_KIND = {
    "Appointment", "CommunicationRequest", "DeviceRequest", "MedicationRequest", "NutritionOrder", "Task",
    "ServiceRequest", "VisionPrescription",
}
ACHIEVEMENT = {
    "in-progress", "improving", "worsening", "no-change", "achieved", "sustaining", "not-achieved", "no-progress",
    "not-attainable",
}
HETU = re.compile(r"[0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]")
# The systems in which organisations are named.
ORGANISATIONS = {"urn:ietf:rfc:3986", "urn:polku:agency"}


FHIR_JSON = "application/fhir+json"
# A code that nobody has, to see how it is refused.
NONSENSE = "agency-unreadable-refused.request.http"


def complaints(document: dict[str, Any], from_county: bool) -> list[str]:
    model = MODELS.get(document.get("resourceType", ""))
    if model is None:
        return ["neither a Bundle nor Parameters nor an OperationOutcome"]
    try:
        model.model_validate(document)
    except ValidationError as error:
        return [f"{'.'.join(map(str, found['loc']))}: {found['type']}" for found in error.errors()]
    return list(found(document, from_county))


def found(document: dict[str, Any], from_county: bool) -> Iterator[str]:
    entries = document.get("entry", [])
    addresses = {entry["fullUrl"] for entry in entries if "fullUrl" in entry}
    if len(addresses) != sum("fullUrl" in entry for entry in entries):
        yield "bdl-7: a fullUrl stands twice"
    # Links to what is patched are not replaced by the server (http.html, transaction).
    addresses -= {entry.get("fullUrl") for entry in entries if entry.get("request", {}).get("method") == "PATCH"}
    if document.get("type") == "searchset":
        held = [entry["resource"] for entry in entries]
        addresses |= {f"{resource['resourceType']}/{resource['id']}" for resource in held if "id" in resource}
    for part in parts(document):
        yield from elements(part)
    for entry in entries:
        if document["type"] == "transaction":
            yield from requests(entry, from_county)
        if "resource" in entry:
            yield from references(entry["resource"], addresses)
            kind = entry["resource"]["resourceType"]
            yield from RULES.get(kind, lambda _: iter(()))(entry["resource"])
    if any(entry.get("resource", {}).get("resourceType") == "AuditEvent" for entry in entries):
        yield from one_notice(entries)
    yield from permits(document)


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document, the whole of it first."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from parts(member)
    elif isinstance(value, list):
        for item in value:
            yield from parts(item)


def elements(part: dict[str, Any]) -> Iterator[str]:
    """What holds wherever an element stands."""
    kind = part.get("resourceType")
    for name, value in part.items():
        if value in ("", [], {}, None) or (isinstance(value, str) and not value.strip()):
            yield f"ele-1: {name} is empty"
        known = CODES.get((kind, name))
        if known is not None and value not in known:
            yield f"{kind}.{name} has a code that R4 does not have"
    if "modifierExtension" in part or "implicitRules" in part:
        yield "something that must be understood"
    if part.get("code") == "TURVAKIELTO":
        yield "a label tells that an address is protected"
    if "url" in part and {"valueString", "extension"} <= part.keys():
        yield "ext-1: an extension has a value and extensions"
    if {"start", "end"} <= part.keys() and part["start"][:10] > part["end"][:10]:
        yield "per-1: a period ends before it begins"
    if part.get("type") == "Organization":
        identifier = part.get("identifier", {})
        value = identifier.get("value", "")
        if identifier.get("system") not in ORGANISATIONS:
            yield "an organisation of another system"
        if identifier.get("system") == "urn:ietf:rfc:3986" and not value.startswith("urn:oid:1.2.246.10."):
            yield "an organisation's OID that is none"
    if part.get("system") == HETU_SYSTEM:
        coded = part.get("type", {}).get("coding", [{}])[0].get("code")
        if part.get("use") != "official" or coded != "NNFIN":
            yield "a personal identity code without use official and type NNFIN"
        if not HETU.fullmatch(part.get("value", "")):
            yield "a personal identity code of another form"


def requests(entry: dict[str, Any], from_county: bool) -> Iterator[str]:
    request, kind = entry.get("request", {}), entry["resource"]["resourceType"]
    if request.get("method") not in ("POST", "PUT", "PATCH"):
        yield "bdl-3: an entry of a transaction without request"
    # In a transaction the patch is a Parameters, and a FHIRPath Patch at that.
    if (request.get("method") == "PATCH") != (kind == "Parameters"):
        yield "http.html#patch: a patch in another form"
    if request.get("method") == "PATCH":
        for problem, patched in task_after(entry):
            yield from task(patched) if patched is not None else [problem]
    elif not request.get("url", "").startswith(kind):
        yield "a request to another type"
    condition = request.get("ifNoneExist", "")
    known = ("urn:polku:message|", "urn:polku:answer|", f"{VERSION}|")
    if not from_county and request.get("method") == "POST" and not any(name in condition for name in known):
        yield "what is created has no condition"
    for text in (request.get("url", ""), request.get("ifNoneExist", "")):
        if HETU_SYSTEM in text or HETU.search(text):
            yield "a personal identity code in an address"


def references(resource: dict[str, Any], addresses: set[str]) -> Iterator[str]:
    """Contained resources are pointed to and hold none themselves (dom-2, dom-3); every reference leads somewhere."""
    held = {f"#{inner['id']}" for inner in resource.get("contained", [])}
    if len(held) != len(resource.get("contained", [])):
        yield "two contained resources have one id"
    if any("contained" in inner or "meta" in inner for inner in resource.get("contained", [])):
        yield "dom-2, dom-4: a contained resource holds others, or has meta"
    targets = {part["reference"] for part in parts(resource) if "reference" in part and isinstance(part["reference"], str)}
    if held - targets:
        yield "dom-3: a contained resource that nothing points to"
    if targets - held - addresses:
        yield "a reference that leads nowhere"


def task(resource: dict[str, Any]) -> Iterator[str]:
    if "statusReason" in resource and "text" not in resource["statusReason"]:
        yield "Gravity: a statusReason without text"
    if resource["status"] in ("rejected", "on-hold", "failed") and "businessStatus" not in resource:
        yield "Gravity: no business status"
    if resource["intent"] != "order":
        yield "Gravity: intent is not order"
    if "focus" not in resource:
        yield "Gravity: no focus"


def service_request(resource: dict[str, Any]) -> Iterator[str]:
    if resource["intent"] != "order" or "requester" not in resource or "performer" not in resource:
        yield "Gravity: intent, requester and performer"


def care_plan(resource: dict[str, Any]) -> Iterator[str]:
    for activity in resource.get("activity", []):
        if ("detail" in activity) == ("reference" in activity):
            yield "cpl-3: an activity has either detail or reference"
        detail = activity.get("detail", {})
        if detail.get("status") not in ACTIVITY_STATUS or detail.get("kind") not in ACTIVITY_KIND:
            yield "an activity's status or kind that R4 does not have"
    for inner in resource.get("contained", []):
        for status in [inner["achievementStatus"]] if "achievementStatus" in inner else []:
            if status["coding"][0]["code"] not in ACHIEVEMENT:
                yield "an achievement that R4 does not have"


def audit_event(resource: dict[str, Any]) -> Iterator[str]:
    """The disclosure notice: type 1..1, period.start 1..1, recorded 1..1, agents, one entity for each data set."""
    if not resource.get("type", {}).get("code"):
        yield "disclosure notice: no type"
    if set(resource.get("period", {})) != {"start"}:
        yield "disclosure notice: period has its start and nothing else"
    if "recorded" not in resource:
        yield "disclosure notice: not recorded"
    roles = [agent["type"]["coding"][0]["code"] for agent in resource.get("agent", [])]
    if roles != ["CST", "IRCP"]:
        yield "disclosure notice: agents are the disclosing controller and the recipient"
    if any("identifier" not in agent.get("who", {}) for agent in resource.get("agent", [])):
        yield "disclosure notice: an agent without identifier"
    sets = [entity["what"]["identifier"] for entity in resource.get("entity", []) if entity["role"]["code"] == "3"]
    values = [entity["value"] for entity in sets]
    if not values or len(values) != len(set(values)) or any(s["system"] != "urn:polku:data-category" for s in sets):
        yield "disclosure notice: one entity for each data set"
    people = [entity for entity in resource.get("entity", []) if entity["role"]["code"] == "1"]
    if len(people) > 1 or len(people) + len(sets) != len(resource.get("entity", [])):
        yield "disclosure notice: entities are the person and the data sets"
    if any("name" in entity and "query" in entity for entity in resource.get("entity", [])):
        yield "sev-1: name and query"
    for extension in resource.get("extension", []):
        if extension["url"] == "urn:polku:consent" and "identifier" not in extension.get("valueReference", {}):
            yield "disclosure notice: the link to the consent leads nowhere"


def one_notice(entries: list[dict[str, Any]]) -> Iterator[str]:
    kinds = [entry["resource"]["resourceType"] for entry in entries]
    grounds = [kind for kind in kinds[1:-1] if kind not in ("Consent", "Provenance")]
    if (kinds[0], kinds[-1]) != ("AuditEvent", "Provenance") or grounds:
        yield "disclosure notice: one AuditEvent, the consents that it rests on, and one Provenance"


def appointment(resource: dict[str, Any]) -> Iterator[str]:
    if ("start" in resource) != ("end" in resource):
        yield "app-2: an appointment has start and end, or neither"
    if "start" not in resource and resource["status"] not in ("proposed", "cancelled", "waitlist"):
        yield "app-3: an appointment that is agreed has start and end"


RULES = {
    "Task": task,
    "Appointment": appointment,
    "ServiceRequest": service_request,
    "CarePlan": care_plan,
    "AuditEvent": audit_event,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--from-county", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    checked = wrong = 0
    for folder in [*arguments.folders, *arguments.from_county]:
        for file in sorted([*folder.glob("*.json"), *folder.glob("*.http")]):
            document = body(file, FHIR_JSON)
            if document is None or file.name == NONSENSE:
                continue
            from_county = folder in arguments.from_county or file.name.startswith("agency-")
            problems = complaints(json.loads(document), from_county)
            checked += 1
            wrong += bool(problems)
            if problems:
                print(f"{file.name}: {'; '.join(problems)}")
    print(f"{checked} files, {wrong} wrong")
    return 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
