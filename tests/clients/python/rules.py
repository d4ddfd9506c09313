"""Which messages keep the rules of the contract, in the judgement of Protovalidate?

Goes through every message of polku.v1 and writes examples of it to a file, one JSON object a line: the message's name,
its bytes in base 64, and the rules that it breaks. Every rule is broken by some example and kept by another; the values lie just
inside and just outside of it. Ends with 1 and a line that says which rule lacks an example.

The examples keep clear of what the gateway asks for beyond these rules: no control characters but line feed and tab,
instants of the years 1 to 9999, and days of the calendar, the last one not before the first.
"""

import base64
import json
import random
import sys
from collections import Counter
from pathlib import Path

import protovalidate
from google.protobuf import descriptor_pool, message_factory

import stubs

PACKAGE = "polku.v1"
RANDOM_EXAMPLES = 40
SEED = 339_2022
UUID = "0190b1a2-3c4d-7e5f-8a6b-9c0d1e2f3a4b"
YOUTH = f"youths/{UUID}"

# Values that a pattern lets in, and values that it keeps out by little.
BY_PATTERN = {
    "^youths/[0-9a-f-]{36}$": [YOUTH, YOUTH[:-1], YOUTH + "0", YOUTH + "\n", YOUTH.upper(), " " + YOUTH[:-1]],
    "^youths/([0-9a-f-]{36}|-)$": [YOUTH, "youths/-", "youths/", "youths/--", YOUTH + "/", "youths/-\n"],
    "^[a-z][a-z0-9-]{0,31}$": ["a", "te-2", "a" * 32, "a" * 33, "", "2a", "-a", "A", "ä", "a\n", "a_b"],
    "^[a-z][a-z0-9-]{0,31}(/[A-Za-z0-9._:-]{1,64})?$": [
        "a", "te-2", "a" * 32, "a" * 33, "", "2a", "A", "a\n", "te/keskusta", "te/", "te/a b", "/a", "te/a/b",
        "te/" + "a" * 64, "te/" + "a" * 65, "te/Ä"],
    "^[A-Za-z0-9._-]{0,64}$": ["", "a.B_1-2", "a" * 64, "a" * 65, "a:b", "a b", "ä", "a\n"],
    "^[A-Za-z0-9._-]{1,64}$": ["a", "a.B_1-2", "a" * 64, "a" * 65, "", "a:b", "a b", "ä", "a\n"],
    "^[A-Za-z0-9._:-]{1,128}$": ["a", "a.B_1:2-d", "a" * 128, "a" * 129, "", "a/b", "a b", "ä", "a\n"],
    "^(fi|sv|en)?$": ["", "fi", "sv", "en", "FI", "fisv", "e", "fi\n"],
    "^[a-z]{2}$": ["fi", "f", "fin", "FI", "f1", "fi\n", "äö"],
    "^([a-z]{2})?$": ["", "sv", "s", "sve", "SV", "\n"],
    "^([0-9]{2})?$": ["", "02", "2", "002", "0a", "٠٢", "02\n"],
    "^([0-9]{3})?$": ["", "049", "49", "0049", "o49", "٠٤٩"],
    "^[A-Za-z0-9 -]{0,10}$": ["", "02070", "A" * 10, "A" * 11, "02_70", "0\t2", "ä"],
    "^(\\+?[0-9 ()-]{5,20})?$": ["", "+358 (40) 1", "12345", "1234", "1" * 20, "1" * 21, "+" + "1" * 20, "++12345", "1234x"],
    "^[A-Za-z0-9._:-]{0,64}$": ["", "a.B_1:2-d", "a" * 64, "a" * 65, "a/b", "a b", "ä", "a\n"],
    "^[A-Za-z0-9._:-]{1,64}$": ["a", "a.B_1:2-d", "a" * 64, "a" * 65, "", "a/b", "a b", "ä", "a\n"],
    "^[A-Za-z0-9._:-]{0,128}$": ["", "a.B_1:2-d", "a" * 128, "a" * 129, "a/b", "a b", "ä", "a\n"],
    "^[A-Za-z0-9._:/-]{0,128}$": ["", "kela/a.B_1:2-d", "a" * 128, "a" * 129, "a@b", "a b", "ä", "a\n"],
    "^[A-Za-z0-9._:@-]{0,64}$": ["", "a.B_1:2@c-d", "a" * 64, "a" * 65, "a/b", "a b", "ä", "a\n"],
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": ["2026-11-21", "", "2026-1-21", "2026-11-21\n", "٢٠٢٦-١١-٢١", "2026/11/21"],
    "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$": ["", "2026-11-21", "2026-1-21", "26-11-21", "2026-11-21\n", "٢٠٢٦-١١-٢١", "2026/11/21"],
    "^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?$": [
        "", UUID, UUID.upper(), UUID[:-1], UUID + "0", UUID + "\n", UUID.replace("-", "")],
    "^services/[A-Za-z0-9._-]{1,64}$": [
        "services/a.B_1-2", "services/" + "a" * 64, "services/" + "a" * 65, "services/", "services/a/b", "a", "",
        "services/ä", "services/a\n", "serviceChannels/a"],
    "^serviceChannels/[A-Za-z0-9._-]{1,64}$": [
        "serviceChannels/a.B_1-2", "serviceChannels/" + "a" * 64, "serviceChannels/" + "a" * 65, "serviceChannels/",
        "serviceChannels/a/b", "a", "", "serviceChannels/ä", "serviceChannels/a\n", "services/a"],
    "^([a-z][a-z0-9-]{0,31})?$": ["", "a", "te-2", "a" * 32, "a" * 33, "2a", "-a", "A", "ä", "a\n", "a_b"],
    "^[A-Za-z0-9._:@-]+$": ["a", "a.B_1:2@c-d", "", "a b", "ä", "a/b", "a\n"],
    "^[A-Za-z0-9._:-]+$": ["a", "a.B_1:2-d", "", "a@b", "a b", "a\n"],
    "^([a-z0-9][a-z0-9-]{0,63})?$": ["", "a", "2-te", "a" * 64, "a" * 65, "-a", "A", "ä", "a\n", "a_b"],
    "^(.{11})?$": ["", "a" * 11, "ä" * 11, "a" * 10, "a" * 12, "a" * 10 + "\n", "a" * 11 + "\n", "\n"],
    "^(1\\.2\\.246\\.10\\.[1-9][0-9]{0,7}\\.22\\.[0-9]{4}\\.[0-9]{1,16})?$": [
        "", "1.2.246.10.2048198.22.2026.1", "1.2.246.10.12345678.22.2026." + "1" * 16, "1.2.246.10.02.22.2026.1",
        "1.2.246.10.2048198.22.2026.", "1.2.246.10.2048198.22.2026." + "1" * 17, "1.2.246.10.123456789.22.2026.1",
        "1.2.246.10.2048198.21.2026.1", "1.2.246.10.2048198.22.206.1", "1.2.246.10.2048198.22.2026.1\n",
        "1x2.246.10.2048198.22.2026.1", "1.2.246.10.٢.22.2026.1"],
    "^([0-9a-f]{8}:)?$": ["", "0a1b2c3d:", "0a1b2c3d", "0a1b2c3:", "0a1b2c3d4:", "0A1B2C3D:", "٠a1b2c3d:", "0a1b2c3d:\n", ":"],
    "^[a-z][a-z0-9_-]*$": ["a", "guidance_worker-2", "", "A", "2a", "_a", "a b", "a\n"],
}
for kind in ("consents", "entries", "legalStatuses", "plans", "prohibitions", "referrals", "tasks"):
    name = f"{YOUTH}/{kind}/{UUID}"
    near = [name, name[:-1], name + "0", name + "\n", YOUTH, "", name.replace("youths", "youth"), "/" + name]
    BY_PATTERN[f"^youths/[0-9a-f-]{{36}}/{kind}/[0-9a-f-]{{36}}$"] = near
    BY_PATTERN[f"^(youths/[0-9a-f-]{{36}}/{kind}/[0-9a-f-]{{36}})?$"] = near

