"""The crates that the program is made of, as docs/crates.md lists them: crates.py docs/crates.md [--write]

A crate that comes in, leaves, or begins to run code while the program is built is a change to that list, so that somebody reads it. Versions are
not in it: Cargo.lock pins them, and an update is no new crate."""

import json
import pathlib
import subprocess
import sys

HEAD = """# Crates

What the program is made of on Linux, with and without the demo: {count} crates. `.ci/dependencies` compares this list with `Cargo.lock` and ends red when they differ;
`python3 .ci/crates.py docs/crates.md --write` writes it anew. Who adds a crate answers in the change that adds it: what it is for and why not without; whether it is
alive (date of the last release, open faults); what it brings along; whether it runs code while the program is built, links C, or has `unsafe` that strangers' bytes
reach; its licence (`deny.toml` demands a known one). For a crate that is chosen by us the answer stands in `Cargo.toml`, in the comment above it.

There is no `cargo vet`: its use is in taking over audits of others, which it fetches at each run from places that a build of this project does not reach. What stands in its
place: this list, pinned digests in `Cargo.lock`, sources from one registry alone (`deny.toml`), known faults at each change, a bill of materials, and a build that can be
[reproduced](supply-chain.md).
"""


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments, "--locked"], check=True, capture_output=True, text=True).stdout


def names(*arguments):
    """Crates in a tree of the program, with what directly brings each."""
    tree = cargo("tree", "--package", "ikd", "--target", "x86_64-unknown-linux-gnu", "--edges", "normal,build", "--prefix", "depth", "--format", ";{p}", "--no-dedupe", *arguments)
    found, path = {}, []
    for line in tree.splitlines():
        depth, name = line.split(";", 1)
        path[int(depth):] = [name.split()[0]]
        found.setdefault(path[-1], set()).update(path[-2:-1])
    return found


def main():
    file = pathlib.Path(sys.argv[1])
    demo, bare = names(), names("--no-default-features")
    own = {"ikd", "ikd-token"}
    packages = {}
    for one in json.loads(cargo("metadata", "--format-version", "1"))["packages"]:
        packages.setdefault(one["name"], []).append(one)

    def does(name):
        kinds = {kind for one in packages[name] for target in one["targets"] for kind in target["kind"]}
        links = {one["links"] for one in packages[name] if one["links"]}
        parts = ["macro"] * ("proc-macro" in kinds) + ["build script"] * ("custom-build" in kinds)
        return ", ".join(parts + [f"links `{link}`" for link in sorted(links)])

    def brought(name):
        by = sorted(demo[name] - {"ikd-token"} | ({"ikd"} & demo[name]))
        return "us" if set(by) & own else ", ".join(by[:3]) + (" and others" if len(by) > 3 else "")

    crates = sorted(set(demo) - own)
    chosen = [one for one in crates if demo[one] & own]
    running = [one for one in crates if does(one)]
    rest = [one for one in crates if one not in chosen and one not in running]
    mark = lambda one: one if one in bare else f"{one} (demo)"
    text = HEAD.format(count=len(crates))
    text += f"\n## Chosen by us\n\n{len(chosen)}: " + ", ".join(map(mark, chosen)) + ".\n"
    text += f"\n## Run code while it is built\n\n{len(running)}.\n\n| crate | how | brought by |\n| --- | --- | --- |\n"
    text += "".join(f"| {mark(one)} | {does(one)} | {brought(one)} |\n" for one in running)
    text += f"\n## All others\n\n{len(rest)}: " + ", ".join(map(mark, rest)) + ".\n"

    if sys.argv[2:] == ["--write"]:
        file.write_text(text)
    elif file.read_text() != text:
        before, after = (set(one.replace(",", "\n").splitlines()) for one in (file.read_text(), text))
        for line in sorted(before ^ after):
            print("  -" if line in before else "  +", line.strip(), file=sys.stderr)
        sys.exit(f"{file} is not what the program is made of: read there what a new crate has to answer, then `python3 .ci/crates.py {file} --write`")
    print(f"{file}: {len(crates)} crates, {len(running)} of them run code while the program is built")


main()
