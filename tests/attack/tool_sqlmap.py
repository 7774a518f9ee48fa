"""sqlmap over every query parameter, path id and text in a JSON body of the API's description, as whoever may ask."""

import concurrent.futures
import csv
import http.server
import itertools
import json
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

from door import ENDINGS, Door
from service import ROOT, SCRATCH, People, Service

SQLMAP = ROOT / "target/attack/sqlmap/bin/sqlmap"
# Marks of places that take any text, and of those that take an id, a day or one of some words, which no other text gets past.
FREE, TYPED = "*", "~"
# What would end those who ask: it is asked about nobody.
ENDS = ("/suspension", "/contract", "/entitlement", "/revocation", "/stop", "/departure", "/disable", "/closing", "/rejection", "/return")
FOUND = "sqlmap identified the following injection point"
# Runs at once: sqlmap itself uses most of a processor.
LANES = 4
WORDS = {"nik": "3171010101900001", "username": "petugas", "full_name": "SITI AMINAH", "email": "siti@contoh.id",
         "phone": "081234567890", "purpose": "open_account", "language": "id", "region": "31.71", "month": "2026-10",
         "from": "2026-10-01", "to": "2026-10-31", "state": "open", "cursor": "AAAA", "code": "1234567890", "share": "basic"}


def living(people):
    """Ids of somebody and something, by what stands before them in a path."""
    asked = {
        "/v1/officer/registrations": people.applicant.id, "/v1/registrations": people.applicant.id,
        "/v1/admin/offices": first(people, "administrator", "/v1/admin/offices"),
        "/v1/admin/parties": first(people, "administrator", "/v1/admin/parties"),
        "/v1/admin/staff": first(people, "administrator", "/v1/admin/staff"),
        "/v1/officer/staff": first(people, "supervisor", "/v1/officer/staff"),
        "/v1/partner/keys": first(people, "party_administrator", "/v1/partner/keys"),
        "/v1/partner/employees": first(people, "party_administrator", "/v1/partner/employees"),
    }
    return {path: id_ for path, id_ in asked.items() if id_}


def first(people, role, path):
    status, _, data = people.staff[role].ask("GET", path)
    found = re.search(r'"[a-z_]*id":"([0-9a-f-]{36})"', data.decode(errors="replace")) if status == 200 else None
    return found and found[1]


def quoted(value):
    """A value in a URL; its mark stays as it is."""
    return urllib.parse.quote(value, safe=FREE + TYPED + ":,")


