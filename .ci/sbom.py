"""Judges a bill of materials: sbom.py BOM Cargo.lock

It must follow CycloneDX's schema, name the program, and list nothing that is not in the lock file."""

import json
import sys
import tomllib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

bom_file, lock_file = sys.argv[1:]
with open(bom_file, encoding="utf-8") as file:
    text = file.read()
with open(lock_file, "rb") as file:
    locked = {(package["name"], package["version"]) for package in tomllib.load(file)["package"]}

bom = json.loads(text)
problem = JsonStrictValidator(SchemaVersion.from_version(bom["specVersion"])).validate_str(text)
if problem is not None:
    sys.exit(f"{bom_file} does not follow CycloneDX {bom['specVersion']}: {problem}")

assert bom["metadata"]["component"]["name"] == "ikd", bom["metadata"]["component"]
components = {(component["name"], component["version"]) for component in bom["components"]}
assert {"axum", "sqlx", "ring", "rustls"} <= {name for name, _ in components}, "what we are made of is missing"
assert not components - locked, f"not in the lock file: {components - locked}"
print(f"{bom_file}: CycloneDX {bom['specVersion']}, {len(components)} components")
