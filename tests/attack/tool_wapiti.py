"""wapiti over the pages, as anybody and as whoever is logged in, and over the API by its description."""

import collections
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import time

from door import ENDINGS, Door
from service import ROOT, SCRATCH, People, Service

WAPITI = ROOT / "target/attack/wapiti/bin/wapiti"
# All that attack what is here. Left out: what looks for other people's products (cms, wapp, htp, wp_enum, network_device, nikto,
# log4shell), what asks the network's names (takeover), what guesses passwords of forms (brute_login_form), TLS (`tests/attack/run tls`).
MODULES = ["backup", "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess", "http_headers", "ldap", "methods", "permanentxss",
           "redirect", "shellshock", "spring4shell", "sql", "ssrf", "timesql", "upload", "xss", "xxe"]
PAGES = ["/", "/petugas", "/verifikasi", "/admin", "/cek", "/lapor", "/blokir", "/loket", "/antrean", "/terima", "/status", "/docs", "/undangan"]
# What is said of us and is as it should be: category, part of its words, why.
ACCEPTED = [
    ("HTTP Strict Transport Security", "Strict-Transport-Security is not set",
     "the scan is over plain HTTP on loopback; with https it is sent (tests/attack/run tls)"),
    ("HTTP Methods", "", "the API has PUT, PATCH and DELETE, as its description says"),
    ("Spring4Shell", "", "a query with a name that is not known is refused with 400, this one like any other"),
    ("Secure Flag cookie", "", "cookies carry the prefix __Host-, which browsers refuse without Secure"),
]


class Listener:
    """Where a service that can be made to ask elsewhere would ask: it must never hear of us."""

    def __init__(self):
        self.heard = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                # wapiti itself asks here what was heard of each attack: nothing, as JSON.
                outer.heard.append((self.path, self.headers.get("User-Agent", "")))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def description(door, folder):
    """The API's description for a scanner: at the door, without what would end the scan, with a body for each request."""
    whole = json.loads(json.dumps(door.description))
    whole["servers"] = [{"url": door.url}]
    for path in list(whole["paths"]):
        for method in list(whole["paths"][path]):
            if ENDINGS.match(path) and method in ("post", "delete"):
                del whole["paths"][path][method]
    file = pathlib.Path(folder, "openapi.json")
    file.write_text(json.dumps(whole))
    return file


def scan(door, folder, listener, name, seconds, more):
    out = pathlib.Path(folder, f"{name}.json")
    command = [WAPITI, "-u", door.url + "/", "--scope", "domain", "-m", ",".join(MODULES), "--flush-session", "-f", "json", "-o", out,
               # An end of all of it, in place of one for each module, finds wapiti's own account locked.
               "--max-attack-time", max(8, seconds // len(MODULES)), "--tasks", "3", "-t", "20", "-l", "1", "-d", "6",
               "--max-links-per-page", "200", "--no-bugreport", "--color", "-v", "0", "--store-session", pathlib.Path(folder, name),
               "--store-config", pathlib.Path(folder, "config"), "--endpoint", listener.url, *more]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=seconds * 2 + 300,
                          env={"HOME": folder, "PATH": "/usr/bin:/bin"})
    if not out.exists():
        return None, done.stdout + done.stderr
    return json.loads(out.read_text()), done.stdout + done.stderr


def control(folder, listener):
    """The same modules against a page that writes back what it is sent."""
    class Open(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            from urllib.parse import parse_qs, urlsplit

            words = parse_qs(urlsplit(self.path).query).get("words", ["uji"])[0]
            data = f"<html><body><a href='/?words=uji'>x</a><p>{words}</p></body></html>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Door_:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Open)
        url = f"http://127.0.0.1:{server.server_address[1]}"

    threading.Thread(target=Door_.server.serve_forever, daemon=True).start()
    found, said = scan(Door_, folder, listener, "control", 60, ["-m", "xss,http_headers"])
    Door_.server.shutdown()
    return found and any("Cross Site Scripting" in kind and of for kind, of in found["vulnerabilities"].items()), said


def run(arguments, report):
    minutes = arguments.minutes or 20
    service = Service(arguments.engine, changes=[("LIMITS__REQUESTS_PER_SECOND", "1000")])
    people = People(service)
    service.start()
    begun, accepted, seen = time.monotonic(), collections.Counter(), collections.Counter()
    try:
        people.arrive()
        door, listener = Door(service, people), Listener()
        # wapiti keeps account in a file, which on a busy disk it takes for locked.
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
            found, said = control(folder, listener)
            report.judge(found, f"wapiti does not find what is there: {said[-500:]}")
            starts = [part for page in PAGES for part in ("-s", door.url + page)]
            scans = {"pages": starts, "API": ["--swagger", description(door, folder)]}
            for name, more in scans.items():
                before = door.total()
                result, said = scan(door, folder, listener, name, minutes * 60 // len(scans), more)
                if result is None:
                    report.finding(f"{name}: wapiti said nothing: {said[-800:]}")
                    continue
                crawled = result["infos"].get("crawled_pages_nbr", 0)
                seen[name] = (crawled, door.total() - before)
                report.judge(crawled > (10 if name == "pages" else 100), f"{name}: only {crawled} addresses were found")
                for group in ("vulnerabilities", "anomalies"):
                    for category, entries in result[group].items():
                        for entry in entries:
                            weigh(report, accepted, name, category, entry)
            others = [path for path, agent in listener.heard if "get_" not in path]
            report.judge(not any("ikd" in agent for _, agent in listener.heard), f"the service asked elsewhere: {others[:5]}")
        kinds = door.judge(report)
    finally:
        for wrong in service.stop():
            report.finding(wrong)
    report.table("what", "addresses", "requests", right=(1, 2))
    for name, (crawled, asked) in seen.items():
        report.row(name, crawled, asked)
    report.table("said of us and accepted", "times", "why", right=(1,))
    for (category, why), count in accepted.items():
        report.row(category, count, why)
    told = ", ".join(f"{kind}xx: {count}" if kind < 10 else f"{kind}: {count}" for kind, count in sorted(kinds.items()))
    said = (f"wapiti 3.2.3, {service.engine}, {(time.monotonic() - begun) / 60:.0f} minutes, {len(MODULES)} modules, logged in as whoever "
            f"may ask; answers {told}. The same call finds the hole in a page that has one.")
    return report.close(said, arguments.write)


def weigh(report, accepted, name, category, entry):
    words = f"{entry.get('info', '')} {entry.get('parameter') or ''}"
    for kind, part, why in ACCEPTED:
        if kind == category and part.lower() in words.lower():
            accepted[category, why] += 1
            return
    report.finding(f"{name}, {category}: {entry.get('method')} {entry.get('path')}: {words[:300]} ({entry.get('http_request', '')[:300]})")