class Targets:
    """One request for each operation, with a mark at each place that takes a text."""

    def __init__(self, door, people):
        self.door, self.schemas = door, door.description["components"]["schemas"]
        self.living = living(people)

    def value(self, schema, name="", depth=0, request=True):
        """Something of this form; texts carry the mark."""
        if "$ref" in schema:
            return self.value(self.schemas[schema["$ref"].rsplit("/", 1)[1]], name, depth + 1)
        if schema.get("enum"):
            return schema["enum"][0] + TYPED if isinstance(schema["enum"][0], str) else schema["enum"][0]
        for many in ("oneOf", "anyOf", "allOf"):
            if many in schema and "properties" not in schema:
                return self.value(next(one for one in schema[many] if one.get("type") != "null"), name, depth + 1)
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        kind = next((one for one in kinds if one != "null"), "null") if isinstance(kinds, list) else kinds
        if kind == "object":
            properties = schema.get("properties", {})
            # A cursor that was not given out is refused before anything else is looked at: lists are asked for their first page.
            chosen = {part: self.value(one, part, depth + 1) for part, one in properties.items()
                      if depth < 6 and part not in ("cursor", "captcha")}
            # Of "exactly one of these" one is sent.
            for alternative in schema.get("oneOf", [])[:1]:
                for part, one in alternative.get("properties", {}).items():
                    if one.get("type") == "null":
                        chosen.pop(part, None)
            return chosen
        if kind == "array":
            return [self.value(schema["items"], name, depth + 1)]
        if kind == "boolean":
            return True
        if kind in ("integer", "number"):
            return max(1, schema.get("minimum", 1))
        known, form = schema.get("example"), schema.get("format", "")
        if form == "uuid":
            known = known or str(uuid.UUID(int=1))
        text = known if isinstance(known, str) else WORDS.get(name, "2026-11-01" if "date" in form else "uji")
        return text.replace(FREE, "").replace(TYPED, "") + (TYPED if form == "uuid" or "date" in form else FREE)

    def path_id(self, method, template, parameter):
        """The value in the path, with its mark."""
        name, before = parameter["name"], template.partition("{")[0].rstrip("/")
        if before in self.living and method != "DELETE" and not template.endswith(ENDS):
            return self.living[before] + TYPED
        value = self.value(parameter.get("schema", {}), name)
        return value if isinstance(value, str) else f"{value}{TYPED}"

    def all(self):
        """Name, request and number of marked places; free ones and typed ones apart."""
        for _, method, template, _, operation in self.door.routes:
            if ENDINGS.match(template):
                continue
            path, query, headers, body = template, [], {}, ""
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                if parameter["in"] == "path":
                    path = path.replace("{" + name + "}", quoted(self.path_id(method, template, parameter)))
                elif parameter["in"] == "query" and name not in ("cursor", "limit"):
                    query.append(name + "=" + quoted(str(self.value(parameter.get("schema", {}), name))))
                elif parameter["in"] == "header" and name != "If-Match":
                    headers[name] = "uji" + FREE
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                body = json.dumps(self.value(content["application/json"]["schema"]), ensure_ascii=False)
                headers["Content-Type"] = "application/json"
            elif "text/csv" in content:
                body, headers["Content-Type"] = f"username,full_name,email\nuji{FREE},Uji,uji@contoh.id\n", "text/csv"
            elif "text/plain" in content:
                body, headers["Content-Type"] = "uji" + FREE, "text/plain"
            raw = self.raw(method, path + ("?" + "&".join(query) if query else ""), headers, body)
            if FREE in raw:
                yield f"{method} {template}", raw.replace(TYPED, ""), raw.count(FREE), True
            if TYPED in raw:
                yield f"{method} {template}, typed", raw.replace(FREE, "").replace(TYPED, "*"), raw.count(TYPED), False
        # A cursor is refused before a list is asked for unless it was given out; what reads it is the same for all lists.
        yield "cursor of GET /v1/offices", self.raw("GET", "/v1/offices?limit=1&cursor=AAAA*", {}, ""), 1, True
        # Headers that each request has: a page and a list stand for all, since one layer reads them.
        common = {"User-Agent": "uji*", "Referer": "http://localhost/*", "Accept-Language": "id*", "X-Forwarded-For": "1.2.3.4*",
                  "If-None-Match": '"uji"*'}
        for path in ("/v1/offices?words=uji", "/"):
            yield f"headers of GET {path}", self.raw("GET", path, common, ""), len(common), True

    def raw(self, method, path, headers, body):
        lines = [f"{method} {path} HTTP/1.1", "Host: " + self.door.url.removeprefix("http://")]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", body])


def attack(name, request, folder, dbms, seconds, level=3, risk=2):
    """One run of sqlmap; gives its words. It stops by itself when its time is over."""
    place = pathlib.Path(tempfile.mkdtemp(dir=folder))
    (place / "request.txt").write_text(request)
    command = [SQLMAP, "-r", place / "request.txt", "--batch", "--level", str(level), "--risk", str(risk), "--dbms", dbms,
               "--technique", "BEUST", "--time-sec", "2", "--union-cols", "1-3", "--timeout", "60", "--retries", "1",
               "--ignore-code", "*", "--flush-session", "--output-dir", place / "out", "--disable-coloring", "--answers",
               "custom injection marker=Y,JSON data found=Y,do you want to keep testing=N", "--time-limit", str(seconds)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, cwd=place,
                              env={"HOME": str(place), "PATH": "/usr/bin:/bin"})
        said = done.stdout + done.stderr
    except subprocess.TimeoutExpired as over:
        said = (over.stdout or b"").decode(errors="replace")
    shutil.rmtree(place, ignore_errors=True)
    return name, said