UUIDS = [UUID, UUID.upper(), UUID.replace("-", ""), UUID[:-1], UUID + "0", "{" + UUID + "}", "urn:uuid:" + UUID,
         UUID[:-1] + "g", UUID.replace("-", "_"), "0" * 8 + "-0000-0000-0000-" + "0" * 12, UUID + "\n",
         "0190b1a23-c4d-7e5f-8a6b-9c0d1e2f3a4b"]


class Oracle:
    """Protovalidate's judgement, as `field.path[0] rule.name`."""

    def __init__(self):
        self._validator = protovalidate.Validator()

    def broken(self, message) -> list[str]:
        violations = self._validator.collect_violations(message)
        return sorted(f"{path(violation.proto.field)} {rule(violation)}" for violation in violations)


def path(field) -> str:
    steps = []
    for element in field.elements:
        index = f"[{element.subscript.value}]" if element.subscript else ""
        steps.append(element.field_name + index)
    return ".".join(steps)


def rule(violation) -> str:
    """The rule as it stands in the .proto file: Protovalidate names some by what breaks them."""
    name = violation.proto.rule_id
    if name.endswith(".gte_lte"):
        return name.removesuffix(".gte_lte") + (".gte" if violation.field_value < violation.rule_value else ".lte")
    return name.removesuffix("_empty")


