"""What stands in a sample of `tests/golden`, or in any other file that holds a message?

A sample is a request or an answer as it was on the wire: a first line, headers, an empty line, the body.
"""

from pathlib import Path


def body(file: Path, content_type: str) -> bytes | None:
    """The body of a sample of this content type, of another one none; of any other file all that is in it."""
    whole = file.read_bytes()
    if file.suffix != ".http":
        return whole
    head, _, rest = whole.partition(b"\n\n")
    headers = dict(line.partition(": ")[::2] for line in head.decode().splitlines()[1:])
    found = headers.get("content-type", "").partition(";")[0].strip()
    return rest.removesuffix(b"\n") if found == content_type else None
