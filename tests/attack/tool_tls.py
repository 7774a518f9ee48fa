"""sslyze over the service's own TLS listener, judged by Mozilla's intermediate profile and by what we say ourselves."""

import json
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from service import ROOT, Service

NEVER = ("ssl_2_0_cipher_suites", "ssl_3_0_cipher_suites", "tls_1_0_cipher_suites", "tls_1_1_cipher_suites")


def certificates(folder):
    """A root, an intermediate and a leaf, as an operator gets them."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stderr=subprocess.DEVNULL)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", "root.key", "-out", "root.pem", "-days", "30", "-subj", "/CN=uji akar",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    chain = [("middle", "root", "uji antara", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign"),
             ("leaf", "middle", "localhost", "subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n"
              "keyUsage=critical,digitalSignature\nbasicConstraints=critical,CA:FALSE")]
    for name, signer, subject, extensions in chain:
        Path(folder, name + ".ext").write_text(extensions + "\n")
        openssl("req", *new, "-keyout", name + ".key", "-out", name + ".csr", "-subj", f"/CN={subject}")
        openssl("x509", "-req", "-in", name + ".csr", "-CA", signer + ".pem", "-CAkey", signer + ".key", "-CAcreateserial",
                "-out", name + ".pem", "-days", "30", "-extfile", name + ".ext")
    whole = Path(folder, "chain.pem")
    whole.write_text(Path(folder, "leaf.pem").read_text() + Path(folder, "middle.pem").read_text())
    return whole, Path(folder, "leaf.key"), Path(folder, "root.pem")


class Spread:
    """A way to the listener that comes from ever other addresses: one client may begin 100 handshakes a second, a scan begins more."""

    def __init__(self, port):
        self.to, self.turn = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near, _ = self.listener.accept()
            self.turn += 1
            source = (f"127.0.{1 + self.turn // 200 % 200}.{1 + self.turn % 200}", 0)
            try:
                far = socket.create_connection(("127.0.0.1", self.to), source_address=source)
            except OSError:
                near.close()
                continue
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    @staticmethod
    def _carry(one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def plain_or_rubbish(service, report):
    """What is no handshake ends the connection, and the next client is served."""
    sent = {
        "plain HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "a record of 64 KiB": b"\x16\x03\x01\xff\xff" + b"\1" * 65535,
        "a hello that says it is 16 MiB": b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + b"\3" * 16380,
        "an alert": b"\x15\x03\x03\x00\x02\x02\x28",
        "a heartbeat": b"\x18\x03\x02\x00\x03\x01\x40\x00",
        "an SSLv2 hello": b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80" + b"\0" * 40,
        "zeros": b"\0" * 70000,
    }
    for what, bytes_ in sent.items():
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as raw:
            try:
                raw.sendall(bytes_)
                raw.settimeout(20)
                while raw.recv(4096):
                    pass
            except ConnectionError:
                pass
            except TimeoutError:
                report.finding(f"{what}: the connection stays open")
    return len(sent)


def run(arguments, report):
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        chain, key, root = certificates(folder)
        # What is asked of TLS is asked as production is: https in the public address.
        service = Service(arguments.engine, tls=(chain, key)).start()
        try:
            spread = Spread(service.port)
            out = Path(folder, "sslyze.json")
            command = [ROOT / "target/attack/sslyze/bin/sslyze", "--mozilla_config", "intermediate", "--certinfo_ca_file", root,
                       "--resum", "--early_data", "--json_out", out, f"localhost:{spread.port}"]
            printed = subprocess.run(command, capture_output=True, text=True, timeout=300)
            scan = json.loads(out.read_text())["server_scan_results"][0]
            judge(scan, printed.stdout, report)
            rubbish = plain_or_rubbish(service, report)
            context = ssl.create_default_context(cafile=str(root))
            with socket.create_connection(("127.0.0.1", service.port)) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as secured:
                    secured.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    answer = b""
                    while part := secured.recv(65536):
                        answer += part
            report.judge(b"strict-transport-security" in answer.lower(), "no Strict-Transport-Security")
        finally:
            for wrong in service.stop():
                report.finding(wrong)
    said = (f"sslyze 6.3.1, {time.monotonic() - begun:.0f} s: Mozilla's *intermediate* profile holds; "
            f"{rubbish} kinds of what is no handshake end the connection.")
    return report.close(said, arguments.write)


def judge(scan, printed, report):
    results = scan["scan_result"]
    for name, result in results.items():
        if result["status"] == "ERROR":
            report.finding(f"{name} was not scanned: {result['error_trace'].splitlines()[-1]}")
    report.judge("OK - Compliant" in printed, "not as Mozilla's intermediate profile: "
                 + printed.split("COMPLIANCE AGAINST", 1)[-1].strip()[:1500])
    of = {name: result["result"] for name, result in results.items() if result["result"]}
    for name in NEVER:
        report.judge(of[name]["accepted_cipher_suites"] == [], f"{name} are taken")
    report.table("version", "cipher suites that are taken")
    for name in ("tls_1_2_cipher_suites", "tls_1_3_cipher_suites"):
        taken = [suite["cipher_suite"]["name"] for suite in of[name]["accepted_cipher_suites"]]
        report.judge(taken, f"{name}: none is taken")
        for suite in taken if name == "tls_1_2_cipher_suites" else ():
            good = suite.startswith("TLS_ECDHE_") and suite.endswith(("GCM_SHA256", "GCM_SHA384", "POLY1305_SHA256"))
            report.judge(good, f"{suite} has no forward secrecy or is no AEAD")
        report.row({"tls_1_2_cipher_suites": "TLS 1.2", "tls_1_3_cipher_suites": "TLS 1.3"}[name], ", ".join(sorted(taken)))
    report.row("SSL 2 and 3, TLS 1.0 and 1.1", "none")
    report.judge(not of["tls_compression"]["supports_compression"], "compression")
    report.judge(not of["heartbleed"]["is_vulnerable_to_heartbleed"], "Heartbleed")
    report.judge(not of["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"], "CCS injection")
    report.judge(of["robot"]["robot_result"].startswith("NOT_VULNERABLE"), "ROBOT")
    renegotiation = of["session_renegotiation"]
    report.judge(not renegotiation["is_vulnerable_to_client_renegotiation_dos"], "a client renegotiates")
    report.judge(of["tls_fallback_scsv"]["supports_fallback_scsv"], "no protection against downgrades")
    report.judge(of["tls_extended_master_secret"]["supports_ems_extension"], "no extended master secret")
    report.judge(not of["tls_1_3_early_data"]["supports_early_data"], "early data, which can be replayed")
    deployment = of["certificate_info"]["certificate_deployments"][0]
    trusted = [one for one in deployment["path_validation_results"] if one["verified_certificate_chain"]]
    report.judge(trusted, "the chain does not lead to its root")
    report.judge(deployment["received_chain_has_valid_order"], "the chain is out of order")
    report.judge(not deployment["received_chain_contains_anchor_certificate"], "the root is sent along")
    for name in ("compression", "renegotiation by the client", "early data", "Heartbleed, ROBOT, CCS injection"):
        report.row(name, "no")
    curves = ", ".join(sorted(curve["name"] for curve in of["elliptic_curves"]["supported_curves"]))
    report.row("curves", curves)