class Examples:
    """Values for fields and messages, near to the limits that their rules set."""

    def __init__(self, oracle: Oracle):
        from buf.validate import validate_pb2

        self._oracle = oracle
        self._field_rules, self._oneof_rules = validate_pb2.field, validate_pb2.oneof
        self._good = {}

    def rules(self, field) -> dict[str, object]:
        """The rules of a field by name; those of list elements begin with `items.`."""
        found: dict[str, object] = {}
        self._flatten(field.GetOptions().Extensions[self._field_rules], "", found)
        return {name.replace("repeated.items.", "items."): value for name, value in found.items()}

    def _flatten(self, message, prefix: str, found: dict[str, object]) -> None:
        for field, value in message.ListFields():
            if field.type == field.TYPE_MESSAGE:
                self._flatten(value, f"{prefix}{field.name}.", found)
            else:
                found[prefix + field.name] = value

    def needed_oneofs(self, descriptor) -> list[str]:
        return [one.name for one in descriptor.oneofs if one.GetOptions().Extensions[self._oneof_rules].required]

    def values(self, field) -> list:
        """Values for a field; None stands for its absence."""
        rules = self.rules(field)
        if not field.is_repeated:
            absent = [None] if field.has_presence else []
            return absent + self._single(field, rules)
        items = {name.removeprefix("items."): value for name, value in rules.items() if name.startswith("items.")}
        single = self._single(field, items)
        kept = [value for value in single if not self._breaks_items(field, value)]
        lists = [[], kept[:1], kept, kept[:1] * 2, *([*kept[:1], value] for value in single)]
        if field.type == field.TYPE_STRING:
            kept = [f"a{number}" for number in range(130)]
        if field.type == field.TYPE_MESSAGE:
            kept = [self.good(field.message_type)]
        for limit in (rules.get("repeated.min_items"), rules.get("repeated.max_items")):
            if limit is not None:
                cycled = [kept[index % len(kept)] for index in range(limit + 1)]
                lists += [cycled[: limit - 1], cycled[:limit], cycled]
        return lists

    def _breaks_items(self, field, value) -> bool:
        message = new(field.containing_type)
        put(message, field, [value])
        return any(broken.startswith(f"{field.name}[0]") for broken in self._oracle.broken(message))

    def _single(self, field, rules: dict[str, object]) -> list:
        if field.type == field.TYPE_STRING:
            values = ["", "a", "ä", "😀", "a\tb\nc"]
            for name in ("string.len", "string.min_len", "string.max_len"):
                length = rules.get(name, 0)
                values += [letter * count for letter in "aä😀" for count in (length - 1, length, length + 1) if length]
            if "string.pattern" in rules:
                values = BY_PATTERN[rules["string.pattern"]] + values
            return (UUIDS if "string.uuid" in rules else []) + values
        if field.type == field.TYPE_BYTES:
            lengths = {0, 1} | {rules[name] + step for name in rules for step in (-1, 0, 1)}
            return [bytes(length) for length in sorted(lengths)]
        if field.type == field.TYPE_ENUM:
            numbers = [value.number for value in field.enum_type.values]
            return [*numbers, max(numbers) + 1, -1, 2**31 - 1]
        if field.type == field.TYPE_BOOL:
            return [False, True]
        if field.type == field.TYPE_INT32:
            return [0, 1, -1, 2**31 - 1, -(2**31), *(value + step for value in rules.values() for step in (-1, 0, 1))]
        if field.type == field.TYPE_INT64:
            return [0, 1, -1, 2**63 - 1, -(2**63)]
        if field.type == field.TYPE_UINT64:
            return [0, 1, 2**64 - 1]
        if field.type == field.TYPE_MESSAGE:
            return self._messages(field.message_type)
        raise SystemExit(f"rules: no examples for the type of {field.full_name}")

    def _messages(self, descriptor) -> list:
        good = self.good(descriptor)
        if descriptor.file.package != PACKAGE:
            return [good, new(descriptor)]
        spoiled = []
        for field in descriptor.fields:
            examples = (changed(good, field, value) for value in self.values(field))
            spoiled += [example for example in examples if self._oracle.broken(example)][:1]
        return [good, new(descriptor), *spoiled]

    def good(self, descriptor):
        """A message that breaks no rule and says something in every field."""
        if descriptor.full_name not in self._good:
            message = new(descriptor)
            if descriptor.full_name == "google.protobuf.Timestamp":
                message.seconds = 1_800_000_000
            for field in descriptor.fields if descriptor.file.package == PACKAGE else []:
                self._fill(message, field)
            self._good[descriptor.full_name] = message
        result = new(descriptor)
        result.CopyFrom(self._good[descriptor.full_name])
        return result

    def _fill(self, message, field) -> None:
        for value in self.values(field):
            filled = changed(message, field, value)
            said = any(other == field for other, _ in filled.ListFields())
            if said and not any(broken.startswith(field.name) for broken in self._oracle.broken(filled)):
                message.CopyFrom(filled)
                return
        raise SystemExit(f"rules: no example keeps the rules of {field.full_name}")

    def of(self, descriptor) -> list[tuple[str, object]]:
        """Examples of a message, each with the name of the field that it is about."""
        good = self.good(descriptor)
        examples = [("", good), ("", new(descriptor))]
        for field in descriptor.fields:
            examples += [(field.name, changed(good, field, value)) for value in self.values(field)]
        chance = random.Random(f"{SEED} {descriptor.full_name}")
        for _ in range(RANDOM_EXAMPLES):
            message = self.good(descriptor)
            for field in chance.sample(list(descriptor.fields), chance.randint(0, len(descriptor.fields))):
                message = changed(message, field, chance.choice(self.values(field)))
            examples.append(("", message))
        return examples


