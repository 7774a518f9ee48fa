"""Little that becomes much: in every place that takes bytes from somebody, while somebody else uses the service."""

import concurrent.futures
import functools
import gzip
import itertools
import json
import re
import resource
import socket
import struct
import subprocess
import time
import zlib

from service import ROOT, People, Service
from tool_slow import MORE_PATIENCE, Honest

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
MIB = 1 << 20
# What the service itself may hold meanwhile (its own budget for bodies is 256 MiB), and all of it with its decoders.
OWN, ALL = 400 * MIB, 1100 * MIB
# What `ikd verify` may hold.
OFFLINE = 96 * MIB


def base45(data):
    text = ""
    for at in range(0, len(data) - 1, 2):
        high, low = divmod(data[at] * 256 + data[at + 1], 45)
        high, middle = divmod(high, 45)
        text += BASE45[low] + BASE45[middle] + BASE45[high]
    if len(data) % 2:
        high, low = divmod(data[-1], 45)
        text += BASE45[low] + BASE45[high]
    return text


def tokens():
    """Texts of QRs that nobody signed."""
    inner = zlib.compress(bytes(8 * MIB), 9)
    shapes = {
        "zeros, as many as fit": zlib.compress(bytes(2_600_000), 9),
        "zeros beyond what a text may hold": zlib.compress(bytes(38 * MIB), 9),
        "zlib in zlib": zlib.compress(inner, 9),
        "without an end": zlib.compress(bytes(MIB), 9)[:-6],
        "empty blocks": b"\x78\x01" + b"\x00\x00\x00\xff\xff" * 500,
        "a dictionary that is not there": b"\x78\xbb\x00\x00\x00\x01" + inner[2:200],
        "two streams": zlib.compress(b"\xd2\x84") * 2,
        "arrays in arrays": zlib.compress(b"\x81" * 16_000, 9),
        "arrays without an end": zlib.compress(b"\x9f" * 16_000, 9),
        "maps in maps": zlib.compress(b"\xa1\x01" * 8_000, 9),
        "tags on tags": zlib.compress(b"\xd2" * 16_000, 9),
        "bytes, 2^63 of them": zlib.compress(b"\xd2\x84\x5b\x7f" + b"\xff" * 7, 9),
        "an array of 2^32": zlib.compress(b"\xd2\x9a\xff\xff\xff\xff", 9),
        "a map of 2^60": zlib.compress(b"\xd2\x84\x43\xa1\x01\x27\xbb\x10" + bytes(7), 9),
        "a payload of maps in maps": zlib.compress(b"\xd2\x84\x43\xa1\x01\x27\xa0\x59\x3e\x80" + b"\xa1\x01" * 8000, 9),
    }
    return {name: base45(data) for name, data in shapes.items()} | {"colons": ":" * 60_000, "not of Base45": "é" * 20_000}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, *chunks, depth=8, colour=0, interlace=0):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def jpeg(width, height, scans=1, progressive=True, before=b"", components=1):
    """A JPEG with correct tables, whose scans are empty or nearly so."""
    parts = b"".join(struct.pack("BBB", number + 1, 0x11, 0) for number in range(components))
    frame = struct.pack(">BHHB", 8, height, width, components) + parts
    out = b"\xff\xd8" + before + b"\xff\xdb" + struct.pack(">HB", 67, 0) + bytes([1]) * 64
    out += (b"\xff\xc2" if progressive else b"\xff\xc0") + struct.pack(">H", len(frame) + 2) + frame
    for kind in (0, 0x10):
        out += b"\xff\xc4" + struct.pack(">HB", 20, kind) + bytes([1] + [0] * 15) + b"\0"
    for number in range(scans):
        ends = (0, 0, 0) if progressive and number % 2 == 0 else (1, 63, 0) if progressive else (0, 63, 0)
        out += b"\xff\xda" + struct.pack(">HB", 8, 1) + b"\x01\x00" + bytes(ends) + b"\0"
    return out + b"\xff\xd9"


