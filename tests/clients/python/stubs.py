"""How are the messages and clients of the contract made for Python?

With the stock generator, from the repository's .proto files, at run time: nothing of the wire is written by hand.
"""

import sys
from importlib import resources
from pathlib import Path

from grpc_tools import protoc


def contract_files(proto: Path) -> list[str]:
    """The .proto files, relative to the folder they are imported from."""
    files = [*proto.glob("polku/v1/*.proto"), *proto.glob("buf/validate/*.proto")]
    return sorted(str(file.relative_to(proto)) for file in files)


def generate(proto: Path, output: Path) -> list[str]:
    """Generates messages and clients into a folder and makes them importable. Gives the files they were made of."""
    output.mkdir(parents=True, exist_ok=True)
    files = contract_files(proto)
    well_known = resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{proto}", f"-I{well_known}", f"--python_out={output}", f"--grpc_python_out={output}"]
    if not files or protoc.main([*arguments, *files]) != 0:
        raise SystemExit(f"stubs: no clients can be generated from the .proto files in {proto}")
    sys.path.insert(0, str(output))
    return files
