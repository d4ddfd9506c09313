"""Is the audit log what its operator has signed? A second reading of the published log, from the specifications alone.

It knows C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-cosignature and tlog-proof, RFC 6962, RFC 8032 and the
layout of a leaf in gateway/src/audit/leaf.rs. It uses the standard library only and shares no code with the gateway:
hashes of trees are made by the recursive definition, proofs are checked by it, Ed25519 is reckoned out.

    transparency.py log FOLDER KEY [--seen CHECKPOINT]... [--witness KEY]...
    transparency.py receipt PROOF KEY SEQUENCE:HASH [--witness KEY]...
    transparency.py export FILE KEY

Ends with 0 if everything fits together, and with 1 and one line about what does not.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import sys
from datetime import datetime, timezone

# Ed25519, RFC 8032 section 5.1: the curve -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo P.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


class Wrong(Exception):
    """What does not fit."""


def require(condition, what):
    if not condition:
        raise Wrong(what)


def on_curve(encoded):
    """The point of 32 bytes, as (x, y)."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    require(y < P, "a point is not canonical")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    require((x * x - square) % P == 0 and not (x == 0 and sign), "bytes are no point of the curve")
    return (P - x if x & 1 != sign else x), y


def add(one, other):
    """The sum of two points in projective form (X, Y, Z)."""
    (x1, y1, z1), (x2, y2, z2) = one, other
    a = z1 * z2 % P
    b = a * a % P
    c, d = x1 * x2 % P, y1 * y2 % P
    e = D * c * d % P
    f, g = (b - e) % P, (b + e) % P
    x3 = a * f * ((x1 + y1) * (x2 + y2) - c - d) % P
    return x3, a * g * (d + c) % P, f * g % P


def times(number, point):
    total, double = (0, 1, 1), (*point, 1)
    while number:
        if number & 1:
            total = add(total, double)
        double = add(double, double)
        number >>= 1
    return total


BASE = on_curve((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519_fits(public, message, signature):
    if len(signature) != 64:
        return False
    try:
        key, commitment = on_curve(public), on_curve(signature[:32])
    except Wrong:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    left = times(scalar, BASE)
    right = add((*commitment, 1), times(int.from_bytes(digest, "little") % ORDER, key))
    return all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))


def strict_base64(text):
    data = base64.b64decode(text, validate=True)
    require(base64.b64encode(data).decode() == text, "base64 is not canonical")
    return data


class Key:
    """A verifier key: name+id+base64 of the type and the public key."""

    def __init__(self, text):
        self.name, identifier, encoded = text.split("+", 2)
        data = strict_base64(encoded)
        self.kind, self.public = data[0], data[1:]
        self.identifier = hashlib.sha256(self.name.encode() + b"\n" + data).digest()[:4]
        require(self.kind in (1, 4) and len(self.public) == 32, "the key is not one of Ed25519")
        require(self.identifier.hex() == identifier, "the key does not fit its id")


class Note:
    """A text and its signatures."""

    def __init__(self, whole):
        require("\n\n" in whole and whole.endswith("\n"), "this is no note")
        end = whole.rindex("\n\n") + 1
        self.text, self.lines = whole[:end], whole[end + 1 : -1].split("\n")

    def signature(self, key):
        """What stands behind the id of this key."""
        for line in self.lines:
            dash, name, encoded = line.split(" ")
            require(dash == "\u2014", "this is no line of a signature")
            data = strict_base64(encoded)
            if name == key.name and data[:4] == key.identifier:
                return data[4:]
        raise Wrong(f"not signed by {key.name}")


class Checkpoint:
    """What the log has signed."""

    def __init__(self, whole, key):
        require(key.kind == 1, "this is no key of a log")
        self.note = Note(whole)
        require(
            ed25519_fits(key.public, self.note.text.encode(), self.note.signature(key)),
            "the log has not signed this checkpoint",
        )
        lines = self.note.text.split("\n")
        require(lines[0] == key.name, "the checkpoint is about another log")
        self.size = int(lines[1])
        require(str(self.size) == lines[1], "the size is not written as one")
        self.root = strict_base64(lines[2])

    def cosigned(self, key):
        require(key.kind == 4, "this is no key of a witness")
        signature = self.note.signature(key)
        time = int.from_bytes(signature[:8], "big")
        message = f"cosignature/v1\ntime {time}\n{self.note.text}".encode()
        require(ed25519_fits(key.public, message, signature[8:]), f"{key.name} has not cosigned this checkpoint")


def leaf_hash(leaf):
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def largest_power_below(count):
    return 1 << (count - 1).bit_length() - 1


class Tree:
    """The Merkle tree hashes of RFC 6962, section 2.1, of parts of a list; those of full subtrees are remembered."""

    def __init__(self, hashes):
        self.hashes, self.known = hashes, {}

    def hash(self, start, end):
        if end - start == 0:
            return hashlib.sha256().digest()
        if end - start == 1:
            return self.hashes[start]
        if (start, end) not in self.known:
            middle = start + largest_power_below(end - start)
            self.known[start, end] = node_hash(self.hash(start, middle), self.hash(middle, end))
        return self.known[start, end]


def root_of(leaf, index, size, proof):
    """The root to which a proof leads, by the definition of the path: from the root's child down to the leaf."""
    if size == 1:
        require(not proof, "the proof is too long")
        return leaf
    require(proof, "the proof is too short")
    middle = largest_power_below(size)
    if index < middle:
        return node_hash(root_of(leaf, index, middle, proof[:-1]), proof[-1])
    return node_hash(proof[-1], root_of(leaf, index - middle, size - middle, proof[:-1]))