def segments(marker, data, head=b""):
    """Data in as many segments as it takes."""
    out, size = b"", 65_000
    count = -(-len(data) // size)
    for number in range(count):
        part = (head + bytes([number % 255 + 1, min(255, count)]) if head else b"") + data[number * size:][:size]
        out += b"\xff" + bytes([marker]) + struct.pack(">H", len(part) + 2) + part
    return out


def pictures():
    """Name, media type, bytes. None is larger than what a selfie may be."""
    idat = chunk(b"IDAT", zlib.compress(bytes(64 * MIB), 9))
    most = chunk(b"IDAT", zlib.compress(bytes(4096 * (4096 * 8 + 1)), 9))
    text = zlib.compress(bytes(512 * MIB), 9)
    good = zlib.compress(bytes(500 * 501), 9)
    webp = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8L" + struct.pack("<I", 10) + b"\x2f\xff\xff\xff\x0f" + bytes(5)
    frames = b"".join(chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, 500, 500, 0, 0, 1, 100, 0, 0))
                      + chunk(b"fdAT", struct.pack(">I", n) + good) for n in range(4000))
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + struct.pack("<H", 65535) + bytes(12 * 5000)
    loop = b"Exif\0\0II*\0" + struct.pack("<I", 8) + b"\x00\x00" + struct.pack("<I", 8)
    jpegs = {
        "65,500 a side": jpeg(65_500, 65_500), "4,096 a side in 60,000 scans": jpeg(4096, 4096, 60_000),
        "4,096 a side in 400 scans": jpeg(4096, 4096, 400), "no scan": jpeg(4096, 4096, 0), "no side": jpeg(0, 500),
        "4 MiB of profile": jpeg(500, 500, 1, False, segments(0xE2, bytes(4 * MIB), b"ICC_PROFILE\0")),
        "an EXIF of 65,535 entries": jpeg(500, 500, 1, False, segments(0xE1, exif)),
        "an EXIF that points at itself": jpeg(500, 500, 1, False, segments(0xE1, loop)),
        "200 colours": jpeg(500, 500, 1, False, components=200), "comments, 4 MiB": jpeg(500, 500, 1, False, segments(0xFE, bytes(4 * MIB))),
        "10,000 tables": jpeg(500, 500, 1, False, b"\xff\xc4" + b"\x00\x14\x00" + bytes([1] + [0] * 15) + b"\0" + (
            b"\xff\xc4\x00\x14\x00" + bytes([1] + [0] * 15) + b"\0") * 10_000),
        "fill bytes": b"\xff\xd8" + b"\xff" * (4 * MIB), "restarts": b"\xff\xd8" + b"\xff\xd0" * (2 * MIB),
    }
    pngs = {
        "50,000 a side": png(50_000, 50_000, idat), "2^31 wide": png(2**31 - 1, 1, idat), "4,096 a side, 64 bit a pixel": png(
            4096, 4096, most, depth=16, colour=6), "4,096 a side, interlaced": png(4096, 4096, idat, interlace=1),
        "rows beyond the last": png(500, 500, idat), "a text of half a GiB": png(500, 500, chunk(b"zTXt", b"a\0\0" + text), chunk(b"IDAT", good)),
        "an international text": png(500, 500, chunk(b"iTXt", b"a\0\1\0\0\0" + text), chunk(b"IDAT", good)),
        "a profile of half a GiB": png(500, 500, chunk(b"iCCP", b"a\0\0" + text), chunk(b"IDAT", good)),
        "4,000 animated frames": png(500, 500, chunk(b"acTL", struct.pack(">II", 4000, 0)), chunk(b"IDAT", good), frames),
        "100,000 empty chunks": png(500, 500, chunk(b"IDAT", b"") * 100_000, chunk(b"IDAT", good)),
        "200,000 unknown chunks": png(500, 500, chunk(b"abCd", b"") * 200_000, chunk(b"IDAT", good)),
        "a chunk of 4 GiB": b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIHDR" + bytes(100),
        "a palette without colours": png(500, 500, chunk(b"IDAT", good), colour=3),
        "an archive": b"PK\x03\x04" + bytes(1000), "a WebP": webp, "a GIF of 65,535 a side": b"GIF89a\xff\xff\xff\xff\xf7\0\0" + bytes(768),
        "a TIFF": b"II*\0\x08\0\0\0\xff\xff" + bytes(4000), "an SVG": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }
    return [(name, "image/jpeg", data) for name, data in jpegs.items()] + [(name, "image/png", data) for name, data in pngs.items()]


