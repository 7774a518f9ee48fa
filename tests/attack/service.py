"""A service for one run: folder, database and people of its own, on loopback; it ends with the run."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import pwd
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs/integrators"))
import app  # noqa: E402  what app developers are shown is what residents do here

OFFICE = "UJI-01"
BANK = "Bank Uji"
PIN = "902157"
# In memory, where that is a folder: what is judged here is the service, and not a disk that others keep busy meanwhile.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
# A disk that others keep busy is no fault of ours and none of the attack's: the service says so, and refuses with 503 meanwhile.
BUSY_DISK = '"target":"ikd::db::watch"'
# Lines of a log that nobody may bring about from outside.
FAULTS = ("panicked", '"level":"ERROR"', "stack overflow", "out of memory")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wake_loopback():
    """In a network of its own loopback is down at first."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(control, 0x8913, request))[1]
        if not flags & 1:
            fcntl.ioctl(control, 0x8914, struct.pack("16sh14x", b"lo", flags | 1))


class Postgres:
    """A server of its own without a port: a folder is where it is found."""

    def __init__(self):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self.bin = pathlib.Path(os.environ.get("IKD_TEST_PG_BIN") or found[-1])
        self.folder = tempfile.mkdtemp(prefix="ikd-attack-pg-", dir=SCRATCH)
        self.who = {}
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        data = self.folder + "/data"
        made = [self.bin / "initdb", "-A", "trust", "-U", "ikd", "-E", "UTF8", "--no-locale", "--no-sync", "-D", data]
        subprocess.run(made, check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **self.who)
        serve = [self.bin / "postgres", "-D", data, "-k", self.folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        log = open(self.folder + "/log", "wb")
        self.process = subprocess.Popen(serve, cwd=self.folder, stdout=log, stderr=log, **self.who)
        ask = [self.bin / "psql", "-X", "-q", "-h", self.folder, "-U", "ikd", "-c", "CREATE DATABASE attack", "postgres"]
        for _ in range(200):
            if subprocess.run(ask, stderr=subprocess.DEVNULL).returncode == 0:
                break
            time.sleep(0.05)
        self.url = f"postgres://ikd@localhost/attack?host={self.folder}"

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        shutil.rmtree(self.folder, ignore_errors=True)


class Service:
    """`ikd serve` with its commands. What differs from the defaults is said in `changes`."""

    def __init__(self, engine="sqlite", tls=None, changes=()):
        wake_loopback()
        self.program = os.environ["IKD_TEST_BINARY"]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ikd-attack-", dir=SCRATCH))
        self.postgres = Postgres() if engine == "postgres" else None
        # Figures of a build that is not optimised say so.
        self.engine = engine + (", debug build" if "/debug/" in self.program else "")
        self.port, self.metrics_port = free_port(), free_port()
        scheme = "https" if tls else "http"
        self.host, self.url = f"localhost:{self.port}", f"{scheme}://localhost:{self.port}"
        self.feed_key = "ikd_feed_" + app.b64(secrets.token_bytes(32))
        settings = {
            "DATABASE__URL": self.postgres.url if self.postgres else f"sqlite:{self.folder}/ikd.db",
            "KEYS__DIRECTORY": f"{self.folder}/keys", "KEYS__PUBLISH_AHEAD_SECONDS": "0",
            "MAIL__DIRECTORY": f"{self.folder}/mail", "SERVICE__PUBLIC_URL": self.url,
            "HTTP__LISTEN": f"127.0.0.1:{self.port}", "HTTP__METRICS_LISTEN": f"127.0.0.1:{self.metrics_port}",
            "CAPTCHA__MAX_NUMBER": "500", "REGISTER__FEED_KEY_SHA256": hashlib.sha256(self.feed_key.encode()).hexdigest(),
        }
        if tls:
            settings |= {"HTTP__TLS_CERTIFICATE": str(tls[0]), "HTTP__TLS_KEY": str(tls[1])}
        settings |= dict(changes)
        self.env = {"PATH": "/usr/bin:/bin"} | {f"IKD__{name}": value for name, value in settings.items()}
        self.process = None
        # The most bytes that the service and all its decoders held, and the service alone.
        self.most, self.most_own = 0, 0
        self.command("keys", "init")

    def command(self, *arguments):
        """A command of the program; gives the JSON that it prints."""
        whole = [self.program, "--format", "json", *arguments]
        done = subprocess.run(whole, cwd=self.folder, env=self.env, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(arguments)}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def start(self):
        self.log_file = self.folder / "log"
        self.process = subprocess.Popen([self.program, "serve"], cwd=self.folder, env=self.env,
                                        stdout=open(self.log_file, "wb"), stderr=subprocess.STDOUT)
        for _ in range(600):
            if '"message":"ready"' in self.log():
                break
            if self.process.poll() is not None:
                raise SystemExit(f"the service did not start: {self.log()}")
            time.sleep(0.05)
        self.watching = threading.Thread(target=self._watch, daemon=True)
        self.watching.start()
        return self

    def log(self):
        return self.log_file.read_text(errors="replace")

    def memory(self):
        """Bytes that the service and its decoders hold now, and it alone."""
        held, alone = 0, 0
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                status = (entry / "status").read_text()
                own = int(entry.name) == self.process.pid
                if own or f"\nPPid:\t{self.process.pid}\n" in status:
                    size = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024
                    held, alone = held + size, alone + own * size
            except (OSError, TypeError):
                continue
        return held, alone

    def _watch(self):
        while self.process.poll() is None:
            held, alone = self.memory()
            self.most, self.most_own = max(self.most, held), max(self.most_own, alone)
            time.sleep(0.05)

    def metrics(self):
        """What was counted so far, without labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)
        connection.request("GET", "/metrics")
        counted = {}
        for line in connection.getresponse().read().decode().splitlines():
            name, _, value = line.rpartition(" ")
            if name and not name.startswith("#"):
                plain = name.partition("{")[0]
                counted[plain] = counted.get(plain, 0) + float(value)
        return counted

    def stop(self):
        """Ends it, as an operator would; gives what is wrong with how it went."""
        wrong = []
        if self.process.poll() is not None:
            wrong.append(f"the service ended by itself: {self.process.returncode}")
        else:
            self.process.send_signal(signal.SIGTERM)
            try:
                if self.process.wait(60) != 0:
                    wrong.append(f"the service ended with {self.process.returncode}")
            except subprocess.TimeoutExpired:
                self.process.kill()
                wrong.append("the service did not stop within a minute")
        # What is expected of attackers is logged as a warning at most.
        wrong += [line[:400] for line in self.log().splitlines()
                  if any(fault in line for fault in FAULTS) and BUSY_DISK not in line][:20]
        if self.postgres:
            self.postgres.stop()
        if os.environ.get("IKD_ATTACK_KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        return wrong

    def ask(self, method, path, body=None, headers=(), address="127.0.0.1", timeout=30):
        """One request on a connection of its own; gives (status, headers, body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout, source_address=(address, 0))
        try:
            data = json.dumps(body).encode() if isinstance(body, dict) else body
            given = {"Host": self.host, **({"Content-Type": "application/json"} if isinstance(body, dict) else {})}
            connection.request(method, path, data, given | dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


def totp(secret, step):
    """RFC 6238 with SHA-1, six digits."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    number = struct.unpack(">I", mac[mac[-1] & 15:][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


OWN_PASSWORD = "enam layang putih sore"


class Staff:
    """Somebody who logs in with a password: the cookie is theirs for the run."""

    def __init__(self, service, realm, printed):
        self.service, self.realm = service, realm
        self.username, self.password, self.secret = printed["username"], printed["password"], printed["totp_secret"]
        self.step, self.cookie, self.lock = 0, None, threading.Lock()

    def log_in(self):
        with self.lock:
            body = {"username": self.username, "password": self.password, "totp": self.code()}
            status, headers, data = self.service.ask("POST", f"/v1/{self.realm}/sessions", body)
            if status != 201:
                raise SystemExit(f"{self.username} cannot log in: {status} {data[:300]}")
            self.cookie = headers["Set-Cookie"].split(";")[0]
            if json.loads(data)["needs_secrets"]:
                self.choose()
        return self

    def code(self):
        """A code that counts: of a step that was not used, and not in its last seconds."""
        begins = (self.step + 1) * 30
        if begins > time.time():
            time.sleep(begins - time.time())
        if time.time() % 30 > 24:
            time.sleep(30 - time.time() % 30)
        self.step = int(time.time()) // 30
        return totp(self.secret, self.step)

    def choose(self):
        """What the command printed opens the choice of other secrets alone."""
        status, _, data = self.ask("GET", f"/v1/{self.realm}/secrets")
        if status != 200:
            raise SystemExit(f"{self.username} is not asked what to choose: {status} {data[:300]}")
        self.password, self.secret = OWN_PASSWORD, json.loads(data)["totp_secret"]
        # Another secret: no step of it was used.
        self.step = 0
        body = {"new_password": self.password, "totp": self.code()}
        status, headers, data = self.ask("POST", f"/v1/{self.realm}/secrets", body)
        if status != 200:
            raise SystemExit(f"{self.username} cannot choose: {status} {data[:300]}")
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def ask(self, method, path, body=None, headers=()):
        return self.service.ask(method, path, body, {"Cookie": self.cookie, **dict(headers)})


class People:
    """An office, a bank, the nation and two residents: one who waits, one who holds a digital KTP."""

    def __init__(self, service):
        self.service = service
        service.command("office", "add", OFFICE, "Dukcapil Uji")
        found = service.command("register", "generate", "--count", "20", "--portraits", "--show", "8")["residents"]
        self.residents = found
        self.staff = {}
        for role, realm in (("supervisor", "officer"), ("head", "officer"), ("officer", "officer"), ("data_officer", "officer")):
            printed = service.command("officer", "add", role.replace("_", "."), f"Si {role}", "--office", OFFICE,
                                      "--role", role.replace("_", "-"), "--generate-password")
            self.staff[role] = Staff(service, realm, printed)
        for role in ("administrator", "auditor"):
            printed = service.command("administrator", "add", role, f"Si {role}", "--role", role, "--generate-password")
            self.staff[role] = Staff(service, "admin", printed)
        purpose = "open_account=Membuka rekening|Opening an account"
        party = service.command("relying-party", "add", BANK, "--attributes", "full", "--purpose", purpose)
        self.api_key = party["api_key"]
        for role, kind in (("party_administrator", "administrator"), ("employee", "employee")):
            printed = service.command("relying-party", kind, "add", BANK, role.replace("_", "."), f"Si {role}")
            self.staff[role] = Staff(service, "teller", printed)

    def arrive(self):
        """Logs everybody in, and brings the residents to where they stand."""
        for person in self.staff.values():
            person.log_in()
        supervisor = self.staff["officer"]
        self.holder, self.applicant = (Resident(self.service, person) for person in self.residents[:2])
        for resident in (self.holder, self.applicant):
            resident.register()
        token = self.holder.phone.call("POST", self.holder.path("/activation-token"))["token"]
        self.expect(supervisor.ask("POST", "/v1/officer/scans", {"token": token}), 200)
        registration = f"/v1/officer/registrations/{self.holder.id}"
        for _ in range(200):
            seen = json.loads(self.expect(supervisor.ask("GET", registration), 200))
            if seen.get("check_result") == "match":
                break
            time.sleep(0.05)
        checks = {"version": seen["version"], "checks": {"face": True, "document": True, "data": True}, "note": "uji"}
        self.expect(supervisor.ask("POST", registration + "/approval", checks), 200)
        self.holder.activate()
        token = self.applicant.phone.call("POST", self.applicant.path("/activation-token"))["token"]
        self.expect(supervisor.ask("POST", "/v1/officer/scans", {"token": token}), 200)
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 86400 * 30))
        made = self.staff["party_administrator"].ask("POST", "/v1/partner/test-keys", {"label": "uji", "last_day": day})
        self.test_key = json.loads(self.expect(made, 201))["api_key"]
        return self

    @staticmethod
    def expect(answer, status):
        if answer[0] != status:
            raise SystemExit(f"{answer[0]} instead of {status}: {answer[2][:400]}")
        return answer[2]


class Phone(app.Service):
    """An app that asks at the listener, whatever the public name leads to."""


class Resident:
    def __init__(self, service, person):
        self.service, self.person = service, person
        self.key = app.DeviceKey(app.ec.generate_private_key(app.ec.SECP256R1()))
        self.phone = Phone(service.url, self.key)
        self.pin, self.lock = app.pin_key(PIN, secrets.token_bytes(16)), threading.Lock()

    def path(self, end=""):
        return f"/v1/registrations/{self.id}{end}"

    def register(self):
        body = {"nik": self.person["nik"], "full_name": self.person["full_name"], "birth_date": self.person["birth_date"],
                "email": f"w{self.person['nik']}@contoh.id", "phone": "081234567890", "locale": "id",
                "terms": {"version": self.phone.call("GET", "/v1/terms")["version"], "accepted": True}}
        self.id = app.with_captcha(self.phone, "/v1/registrations", body)["registration_id"]
        self.phone.call("PUT", self.path("/selfie"), (ROOT / "tests/browser/face.png").read_bytes(), "image/png")

    def activate(self):
        for _ in range(400):
            letters = "".join(file.read_text(errors="replace") for file in (self.service.folder / "mail").glob("*.eml"))
            found = re.search(rf"#{self.id}\.(\d+)", letters.replace("=\n", "").replace("=\r\n", ""))
            if found:
                break
            time.sleep(0.05)
        if not found:
            raise SystemExit("no mail with a code came")
        app.with_captcha(self.phone, self.path("/activation-code"), {"code": found[1]})
        signed = self.phone.sign_challenge(self.pin, "enrol")
        self.phone.call("POST", self.path("/pin"), {"pin_public_key": app.public_text(self.pin), **signed})
        self.unlock()

    def unlock(self):
        with self.lock:
            self.phone.access_token = None
            self.phone.unlock(self.pin)

    def present(self, **more):
        return self.phone.call("POST", "/v1/me/presentations", {"share": "basic", **more})["token"]