def tile_path(folder, level, index, width):
    groups = []
    while True:
        groups.insert(0, f"{index % 1000:03}")
        index //= 1000
        if not index:
            break
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    full = folder / "tile" / str(level) / name
    if width == 256:
        return full
    partial = full.with_name(full.name + ".p") / str(width)
    return partial if partial.exists() else full


def read_leaves(folder, size):
    leaves = []
    for index in range((size + 255) // 256):
        width = min(256, size - index * 256)
        data, found = tile_path(folder, "entries", index, width).read_bytes(), 0
        while data and found < width:
            length = int.from_bytes(data[:2], "big")
            require(len(data) >= 2 + length, "a bundle of leaves is cut short")
            leaves.append(data[2 : 2 + length])
            data, found = data[2 + length :], found + 1
        require(found == width, "a bundle of leaves is too short")
    return leaves


def check_tiles(folder, tree, size):
    level, span = 0, 1
    while size // span:
        count = size // span
        for index in range((count + 255) // 256):
            width = min(256, count - index * 256)
            data = tile_path(folder, level, index, width).read_bytes()[: width * 32]
            first = index * 256
            expected = b"".join(
                tree.hash(place * span, (place + 1) * span) for place in range(first, first + width)
            )
            require(data == expected, f"tile {level}/{index} is not what the leaves say")
        level, span = level + 1, span * 256


def decoded(leaf, place):
    """The leaf in words, as the layout has it."""
    require(leaf[0] == 1 and 168 <= len(leaf) <= 231, f"leaf {place} has another layout")
    number = lambda start, length: int.from_bytes(leaf[start : start + length], "big")
    require(number(4, 8) == place, f"leaf {place} says that it is another one")
    return {
        "sequence": number(4, 8),
        "milliseconds": int.from_bytes(leaf[12:20], "big", signed=True),
        "event": leaf[1],
        "verdict": {0: None, 1: "permitted", 2: "not permitted"}[leaf[2]],
        "refers_to": number(30, 8) if leaf[3] else None,
        "organisation": leaf[167:].decode("ascii"),
    }


def check_log(arguments):
    folder, key = pathlib.Path(arguments.folder), Key(arguments.key)
    checkpoint = Checkpoint((folder / "checkpoint").read_text(), key)
    leaves = read_leaves(folder, checkpoint.size)
    for place, leaf in enumerate(leaves):
        decoded(leaf, place)
    tree = Tree([leaf_hash(leaf) for leaf in leaves])
    require(tree.hash(0, checkpoint.size) == checkpoint.root, "the leaves are not those of the checkpoint")
    check_tiles(folder, tree, checkpoint.size)
    for file in arguments.seen:
        seen = Checkpoint(pathlib.Path(file).read_text(), key)
        require(seen.size <= checkpoint.size, "the log was longer when it was seen")
        require(tree.hash(0, seen.size) == seen.root, "the log was another one when it was seen")
        for witness in arguments.witness:
            seen.cosigned(Key(witness))
    print(f"{checkpoint.size} leaves, root {checkpoint.root.hex()}")


def check_receipt(arguments):
    key = Key(arguments.key)
    head, whole = pathlib.Path(arguments.proof).read_text().split("\n\n", 1)
    lines = head.split("\n")
    require(lines.pop(0) == "c2sp.org/tlog-proof@v1", "this is no proof")
    if lines[0].startswith("extra "):
        lines.pop(0)
    index = int(lines.pop(0).removeprefix("index "))
    checkpoint = Checkpoint(whole, key)
    sequence, text = arguments.receipt.split(":")
    leaf = bytes.fromhex(text) if len(text) == 64 else strict_base64(text)
    require(index == int(sequence) and index < checkpoint.size, "the proof is about another leaf")
    proof = [strict_base64(line) for line in lines]
    require(root_of(leaf, index, checkpoint.size, proof) == checkpoint.root, "the proof does not hold")
    for witness in arguments.witness:
        checkpoint.cosigned(Key(witness))
    print(f"leaf {index} is in the log")


def check_export(arguments):
    key = Key(arguments.key)
    with open(arguments.file, encoding="utf-8") as file:
        head, *lines = [json.loads(line) for line in file]
    require(head["log"] == arguments.key, "the export is of another log")
    checkpoint = Checkpoint(head["checkpoint"], key)
    for line in lines:
        leaf, place = strict_base64(line["leaf"]), line["sequence"]
        said = decoded(leaf, place)
        time = datetime.fromisoformat(line["time"].replace("Z", "+00:00"))
        since = time - datetime(1970, 1, 1, tzinfo=timezone.utc)
        milliseconds = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
        require(milliseconds == said["milliseconds"], f"leaf {place} was written at another time")
        for word in ("verdict", "refers_to", "organisation"):
            require(line[word] == said[word], f"leaf {place} says another {word}")
        proof = [strict_base64(text) for text in line["proof"]]
        require(
            root_of(leaf_hash(leaf), place, checkpoint.size, proof) == checkpoint.root,
            f"leaf {place} is not in the log",
        )
    print(f"{len(lines)} leaves are in the log")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    log = commands.add_parser("log")
    log.add_argument("folder")
    log.add_argument("key")
    log.add_argument("--seen", action="append", default=[])
    log.set_defaults(check=check_log)
    receipt = commands.add_parser("receipt")
    receipt.add_argument("proof")
    receipt.add_argument("key")
    receipt.add_argument("receipt")
    receipt.set_defaults(check=check_receipt)
    for command in (log, receipt):
        command.add_argument("--witness", action="append", default=[])
    export = commands.add_parser("export")
    export.add_argument("file")
    export.add_argument("key")
    export.set_defaults(check=check_export)
    arguments = parser.parse_args()
    try:
        arguments.check(arguments)
    except (Wrong, ValueError, KeyError, IndexError, OSError) as error:
        print(f"wrong: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
