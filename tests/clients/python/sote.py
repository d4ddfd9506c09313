"""Has a permit to disclose the shape of SoteConsent (fi.kela.kanta.gen.r4.tahdonilmaisut), as far as that is public?

It is a transaction of pairs of Consent and Provenance. A Consent has one category, 1 (health care to social services) or 2
(the other way), and at most one provision inside, always a permit with period, actors and at most three data types. Its
Provenance names exactly one recorder: a professional, and then and only then the service unit, the client, or a legal
representative. The value sets that the profile binds are not public: nothing that is written may claim to conform.
"""

from collections.abc import Iterator
from typing import Any

CATEGORY = "urn:polku:sote-consent-category"
# Personal identity codes of Finland.
HETU_SYSTEM = "urn:oid:1.2.246.21"
# One version of a consent.
VERSION = "urn:polku:consent-at-version"
MOST_DATA_TYPES = 3
RECORDERS = {"Practitioner", "Patient", "RelatedPerson"}


def is_permit(resource: dict[str, Any]) -> bool:
    if resource.get("resourceType") != "Consent":
        return False
    codings = [coding for category in resource.get("category", []) for coding in category.get("coding", [])]
    return any(coding.get("system") == CATEGORY for coding in codings)


def permits(document: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the permits of a document."""
    entries = document.get("entry", [])
    permits = [entry for entry in entries if is_permit(entry.get("resource", {}))]
    if is_permit(document) or (permits and document.get("type") != "transaction"):
        yield "SoteConsent: outside of a transaction"
    notices = [entry["resource"] for entry in entries if entry.get("resource", {}).get("resourceType") == "AuditEvent"]
    people = [entity["what"]["identifier"] for notice in notices for entity in notice["entity"]]
    people = [person for person in people if person["system"] == HETU_SYSTEM]
    for entry in permits:
        yield from consent(entry["resource"])
        # The service finds permits by patient:identifier, and by it alone.
        if people and entry["resource"]["patient"]["identifier"] not in people:
            yield "SoteConsent: the patient is not named by the personal identity code"
        # A create that is found by the id alone would drop a permit that was renewed.
        if notices and not entry["request"].get("ifNoneExist", "").startswith(f"identifier={VERSION}|"):
            yield "SoteConsent: the condition does not tell versions apart"
        recorders = [other["resource"] for other in entries if records(other.get("resource", {}), entry["fullUrl"])]
        if len(recorders) != 1:
            yield "SoteConsent: a Consent without one Provenance of its own"
        for provenance in recorders:
            yield from recorder(provenance)


def records(resource: dict[str, Any], address: str) -> bool:
    """Whether it says who recorded what stands there, and not what was done with it."""
    if resource.get("resourceType") != "Provenance" or "activity" in resource:
        return False
    return [target.get("reference") for target in resource.get("target", [])] == [address]


def consent(resource: dict[str, Any]) -> Iterator[str]:
    categories = [coding["code"] for category in resource["category"] for coding in category["coding"]]
    if len(categories) != 1 or categories[0] not in ("1", "2"):
        yield "SoteConsent: the category is 1 or 2"
    if "id" in resource:
        yield "SoteConsent: the service gives the id"
    if "profile" in resource.get("meta", {}):
        yield "SoteConsent: it claims to conform"
    inner = resource.get("provision", {}).get("provision", [])
    if len(inner) > 1:
        yield "SoteConsent: more than one provision"
    for provision in inner:
        if provision.get("type") != "permit":
            yield "SoteConsent: a provision is always a permit"
        if "provision" in provision:
            yield "SoteConsent: a provision within the permit"
        if not provision.get("period") or not provision.get("actor"):
            yield "SoteConsent: a permit has a period and actors"
        if not 1 <= len(provision.get("class", [])) <= MOST_DATA_TYPES:
            yield "SoteConsent: one to three data types"


def recorder(provenance: dict[str, Any]) -> Iterator[str]:
    agents = provenance.get("agent", [])
    if len(agents) != 1 or agents[0].get("who", {}).get("type") not in RECORDERS:
        yield "SoteConsent: exactly one recorder, of three kinds"
        return
    is_professional = agents[0]["who"]["type"] == "Practitioner"
    if is_professional != ("onBehalfOf" in agents[0]):
        yield "SoteConsent: the service unit goes with a professional, and with nobody else"
    if "recorded" not in provenance:
        yield "SoteConsent: not recorded"
