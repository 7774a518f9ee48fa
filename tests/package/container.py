"""Reads the Containerfile: what it copies exists, what it leaves out is not needed for the build, the commands it names are
commands of the program. No container engine is needed, and none is tried.

    container.py ROOT-OF-THE-SOURCE PROGRAM SCRATCH
"""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

source, program, scratch = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
text = re.sub(r"\\\n", " ", (source / "Containerfile").read_text())
steps = [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
assert {name for name, _ in steps} <= known, {name for name, _ in steps} - known

shutil.rmtree(scratch, ignore_errors=True)
scratch.mkdir(parents=True)
for name, rest in steps:
    if name != "COPY" or "--from" in rest:
        continue
    *sources, target = shlex.split(rest)
    for one in map(source.joinpath, sources):
        assert one.exists(), f"COPY {one}: there is no such thing"
        to = scratch / target if len(sources) == 1 else scratch / target / one.name
        shutil.copytree(one, to) if one.is_dir() else shutil.copy(one, to)

# How Cargo is to build stands beside what it builds.
assert (scratch / ".cargo" / "config.toml").exists(), "the build would be another one: .cargo is not copied"

# Everything that the source takes in at compile time was copied.
for file in scratch.joinpath("src").rglob("*.rs"):
    # What stands in tests is not compiled there.
    code = file.read_text().split("#[cfg(test)]")[0]
    for included in re.findall(r'include_(?:str|bytes)!\(\s*"([^"]+)"', code):
        if file.name not in {"vectors.rs", "tests.rs"}:
            assert (file.parent / included).resolve().exists(), f"{file.relative_to(scratch)} includes {included}, which is not copied"
subprocess.run(["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1", "--quiet"], cwd=scratch, check=True, stdout=subprocess.DEVNULL)

commands = set(re.findall(r"^  ([a-z-]+) ", subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout, re.M))
for name, rest in steps:
    if name == "CMD":
        assert json.loads(rest)[0] in commands, rest
    if name == "HEALTHCHECK":
        command = json.loads(rest.split("CMD", 1)[1])
        assert command[0] == "/usr/bin/ikd" and command[1] in commands, rest
    if name == "ENV":
        for variable in re.findall(r"(\w+)=", rest):
            assert variable.startswith("IKD__"), variable
assert [rest for name, rest in steps if name == "USER"] == ["ikd"], "it does not run as root"
print("the Containerfile holds together")