def documents():
    """Bodies that say that they are JSON."""
    deep = 30_000
    return {
        "arrays in arrays": b"[" * deep + b"]" * deep, "objects in objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        "an array that does not end": b"[" * 65_000, "arrays in a member": b'{"token":' + b"[" * deep + b"]" * deep + b"}",
        "arrays in an unknown member": b'{"zzz":' + b"[" * deep + b"]" * deep + b"}",
        "a text of 10 MB": b'{"token":"' + b"a" * 10_000_000 + b'"}', "a name of 60 KB": b'{"' + b"a" * 60_000 + b'":1}',
        "10,000 members": json.dumps({str(n): n for n in range(6_000)}).encode(), "a number of 60,000 digits": b'{"limit":' + b"9" * 60_000 + b"}",
        "1e999999": b'{"limit":1e999999999}', "half a surrogate": b'{"token":"\\ud800"}', "NUL": b'{"token":"\\u0000","purpose":"\\u0000"}',
        "no UTF-8": b'{"token":"\xff\xfe"}', "zeros": bytes(60_000), "escapes": b'{"token":"' + b"\\u0041" * 10_000 + b'"}',
        "combining marks": ('{"query":"' + "a" + "\u0301" * 20_000 + '"}').encode(),
    }


@functools.lru_cache
def gzipped():
    return gzip.compress(b'{"token":"' + b"a" * (50 * MIB) + b'"}')


HEADS = {
    "a line of 1 MB": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
    "20,000 headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 20_000 + b"\r\n",
    "120 headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 120 + b"\r\n",
    "a header of 1 MB": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"b" * 1_000_000 + b"\r\n\r\n",
    "cookies, 15 KB": b"GET /v1/officer/sessions/current HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a=b; " * 3000 + b"\r\n\r\n",
    "a proof of 15 KB": b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nDPoP: " + b"eyJ." * 3700 + b"\r\n\r\n",
    "4,000 languages": b"GET /v1/terms HTTP/1.1\r\nHost: localhost\r\nAccept-Language: " + b"id," * 4000 + b"\r\n\r\n",
    "2,000 ranges": b"GET / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=" + b",".join(b"%d-" % n for n in range(2000)) + b"\r\n\r\n",
    "3,000 entity tags": b"GET / HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: " + b'"a",' * 3000 + b"\r\n\r\n",
    "1,000 proxies": b"GET /v1/terms HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: " + b"1.2.3.4," * 1500 + b"\r\n\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100), "HTTP/0.9": b"GET /\r\n",
    "no Host": b"GET /v1/terms HTTP/1.1\r\n\r\n", "two Hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\0c\r\n\r\n", "a folded header": b"GET / HTTP/1.1\r\nHost: localhost\r\nA: b\r\n c\r\n\r\n",
}
# What is refused with 400 and nothing else: it may mean one thing to us and another to what stands in front.
AMBIGUOUS = {"no Host", "two Hosts", "NUL in a header", "two lengths", "length and chunks", "chunks spelt otherwise", "chunks twice",
             "a space before the colon", "a length with a sign", "a length below nothing", "a length of 10^30", "a chunk of 2^68"}
