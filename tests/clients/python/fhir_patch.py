"""What does a FHIRPath Patch of a transaction leave of a Task that social services have worked on?

Written from FHIR R4 alone (fhirpatch.html): the operations of a `Parameters` are applied in their order, each to what the
one before has left; a path leads to one element, to none only where something is deleted; what is there is not added.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from fhir.resources.R4B.task import Task
from pydantic import ValidationError

# The elements of a Task that change with the state of a referral: their types, and whether they repeat.
ELEMENTS = {
    "status": ("valueCode", False),
    "businessStatus": ("valueCodeableConcept", False),
    "statusReason": ("valueCodeableConcept", False),
    "lastModified": ("valueDateTime", False),
    "input": ("part", True),
    "output": ("part", True),
}
PLACE = re.compile(r"Task\.([a-zA-Z]+)(?:\.where\((.+)\))?")
EQUALITY = re.compile(r"([a-zA-Z.]+) = '([^']*)'")
VALUE = re.compile(r"value[A-Z][a-zA-Z]*")
CONDITION = re.compile(r"Task\?identifier=urn:ietf:rfc:3986\|(urn:uuid:[0-9a-f-]{36})")

# As it may stand at a county: much in it is nobody else's.
OWN = {
    "owner": {"display": "nuorten sosiaalityö"},
    "executionPeriod": {"start": "2026-11-20T08:00:00+02:00"},
    "note": [{"text": "Soitettu."}],
    "focus": {"reference": "ServiceRequest/1"},
    "for": {"reference": "Patient/1"},
    "intent": "order",
}
WORKED_ON = OWN | {
    "resourceType": "Task",
    "status": "accepted",
    "businessStatus": {"text": "Vanha tila."},
    "statusReason": {"text": "Vanha sana."},
    "lastModified": "2026-11-20T06:00:00Z",
}


class Wrong(Exception):
    pass


def task_after(entry: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """What is wrong with an entry that patches a Task; and behind all that, the Task that comes of it."""
    if CONDITION.fullmatch(entry["request"]["url"]) is None or "ifNoneExist" in entry["request"]:
        yield "a patch of something else than the Task of a referral", None
    task = deepcopy(WORKED_ON)
    try:
        for operation in entry["resource"]["parameter"]:
            apply(operation, task)
        once = deepcopy(task)
        for operation in entry["resource"]["parameter"]:
            apply(operation, task)
        Task.model_validate(task)
    except (Wrong, KeyError, ValueError, ValidationError) as error:
        yield f"a patch that cannot be applied: {type(error).__name__} {error.args[:1]}", None
        return
    # A server may know what a message creates, and not the message.
    if task != once:
        yield "a patch that changes more when it comes again", None
    if any(task.get(name) != value for name, value in OWN.items()):
        yield "a patch of what is the county's own", None
    yield "", task


def apply(operation: dict[str, Any], task: dict[str, Any]) -> None:
    if operation["name"] != "operation":
        raise Wrong("another parameter")
    parts = {part["name"]: part for part in operation["part"]}
    kind, path = parts["type"]["valueCode"], parts["path"]["valueString"]
    if set(parts) != {"add": {"type", "path", "name", "value"}, "replace": {"type", "path", "value"}}.get(
        kind, {"type", "path"}
    ):
        raise Wrong("other parts")
    if kind == "add":
        name = parts["name"]["valueString"]
        of_type, repeats = ELEMENTS[name]
        if path != "Task" or (not repeats and name in task):
            raise Wrong("what is there already")
        value = typed(parts["value"], of_type)
        task[name] = [*task.get(name, []), value] if repeats else value
        return
    place = PLACE.fullmatch(path)
    if place is None or place[1] not in ELEMENTS:
        raise Wrong("a path to something else")
    name, condition = place[1], place[2]
    if kind == "replace":
        if condition is not None or name not in task:
            raise Wrong("a path that leads nowhere")
        task[name] = typed(parts["value"], ELEMENTS[name][0])
    elif kind == "delete":
        delete(task, name, condition)
    else:
        raise Wrong("another operation")


def delete(task: dict[str, Any], name: str, condition: str | None) -> None:
    if ELEMENTS[name][1] != (condition is not None):
        raise Wrong("more than one element is deleted, or a part of one")
    if condition is None:
        task.pop(name, None)
        return
    fits = [EQUALITY.fullmatch(equality) for equality in condition.split(" and ")]
    if None in fits:
        raise Wrong("a condition of another form")
    kept = [item for item in task.get(name, []) if any(at(item, fit[1].split(".")) != [fit[2]] for fit in fits)]
    if len(task.get(name, [])) - len(kept) > 1:
        raise Wrong("more than one element is deleted")
    task.pop(name, None)
    if kept:
        task[name] = kept


def at(value: Any, path: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [found for item in value for found in at(item, path)]
    if not path:
        return [value]
    if not isinstance(value, dict):
        return []
    # An element of many types has the type in its name, and in a path not.
    names = [name for name in value if name == path[0] or (path[0] == "value" and VALUE.fullmatch(name))]
    return [found for name in names for found in at(value[name], path[1:])]


def typed(part: dict[str, Any], kind: str) -> Any:
    if set(part) != {"name", kind}:
        raise Wrong("a value of another type")
    if kind != "part":
        return part[kind]
    found: dict[str, Any] = {}
    for inner in part["part"]:
        (of_type,) = set(inner) - {"name"}
        found[of_type if inner["name"] == "value" else inner["name"]] = inner[of_type]
    return found
