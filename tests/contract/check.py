#!/usr/bin/env python3
"""Holds the API's description against OpenAPI 3.1, and a running node's answers against the description.

Called by tests/contract/main.rs, which starts the node and says in IKD_CONTRACT who may ask. IKD_CONTRACT_EXAMPLES is the number of
requests for each operation and kind of test, IKD_CONTRACT_SEED repeats a run.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

from openapi_spec_validator import validate

HERE = pathlib.Path(__file__).resolve().parent
# Operations that would end what the others need: log-ins, and the only registration of the device.
ENDINGS = ["lock", "officer_log_out", "teller_log_out", "cancel"]
# Who asks is tried for every operation by tests/api/table.rs; here the hooks say it, also where schemathesis would leave it out.
NOT_HERE = "ignored_auth"


def main() -> int:
    base = json.loads(os.environ["IKD_CONTRACT"])["base"]
    document = json.load(urllib.request.urlopen(base + "/openapi.json"))
    validate(document)
    seed = os.environ.get("IKD_CONTRACT_SEED", "1")
    examples = os.environ.get("IKD_CONTRACT_EXAMPLES", "15")
    print(f"seed {seed}, {examples} examples", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        shown = pathlib.Path(folder, "openapi.json")
        shown.write_text(json.dumps(document))
        command = [sys.executable, "-c", "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"]
        command += ["--config-file", str(HERE / "schemathesis.toml"), "run", str(shown), "--url", base]
        command += ["--checks", "all", "--exclude-checks", NOT_HERE, "--phases", "examples,coverage,fuzzing"]
        command += ["--seed", seed, "--max-examples", examples, "--generation-database", "none", "--no-color"]
        command += ["--generation-with-security-parameters", "false", "--request-timeout", "30", "--warnings", "off"]
        command += [f"--exclude-operation-id={name}" for name in ENDINGS]
        command += ["--continue-on-failure", "--suppress-health-check", "all"]
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PYTHONHASHSEED": "0"}
        return subprocess.run(command, env=environment, cwd=folder).returncode


if __name__ == "__main__":
    sys.exit(main())