def new(descriptor):
    return message_factory.GetMessageClass(descriptor)()


def changed(message, field, value):
    result = type(message)()
    result.CopyFrom(message)
    put(result, field, value)
    return result


def put(message, field, value) -> None:
    message.ClearField(field.name)
    if value is None:
        return
    if field.is_repeated:
        getattr(message, field.name).extend(value)
    elif field.type == field.TYPE_MESSAGE:
        getattr(message, field.name).CopyFrom(value)
        getattr(message, field.name).SetInParent()
    else:
        setattr(message, field.name, value)


class Coverage:
    """Which rules have been kept, and which have been broken?"""

    def __init__(self):
        self._rules, self._kept, self._broken = set(), Counter(), Counter()

    def expect(self, examples: Examples, descriptor) -> None:
        for field in descriptor.fields:
            for name in examples.rules(field):
                self._rules.add((descriptor.name, field.name, name.removeprefix("items.")))
        for oneof in examples.needed_oneofs(descriptor):
            self._rules.add((descriptor.name, oneof, "required"))

    def note(self, descriptor, broken: list[str]) -> None:
        places = {tuple(entry.split(" ")) for entry in broken}
        hits = {(place.split("[")[0], name) for place, name in places}
        for key in self._rules:
            if key[0] == descriptor.name:
                (self._broken if key[1:] in hits else self._kept)[key] += 1

    def missing(self) -> list[str]:
        return [".".join(key) for key in sorted(self._rules) if not self._kept[key] or not self._broken[key]]

    def __len__(self) -> int:
        return len(self._rules)


def main(proto: Path, output: Path, corpus: Path) -> int:
    for file in stubs.generate(proto, output):
        __import__(file.removesuffix(".proto").replace("/", ".") + "_pb2")
    oracle, coverage = Oracle(), Coverage()
    examples = Examples(oracle)
    pool, count = descriptor_pool.Default(), Counter()
    files = [name for name in stubs.contract_files(proto) if name.startswith("polku/")]
    descriptors = [message for file in files for message in pool.FindFileByName(file).message_types_by_name.values()]
    with corpus.open("w") as lines:
        for descriptor in descriptors:
            coverage.expect(examples, descriptor)
            for field, message in examples.of(descriptor):
                broken = oracle.broken(message)
                coverage.note(descriptor, broken)
                count[bool(broken)] += 1
                content = base64.b64encode(message.SerializeToString()).decode()
                line = {"message": descriptor.name, "field": field, "bytes": content, "broken": broken}
                print(json.dumps(line), file=lines)
    for name in coverage.missing():
        print(f"expected an example that keeps {name} and one that breaks it")
    print(f"rules: {len(coverage)} rules of {len(descriptors)} messages, {count[False]} good and {count[True]} bad examples")
    return 1 if coverage.missing() else 0


if __name__ == "__main__":
    sys.exit(main(*(Path(argument) for argument in sys.argv[1:4])))