def within(end, name, request, folder, dbms, seconds, level, risk):
    """The same, unless the time in all is over."""
    left = end - time.monotonic()
    if left < 0:
        return name, None
    return attack(name, request, folder, dbms, min(seconds, int(left) + 30), level, risk)


def control(folder):
    """The same call against a page that is open to injection: a scanner that finds nothing there finds nothing anywhere."""
    class Open(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_POST(self):
            try:
                words = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["words"]
            except ValueError:
                return self.send_error(400)
            rows = sqlite3.connect(":memory:")
            rows.executescript("CREATE TABLE office (id INTEGER, name TEXT); INSERT INTO office VALUES (1, 'uji'), (2, 'lain');")
            try:
                found = rows.execute(f"SELECT name FROM office WHERE name = '{words}'").fetchall()
            except sqlite3.Error:
                found = []
            data = json.dumps({"items": found}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Open)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"127.0.0.1:{server.server_address[1]}"
    request = f"POST /v1/offices HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\r\n" + '{"words": "uji*"}'
    _, said = attack("control", request, folder, "sqlite", 60)
    server.shutdown()
    return FOUND in said, said


def run(arguments, report):
    minutes = arguments.minutes or 40
    service = Service(arguments.engine, changes=[("LIMITS__REQUESTS_PER_SECOND", "1000")])
    people = People(service)
    service.start()
    begun, tried, points, cut, left = time.monotonic(), 0, {True: 0, False: 0}, [], []
    try:
        people.arrive()
        door = Door(service, people)
        dbms = {"sqlite": "sqlite", "postgres": "postgresql"}[arguments.engine]
        with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
            seen, said = control(folder)
            report.judge(seen, f"sqlmap does not find what is there: {said[-600:]}")
            targets = list(Targets(door, people).all())
            report.say(f"{len(targets)} runs, {sum(target[2] for target in targets)} places")
            random.Random(1).shuffle(targets)
            # Those that take any text with everything, and first; of the others, which are refused by what reads them, one in between.
            free, typed = ([target for target in targets if target[3] is kind] for kind in (True, False))
            targets = [one for pair in itertools.zip_longest(free, typed) for one in pair if one]
            with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
                waiting = {}
                for name, raw, count, free in targets:
                    how = (count * 60, 3, 2) if free else (count * 20, 1, 1)
                    waiting[pool.submit(within, begun + minutes * 60, name, raw, folder, dbms, *how)] = (count, free)
                for done in concurrent.futures.as_completed(waiting):
                    name, said = done.result()
                    if said is None:
                        left.append(name)
                        continue
                    count, free = waiting[done]
                    tried, points[free] = tried + 1, points[free] + count
                    if FOUND in said:
                        report.finding(f"{name}: {said[said.index(FOUND):][:800]}")
                    elif "do not appear to be injectable" not in said and "not injectable" not in said:
                        # On a slow machine its share of time may be over before the first payload.
                        if "testing connection to the target" not in said:
                            report.finding(f"{name} was not tried: {said[-500:]}")
                        tried_part = "[INFO] testing '" in said
                        (cut if tried_part else left).append(name)
                        points[free] -= 0 if tried_part else count
                    if tried % 20 == 0:
                        report.say(f"{tried} of {len(targets)}, {door.total()} requests, {time.monotonic() - begun:.0f} s")
        kinds = door.judge(report)
    finally:
        for wrong in service.stop():
            report.finding(wrong)
    report.table("answers", "count", right=(1,))
    for kind, count in sorted(kinds.items()):
        report.row(f"{kind}xx" if kind < 10 else f"{kind}, come again", count)
    said = (f"sqlmap 1.10.10, {service.engine}, {(time.monotonic() - begun) / 60:.0f} minutes, {door.total()} requests: {points[True]} "
            f"places that take any text at level 3 and risk 2, {points[False]} that take an id, a day or one of some words at level 1; "
            f"{len(cut)} operations ran out of their share of time before the last payload, {len(left)} were not come to. The same call "
            "finds the injection in a page that has one. Injections: 0.")
    return report.close(said, arguments.write)