POST = b"POST /v1/officer/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
# Behind each stands a second request, which nobody may take for one.
SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
BODIES = {
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 60\r\n\r\n" + SMUGGLED,
    "length and chunks": POST + b"Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n" + SMUGGLED,
    "chunks spelt otherwise": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + SMUGGLED,
    "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + SMUGGLED,
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n" + SMUGGLED,
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\n" + SMUGGLED,
    "a length below nothing": POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a length of 10^30": POST + b"Content-Length: 1" + b"0" * 30 + b"\r\n\r\n" + SMUGGLED,
    "a chunk of 2^68": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + SMUGGLED,
    "a chunk of 2^64": POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n" + SMUGGLED,
    "extensions of chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"a" * 1000 + b"\r\n{\r\n") * 20_000,
    "chunks of one byte": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n[\r\n" * 300_000,
    "trailers": POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n" + b"A: b\r\n" * 100_000,
    "bare line feeds": POST + b"Transfer-Encoding: chunked\n\n" + SMUGGLED,
}


class Bombs:
    def __init__(self, service, people, report):
        self.service, self.people, self.report, self.thrown, self.answers = service, people, report, 0, {}
        self.addresses = itertools.cycle(f"127.0.2.{number}" for number in range(1, 250))

    def count(self, group, name, status, data=b""):
        """Each answer is one of what is refused, or of what was good after all; none is a fault of ours."""
        self.thrown += 1
        self.answers.setdefault(group, {}).setdefault(status, 0)
        self.answers[group][status] += 1
        if status >= 500 or status == 0:
            self.report.finding(f"{group}, {name}: {status} {data[:300]!r}")

    def throw(self, group, name, method, path, body, headers, expected=range(400, 500)):
        for _ in range(4):
            begun = time.monotonic()
            try:
                status, given, data = self.service.ask(method, path, body, headers, address=next(self.addresses), timeout=60)
            except (ConnectionError, TimeoutError) as error:
                return self.count(group, name, 0, repr(error).encode())
            if status != 503 or "Retry-After" not in given:
                break
            # A disk that others keep busy. The service says when to come again.
            time.sleep(int(given["Retry-After"]))
        self.count(group, name, status, data)
        self.report.judge(status >= 500 or status in expected, f"{group}, {name}: taken with {status} at {path}: {data[:200]!r}")
        took = time.monotonic() - begun
        self.report.judge(took < 40, f"{group}, {name}: {took:.1f} s at {path}")

    def proof(self, resident, method, path, body, token=False):
        access = resident.phone.access_token if token else None
        proof = resident.key.proof(method, self.service.url + path, body, resident.phone.nonce, access)
        return {"DPoP": proof, **({"Authorization": "DPoP " + access} if access else {})}

    def places(self):
        """Where a token or any JSON is taken, with who may ask: path, headers for a body, the shape around a text."""
        people, holder, applicant = self.people, self.people.holder, self.people.applicant
        cookie = lambda role: lambda path, body: {"Cookie": people.staff[role].cookie}  # noqa: E731
        bank = lambda key: lambda path, body: {"Authorization": "Bearer " + key, "Idempotency-Key": f"k{self.thrown}-{time.monotonic_ns()}"}  # noqa: E731
        asked = lambda text: {"token": text, "purpose": "open_account"}  # noqa: E731
        only = lambda text: {"token": text}  # noqa: E731
        both = lambda path, body: cookie("employee")(path, body) | {"Idempotency-Key": f"k{time.monotonic_ns()}"}  # noqa: E731
        return [
            ("/v1/verifications", bank(people.api_key), asked), ("/v1/teller/verifications", both, asked),
            ("/sandbox/v1/verifications", bank(people.test_key), asked), ("/v1/officer/scans", cookie("officer"), only),
            ("/v1/officer/arrivals", cookie("officer"), only), ("/v1/officer/recoveries/scan", cookie("officer"), only),
            ("/v1/officer/contact-visits/scan", cookie("officer"), only),
            ("/v1/me/transfers", lambda path, body: self.proof(holder, "POST", path, body, True), only),
            (applicant.path("/counter-scan"), lambda path, body: self.proof(applicant, "POST", path, body), only),
            ("/v1/officer-proofs", lambda path, body: {}, lambda text: {"code": text}),
        ]

    def of_tokens(self, pool):
        for name, text in tokens().items():
            for path, headers, shape in self.places():
                body = json.dumps(shape(text)).encode()
                # A question is answered, with no; whatever would do something is refused.
                expected = range(200, 500) if "verifications" in path or "proofs" in path else range(400, 500)
                pool.append(("tokens", name, "POST", path, body, headers(path, body) | JSON, expected))

    def of_documents(self, pool):
        unread = [("/v1/officer/people", "officer"), ("/v1/admin/audit/searches", "auditor"), ("/v1/partner/keys", "party_administrator")]
        anybody = ["/v1/officer/sessions", "/v1/blocks", "/v1/fraud-reports", "/v1/invitations/open", "/v1/officer/sessions/passkey"]
        places = self.places() + [(path, lambda p, b, role=role: {"Cookie": self.people.staff[role].cookie}, None) for path, role in unread]
        places += [(path, lambda p, b: {}, None) for path in anybody]
        places += [("/v1/sessions", lambda p, b: self.proof(self.people.holder, "POST", p, b), None)]
        for name, body in documents().items():
            for path, headers, _ in places:
                pool.append(("JSON", name, "POST", path, body, headers(path, body) | JSON))
        for path, headers, _ in places:
            body = gzipped()
            pool.append(("compressed bodies", "50 MiB in gzip", "POST", path, body, headers(path, body) | JSON | {"Content-Encoding": "gzip"}))

    def of_pictures(self):
        """Of a selfie, from ever other phones, since one may send fifteen an hour; and of a colleague's photo."""
        phones = itertools.cycle([self.people.applicant, *self.others])
        staff = json.loads(self.people.staff["supervisor"].ask("GET", "/v1/officer/staff-photos")[2])
        colleague = re.search(r'"[a-z_]*id":"([0-9a-f-]{36})"', json.dumps(staff, separators=(",", ":")))
        self.report.judge(colleague, "pictures: no colleague is listed")
        for name, kind, data in pictures():
            phone = next(phones)
            path = phone.path("/selfie")
            headers = {**self.proof(phone, "PUT", path, data), "Content-Type": kind}
            # What is small and whole is a picture, whatever lies beside it.
            self.throw("pictures", name, "PUT", path, data, headers, range(200, 500))
            if colleague:
                path = f"/v1/officer/staff-photos/{colleague[1]}"
                headers = {"Cookie": self.people.staff["supervisor"].cookie, "Content-Type": kind}
                self.throw("pictures", name, "PUT", path, data, headers, range(200, 500))

    def of_lists(self):
        rows = {
            "one line of 1 MB": b"username,full_name,email\n" + b"a" * MIB, "100,000 columns": b"," * 100_000 + b"\n" + b"," * 100_000,
            "a quote that does not end": b'username,full_name,email\n"' + b"a\n" * 100_000, "NUL": b"username,full_name,email\na\0,b,c\n",
            "empty lines": b"username,full_name,email\n" + b"\n" * 500_000, "an archive": b"PK\x03\x04" + bytes(MIB),
            "UTF-16": "username,full_name,email\nuji,Uji,uji@contoh.id\n".encode("utf-16"), "10 MB": b"a,b,c\n" * 1_700_000,
            "quotes": b'username,full_name,email\n' + b'"""""",' * 60_000, "gzip": gzipped(),
        }
        administrator = {"Cookie": self.people.staff["party_administrator"].cookie}
        places = [("/v1/partner/employee-lists/check", administrator), ("/v1/partner/employee-lists", administrator),
                  ("/v1/register/changes", {"Authorization": "Bearer " + self.service.feed_key})]
        for name, body in rows.items():
            for path, headers in places:
                more = {"Content-Type": "text/csv", **({"Idempotency-Key": "k", "If-Match": '"x"'} if "check" not in path else {})}
                self.throw("lists", name, "POST", path, body, headers | more, range(200, 500))
        for name, body in {"lines": b"a\n" * 30_000, "one line": b"\xe2\x80\x94 a " * 6_000, "1 MB": b"a" * MIB}.items():
            self.throw("lists", "cosignatures: " + name, "POST", "/v1/log/cosignatures", body, {"Content-Type": "text/plain"})

    def raw(self, group, name, data):
        """What no client would send. It is refused or cut off, and nothing behind it is taken for a request."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.service.port), timeout=45, source_address=(next(self.addresses), 0)) as plain:
            try:
                plain.sendall(data)
            except ConnectionError:
                pass
            try:
                plain.settimeout(45)
                while part := plain.recv(65536):
                    answer += part
                    if answer.count(b"HTTP/1.1 ") == 1 and b"connection: close" not in answer.lower() and b"Content-Length" not in data:
                        plain.settimeout(0.5)
            except ConnectionError:
                pass
            except TimeoutError:
                if not answer:
                    self.report.finding(f"{group}, {name}: neither answered nor cut off")
        statuses = [int(line[9:12]) for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
        self.count(group, name, statuses[0] if statuses else 444)
        self.report.judge(name not in AMBIGUOUS or statuses[:1] == [400], f"{group}, {name}: {statuses} instead of 400")
        self.report.judge(len(statuses) <= 1, f"{group}, {name}: {len(statuses)} answers to one request: {answer[:300]!r}")

    def offline(self):
        """`ikd verify` with the same tokens, and with lists and key sets that are none."""
        folder, program = self.service.folder, self.service.program
        (folder / "jwks.json").write_bytes(self.service.ask("GET", "/.well-known/jwks.json")[2])
        swollen = self.service.ask("GET", "/v1/status-lists")[2]
        lists = {
            "a JWT of zeros": b".".join(app_b64(part) for part in (b'{"alg":"EdDSA","typ":"statuslist+jwt"}', json.dumps(
                {"status_list": {"bits": 1, "lst": app_b64(zlib.compress(bytes(400 * MIB), 9)).decode()}, "sub": "x", "iat": 1}).encode(), bytes(64))),
            "a CWT of arrays": b"\xd2\x84" + b"\x81" * 100_000, "the list of lists": swollen, "zeros": bytes(MIB),
        }
        keys = {"arrays in arrays": b"[" * 200_000, "1,000,000 keys": b'{"keys":[' + b"{}," * 999_999 + b"{}]}"}
        valid = self.people.holder.present(offline=True)
        tries = [(f"token: {name}", text, folder / "jwks.json", None) for name, text in tokens().items()]
        for name, data in lists.items():
            (folder / "list").write_bytes(data)
            self.verify(f"list: {name}", valid, folder / "jwks.json", folder / "list", program)
        for name, data in keys.items():
            (folder / "keys.json").write_bytes(data)
            self.verify(f"key set: {name}", valid, folder / "keys.json", None, program)
        for name, text, jwks, status_list in tries:
            self.verify(name, text, jwks, status_list, program)
        # The control: what is good is good.
        code = self.verify("a good one", valid, folder / "jwks.json", None, program, good=True)
        self.report.judge(code == 0, f"offline: a good QR ends with {code}")

    def verify(self, name, text, jwks, status_list, program, good=False):
        command = [program, "verify", "--jwks", jwks, "-"] + (["--status-list", status_list] if status_list else [])
        # A limit of address space would count what is only reserved: the most that was really held is judged.
        measure = ("import resource,subprocess,sys; c=subprocess.run(sys.argv[1:],stdin=sys.stdin,capture_output=True,timeout=60);"
                   "print(c.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
        done = subprocess.run(["/usr/bin/env", "python3", "-c", measure, *map(str, command)], input=text.encode(), capture_output=True, timeout=90)
        code, held = map(int, done.stdout.split())
        self.thrown += 1
        self.answers.setdefault("offline (exit code)", {}).setdefault(code, 0)
        self.answers["offline (exit code)"][code] += 1
        if not good:
            self.report.judge(code in (0, 1, 2, 3), f"offline, {name}: ended with {code}")
            self.report.judge(held * 1024 < OFFLINE, f"offline, {name}: {held >> 10} MiB")
        return code

    def passkey(self):
        """A new key whose CBOR and JSON have no bottom. Each question is answered once, so there is one bomb of a kind."""
        for name, member in {"CBOR": "attestationObject", "JSON": "clientDataJSON"}.items():
            person = self.people.staff["head" if name == "CBOR" else "data_officer"]
            body = {"password": person.password, "totp": person.code()}
            status, _, data = person.ask("POST", "/v1/officer/passkeys/question", body)
            if status != 200:
                self.report.say(f"passkeys: no question: {status} {data[:120]!r}")
                continue
            bomb = b"\x81" * 33_000 if name == "CBOR" else b'{"type":' + b"[" * 33_000
            response = {"clientDataJSON": app_b64(b"{}").decode(), "attestationObject": app_b64(b"\xa0").decode()}
            response[member] = app_b64(bomb).decode()
            credential = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": response, "clientExtensionResults": {}}
            body = {"label": "x", "challenge_id": json.loads(data)["challenge_id"], "credential": credential}
            self.throw("passkeys", name, "POST", "/v1/officer/passkeys", json.dumps(body).encode(), {"Cookie": person.cookie, **JSON})


JSON = {"Content-Type": "application/json"}


def app_b64(data):
    from service import app

    return app.b64(data).encode()


def run(arguments, report):
    from service import Resident

    begun = time.monotonic()
    service = Service(arguments.engine, changes=[("LIMITS__SELFIES_PER_MINUTE", "0")])
    people = People(service)
    service.start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    try:
        people.arrive()
        bombs = Bombs(service, people, report)
        bombs.others = [Resident(service, person) for person in people.residents[2:5]]
        for one in bombs.others:
            one.register()
        before = service.memory()[1]
        honest = [Honest(service, f"127.0.0.{number}", number % 2 == 0, MORE_PATIENCE) for number in (10, 11)]
        for one in honest:
            one.start()
        # Several at once, as somebody does who wants it to hurt.
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            waiting = []
            bombs.of_tokens(waiting)
            bombs.of_documents(waiting)
            done = [pool.submit(bombs.throw, *one) for one in waiting]
            done += [pool.submit(bombs.raw, "heads", name, data) for name, data in HEADS.items()]
            done += [pool.submit(bombs.raw, "bodies", name, data) for name, data in BODIES.items()]
            done += [pool.submit(bombs.of_pictures), pool.submit(bombs.of_lists)]
            for one in done:
                one.result()
        bombs.passkey()
        bombs.offline()
        for one in honest:
            one.over.set()
        for one in honest:
            one.join(MORE_PATIENCE + 1)
        waited = sorted(time_ for one in honest for time_ in one.waited)
        for text in [text for one in honest for text in one.wrong][:5]:
            report.finding(f"an honest client: {text}")
        report.judge(len(waited) > 20, f"only {len(waited)} requests of others")
        deaths = sum(value for name, value in service.metrics().items() if name == "ikd_decoder_deaths_total")
        report.judge(service.most_own < OWN, f"the service held {service.most_own // MIB} MiB")
        report.judge(service.most < ALL, f"service and decoders held {service.most // MIB} MiB")
        # The world still turns: a QR is made and checked.
        headers = {"Authorization": "Bearer " + people.api_key, "Idempotency-Key": "afterwards"}
        answer = service.ask("POST", "/v1/verifications", {"token": people.holder.present(), "purpose": "open_account"}, headers)
        report.judge(answer[0] == 200 and json.loads(answer[2])["result"] == "valid", f"afterwards a good QR: {answer[0]} {answer[2][:200]!r}")
    finally:
        for wrong in service.stop():
            report.finding(wrong)
    report.table("where", "thrown", "answers", right=(1,))
    for group, answers in bombs.answers.items():
        told = ", ".join(f"{'cut off' if status == 444 else status}: {count}" for status, count in sorted(answers.items()))
        report.row(group, sum(answers.values()), told)
    said = (f"{bombs.thrown} bombs, {service.engine}, six at once, {time.monotonic() - begun:.0f} s. The service held {before // MIB} MiB before, "
            f"{service.most_own // MIB} MiB at most, with its decoders {service.most // MIB} MiB; {deaths:.0f} decoders died. Two others meanwhile: "
            f"{len(waited)} requests, each answered 200, the longest after {waited[-1] * 1000:.0f} ms.")
    return report.close(said, arguments.write)
