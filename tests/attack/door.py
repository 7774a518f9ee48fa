"""The way in for scanners: puts the credentials into each request that the description demands for it, and keeps account of the answers.

A scanner that is refused for want of a proof or a cookie tries nothing behind that. Requests come from many addresses, because one that
asks as fast as scanners do is told to wait.
"""

import collections
import http.client
import http.server
import json
import queue
import re
import threading

from service import ROOT

# Doors (connections of the service) that are open at once, each from an address of its own.
ADDRESSES = 120
# Who asks where the description says no more than "somebody of the staff": the first who may.
STAFF = {"officer": ["supervisor", "head", "officer", "data_officer"], "official": ["administrator", "auditor"]}
# What would end the sessions that the others need.
ENDINGS = re.compile(r"^/v1/(officer|teller|admin)/(sessions(/current)?|password)$|^/v1/sessions/current$|^/v1/me/(block|closure|pin)$")


class Door:
    def __init__(self, service, people):
        self.service, self.people = service, people
        self.description = json.loads((ROOT / "docs/openapi.json").read_text())
        self.routes = []
        for path, item in self.description["paths"].items():
            pattern = re.compile("^" + re.sub(r"\{[^}]*\}", "[^/]*", path) + "$")
            fixed = path.count("/") * 10 - path.count("{")
            self.routes += [(fixed, method.upper(), path, pattern, operation) for method, operation in item.items()]
        self.routes.sort(key=lambda route: -route[0])
        self.chosen, self.counted, self.faults = {}, collections.Counter(), []
        self.lock, self.free = threading.Lock(), queue.Queue()
        for number in range(ADDRESSES):
            self.free.put((f"127.0.0.{number + 2}", None))
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    self.raw_requestline = self.rfile.readline(65537)
                    if not self.raw_requestline:
                        self.close_connection = True
                        return
                    if self.parse_request():
                        outer.pass_on(self)
                except OSError:
                    self.close_connection = True

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads, request_queue_size = True, 256

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def operation(self, method, path):
        bare = path.partition("?")[0]
        for _, wanted, template, pattern, operation in self.routes:
            if wanted == method and pattern.match(bare):
                return template, operation
        return None, None

    def roles(self, template, kind):
        if kind == "teller":
            return ["party_administrator"] if template.startswith("/v1/partner") else ["employee", "party_administrator"]
        return STAFF[kind]

    def credentials(self, method, path, body, template, operation):
        """Headers for each who might be let in, the likeliest first."""
        demanded = tuple(sorted((operation or {}).get("security", [{}])[0])) if operation else ()
        if demanded == ("api_key",):
            return [("party", {"Authorization": "Bearer " + self.people.api_key})]
        if demanded == ("test_key",):
            return [("test", {"Authorization": "Bearer " + self.people.test_key})]
        if demanded == ("register_feed",):
            return [("feed", {"Authorization": "Bearer " + self.service.feed_key})]
        if "dpop" in demanded:
            # Registrations are the applicant's; whatever begins with a digital KTP is the holder's.
            applicant = template.startswith(("/v1/registrations", "/v1/corrections", "/v1/captcha", "/v1/recoveries"))
            resident = self.people.applicant if applicant else self.people.holder
            token = resident.phone.access_token if "access_token" in demanded else None
            proof = resident.key.proof(method, self.service.url + path, body, resident.phone.nonce, token)
            headers = {"DPoP": proof, **({"Authorization": "DPoP " + token} if token else {})}
            return [(resident, headers)]
        if demanded and demanded[0] in ("officer", "official", "teller"):
            names = self.chosen.get((method, template)) or self.roles(template, demanded[0])
            return [(name, {"Cookie": self.people.staff[name].cookie}) for name in names]
        return [("anybody", {})]

    def pass_on(self, near):
        length = int(near.headers.get("Content-Length") or 0)
        body = near.rfile.read(length) if length else None
        method, path = near.command, near.path
        template, operation = self.operation(method, path)
        if method in ("DELETE", "POST") and template and ENDINGS.match(template):
            status, headers, data = 204, {}, b""
        else:
            status, headers, data = self.answer(method, path, body, near.headers, template, operation)
        near.send_response_only(status)
        for name, value in headers.items() if headers else ():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                near.send_header(name, value)
        if status not in (204, 304):
            near.send_header("Content-Length", str(len(data)))
        near.end_headers()
        if method != "HEAD" and status not in (204, 304):
            near.wfile.write(data)

    def answer(self, method, path, body, given, template, operation):
        passed = {name: value for name, value in given.items()
                  if name.lower() not in ("host", "connection", "content-length", "cookie", "authorization", "dpop", "origin",
                                          "transfer-encoding", "proxy-connection", "keep-alive", "accept-encoding")}
        status, headers, data = 502, {}, b""
        for _ in range(2):
            again = False
            for who, credentials in self.credentials(method, path, body, template, operation):
                status, headers, data = self.send(method, path, body, passed | credentials)
                if hasattr(who, "phone"):
                    who.phone.nonce = headers.get("DPoP-Nonce", who.phone.nonce)
                    again = status == 401 and self.renew(who, data)
                if status != 403 or not isinstance(who, str) or who not in self.people.staff:
                    if isinstance(who, str) and who in self.people.staff and template:
                        self.chosen[method, template] = [who]
                    break
            if not again:
                break
        with self.lock:
            self.counted[template or "(none)", method, status] += 1
            if status >= 500 and len(self.faults) < 200:
                self.faults.append((status, method, path[:300], (body or b"")[:300], data[:200]))
        return status, headers, data

    @staticmethod
    def renew(resident, data):
        """Whether another try may go better: a nonce has passed, or the card has locked itself."""
        code = data.decode(errors="replace")
        if "use_dpop_nonce" in code:
            return True
        if resident.phone.access_token and "token" in code:
            try:
                resident.unlock()
                return True
            except Exception:  # noqa: BLE001  whatever a scanner did to the holder is no reason to stop
                return False
        return False

    def send(self, method, path, body, headers):
        address, connection = self.free.get()
        try:
            for fresh in (False, True):
                try:
                    if connection is None or fresh:
                        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=60,
                                                                source_address=(address, 0))
                    connection._validate_path = lambda url: None  # what a scanner sends is sent
                    # One `Host`, and as few as possible of what scanners think of themselves.
                    connection.request(method, path, body, {"Host": self.service.host, **headers})
                    answer = connection.getresponse()
                    data = answer.read()
                    if answer.will_close:
                        connection = None
                    return answer.status, answer.headers, data
                except (http.client.HTTPException, OSError, ValueError, UnicodeError) as error:
                    connection = None
                    if fresh:
                        return 599, {}, repr(error).encode()
            return 599, {}, b""
        finally:
            self.free.put((address, connection))

    def total(self):
        return sum(self.counted.values())

    def judge(self, report):
        """No answer of the 500s but what asks to come again, and no connection that breaks off."""
        kinds = collections.Counter()
        for (_, _, status), count in self.counted.items():
            kinds[status // 100 if status != 503 else 503] += count
        shown = 0
        for status, method, path, body, data in self.faults:
            if status == 599 and b"control characters" in data:
                continue
            if status != 503 and shown < 15:
                shown += 1
                report.finding(f"{status} to {method} {path} {body!r}: {data!r}")
        return kinds
