"""Puts the data of the version before into the schema that it made: `load.py sqlite|postgres FIXTURE VARLIB [PSQL…]`. Files belong to the owner
of VARLIB, as if the service had made them."""

import base64
import json
import os
import pathlib
import sqlite3
import subprocess
import sys

engine, fixture, varlib, *psql = sys.argv[1:]
varlib = pathlib.Path(varlib)
base = pathlib.Path(fixture) / engine
owner = varlib.stat()
old_umask = os.umask(0o077)
for name, content in json.loads(base.with_suffix(".json").read_text())["keys"].items():
    path = varlib / "keys" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(content))
if engine == "sqlite":
    database = sqlite3.connect(varlib / "ikd.db")
    database.executescript(base.with_suffix(".sql").read_text())
    database.close()
else:
    subprocess.run([*psql, "-q", "-o", "/dev/null"], input=base.with_suffix(".sql").read_text(), text=True, check=True)
for path in [varlib, *varlib.rglob("*")]:
    os.chown(path, owner.st_uid, owner.st_gid)
