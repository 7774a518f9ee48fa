"""Starts the service as the unit file says, in a root without systemd: its command, user, folder and umask, with a socket
that waits for READY=1. Ends it at SIGTERM and demands that it says STOPPING=1 and ends with 0.

    unit.py ROOT
"""

import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys

root = pathlib.Path(sys.argv[1])
unit = {}
for line in (root / "lib/systemd/system/ikd.service").read_text().splitlines():
    name, equals, value = line.partition("=")
    if equals and not line.startswith("#"):
        unit.setdefault(name.strip(), []).append(value.strip())
one = lambda name: unit[name][-1]
assert one("Type") == "notify"
# Decoders of pictures lock themselves in with these, and read nothing where they may not.
allowed = " ".join(line for line in unit["SystemCallFilter"] if not line.startswith("~")).split()
assert {"seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= set(allowed), allowed
# What systemd would not start, this does not start either.
assert any((root / path.lstrip("|/")).exists() for path in unit["ConditionPathExists"]), "the unit's condition does not hold"

name = root / "run/ikd-notify"
name.unlink(missing_ok=True)
notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.bind(str(name))
name.chmod(0o666)
notify.settimeout(1)

script = f"cd {shlex.quote(one('WorkingDirectory'))} && umask {one('UMask')} && exec {one('ExecStart')}"
child = subprocess.Popen(
    ["/usr/sbin/chroot", f"--userspec={one('User')}:{one('Group')}", str(root), "/bin/sh", "-c", script],
    env={"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": "/run/ikd-notify"},
)
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
for _ in range(60):
    try:
        assert b"READY=1" in notify.recv(4096)
        break
    except TimeoutError:
        if child.poll() is not None:
            sys.exit(f"the service ended with {child.returncode} before it was ready")
else:
    child.kill()
    sys.exit("the service did not say READY=1 within 60 s")
print("ready", flush=True)
code = child.wait()
if code == 0:
    notify.settimeout(5)
    assert b"STOPPING=1" in notify.recv(4096)
sys.exit(code)
