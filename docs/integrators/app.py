#!/usr/bin/env python3
"""A resident's app without a screen: registers, activates, unlocks, shows a QR. Needs Python 3.9+ and PyPI `cryptography`.

    app.py --state siti.json --url http://127.0.0.1:8080 register --nik … --name … --birth-date … --email … --phone …
    app.py --state siti.json selfie FILE.jpg          app.py --state siti.json status
    app.py --state siti.json activation-qr            (then visit the counter; the code comes by mail)
    app.py --state siti.json activate --code "123 456" --pin 902157
    app.py --state siti.json show --pin 902157 --share basic [--png QR.png]
    app.py --state siti.json history --pin 902157
    app.py --check-vectors docs/vectors               (this file against the published test vectors)

The state file stands for what a phone keeps in its key store. Each command prints one JSON object. Exit code 1: the
service said no, and what it said is printed.
"""

import argparse
import base64
import hashlib
import json
import os
import pathlib
import secrets
import sys
import time
import urllib.error
import urllib.request

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- The device key and its proofs (RFC 9449) --------------------------------------------------------------------


class DeviceKey:
    def __init__(self, key: ec.EllipticCurvePrivateKey):
        self.key = key
        numbers = key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        # The members in this order, without spaces, are also what the thumbprint is made of (RFC 7638).
        self.jwk = {"crv": "P-256", "kty": "EC", "x": b64(x), "y": b64(y)}

    def thumbprint(self) -> bytes:
        return hashlib.sha256(json.dumps(self.jwk, separators=(",", ":")).encode()).digest()

    def proof(self, method: str, url: str, body=None, nonce=None, access_token=None) -> str:
        """A proof for this request and no other, with `body` as the very bytes that are sent. It works once."""
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk}
        url, _, query = url.partition("?")
        claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": url, "iat": int(time.time())}
        if query:
            claims["ikd_query"] = b64(hashlib.sha256(query.encode()).digest())
        if body:
            claims["ikd_body"] = b64(hashlib.sha256(body).digest())
        if nonce:
            claims["nonce"] = nonce
        if access_token:
            claims["ath"] = b64(hashlib.sha256(access_token.encode()).digest())
        signed = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
        # JWS wants the two numbers side by side, 32 bytes each, not the DER that libraries give (RFC 7518 §3.4).
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return signed + "." + b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


# --- The PIN key --------------------------------------------------------------------------------------------------


def pin_key(pin: str, salt: bytes) -> Ed25519PrivateKey:
    seed = hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, 600_000)
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_text(key: Ed25519PrivateKey) -> str:
    return b64(key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


def signed_bytes(purpose: str, challenge: str, thumbprint: bytes) -> bytes:
    return b"ikd-pin-v1/" + purpose.encode() + b"\x00" + unb64(challenge) + thumbprint


def weak_pin(pin: str, birth_date: str) -> bool:
    """The service never sees a PIN, so the app has to refuse bad ones."""
    if len(pin) != 6 or not pin.isascii() or not pin.isdigit():
        return True
    steps = {int(b) - int(a) for a, b in zip(pin, pin[1:])}
    year, month, day = birth_date.split("-")
    short = year[2:]
    orders = [(day, month, short), (day, short, month), (month, day, short), (month, short, day), (short, day, month),
              (short, month, day), (year, month), (month, year), (year, day), (day, year)]
    return steps in ({0}, {1}, {-1}) or pin in {"".join(order) for order in orders}


# --- Talking to the service ---------------------------------------------------------------------------------------


class Refused(Exception):
    def __init__(self, problem):
        super().__init__(problem.get("code"))
        self.problem = problem


class Service:
    def __init__(self, url: str, device: DeviceKey):
        self.url, self.device, self.nonce, self.access_token = url.rstrip("/"), device, None, None

    def call(self, method: str, path: str, body=None, content_type="application/json", accept="application/json"):
        data = json.dumps(body).encode() if content_type == "application/json" and body is not None else body
        for attempt in (1, 2):
            # A new proof for each try: one that was sent is spent.
            proof = self.device.proof(method, self.url + path, data, self.nonce, self.access_token)
            headers = {"DPoP": proof, "Accept": accept, "Accept-Language": "en"}
            if self.access_token:
                headers["Authorization"] = "DPoP " + self.access_token
            if data is not None:
                headers["Content-Type"] = content_type
            request = urllib.request.Request(self.url + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request) as answer:
                    # Every answer brings a fresh nonce for the next proof, refusals too.
                    self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
                    content = answer.read()
                    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
                    return json.loads(content) if is_json and content else content
            except urllib.error.HTTPError as error:
                self.nonce = error.headers.get("DPoP-Nonce", self.nonce)
                problem = json.loads(error.read())
                # Without a fresh nonce nothing was done, so the same request may be sent again, once, with a new proof.
                if problem.get("code") == "use_dpop_nonce" and attempt == 1:
                    continue
                raise Refused(problem) from None

    def captcha(self) -> str:
        """A proof of work in ALTCHA's format: find the number whose hash with the salt is the challenge."""
        challenge = self.call("POST", "/v1/captcha")
        for number in range(challenge["maxnumber"] + 1):
            if hashlib.sha256(f"{challenge['salt']}{number}".encode()).hexdigest() == challenge["challenge"]:
                break
        solution = {key: challenge[key] for key in ("algorithm", "challenge", "salt", "signature")}
        return base64.b64encode(json.dumps({**solution, "number": number}).encode()).decode()

    def sign_challenge(self, key: Ed25519PrivateKey, purpose: str) -> dict:
        challenge = self.call("POST", "/v1/challenges")["challenge"]
        message = signed_bytes(purpose, challenge, self.device.thumbprint())
        return {"challenge": challenge, "signature": b64(key.sign(message))}

    def unlock(self, key: Ed25519PrivateKey):
        self.access_token = self.call("POST", "/v1/sessions", self.sign_challenge(key, "unlock"))["access_token"]


# --- The commands -------------------------------------------------------------------------------------------------


def with_captcha(service: Service, path: str, body: dict):
    """Sends a body, with a captcha only where one is asked for."""
    try:
        return service.call("POST", path, body)
    except Refused as refused:
        if refused.problem["code"] != "captcha_required":
            raise
        return service.call("POST", path, {**body, "captcha": service.captcha()})


def register(service, state, args):
    terms = service.call("GET", "/v1/terms")
    body = {"nik": args.nik, "full_name": args.name, "birth_date": args.birth_date, "email": args.email,
            "phone": args.phone, "terms": {"version": terms["version"], "accepted": True}, "locale": "id"}
    answer = with_captcha(service, "/v1/registrations", body)
    state.update(registration_id=answer["registration_id"], birth_date=args.birth_date)
    return answer


def selfie(service, state, args):
    picture = pathlib.Path(args.file).read_bytes()
    kind = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
    return service.call("PUT", f"/v1/registrations/{state['registration_id']}/selfie", picture, kind)


def activate(service, state, args):
    if weak_pin(args.pin, state["birth_date"]):
        raise Refused({"code": "weak_pin", "detail": "Choose six digits that are no run, no repeat and no birth date."})
    path = f"/v1/registrations/{state['registration_id']}"
    with_captcha(service, path + "/activation-code", {"code": args.code})
    # The salt is made once and kept: without it the PIN is worth nothing, to a thief of the database as well.
    state.setdefault("pin_salt", secrets.token_hex(16))
    key = pin_key(args.pin, bytes.fromhex(state["pin_salt"]))
    return service.call("POST", path + "/pin", {"pin_public_key": public_text(key), **service.sign_challenge(key, "enrol")})


def unlock(service, state, args):
    service.unlock(pin_key(args.pin, bytes.fromhex(state["pin_salt"])))


def show(service, state, args):
    unlock(service, state, args)
    card = service.call("GET", "/v1/me")
    share = args.share if args.share in ("age", "basic", "full") else args.share.split(",")
    body = {"share": share, "offline": args.offline}
    shown = service.call("POST", "/v1/me/presentations", body)
    if args.png:
        # Another presentation, as a picture; apps draw the QR themselves from `token`.
        pathlib.Path(args.png).write_bytes(service.call("POST", "/v1/me/presentations", body, accept="image/png"))
    service.call("DELETE", "/v1/sessions/current")
    return {"card": card, **shown}


def history(service, state, args):
    unlock(service, state, args)
    return service.call("GET", "/v1/me/verifications?limit=20")


def status(service, state, args):
    return service.call("GET", f"/v1/registrations/{state['registration_id']}")


def activation_qr(service, state, args):
    return service.call("POST", f"/v1/registrations/{state['registration_id']}/activation-token")


def check_vectors(folder: pathlib.Path):
    device = json.loads((folder / "device.json").read_text())
    key = DeviceKey(ec.derive_private_key(int(device["private_scalar_hex"], 16), ec.SECP256R1()))
    assert key.jwk == device["jwk"] and b64(key.thumbprint()) == device["thumbprint"]
    for case in device["proofs"]:
        body = case["body"] and case["body"].encode()
        ours = key.proof(case["method"], case["url"], body, case["nonce"], case["access_token"])
        claims = [json.loads(unb64(proof.split(".")[1])) for proof in (ours, case["proof"])]
        for one in claims:
            one.pop("jti"), one.pop("iat")
        assert claims[0] == claims[1], case["name"]
    for case in json.loads((folder / "pin.json").read_text())["cases"]:
        pin = pin_key(case["pin"], bytes.fromhex(case["salt_hex"]))
        message = signed_bytes(case["purpose"], case["challenge"], unb64(case["device_thumbprint"]))
        assert public_text(pin) == case["pin_public_key"] and message.hex() == case["signed_bytes_hex"]
        assert b64(pin.sign(message)) == case["signature"]
    return {"vectors": "ok"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check-vectors", type=pathlib.Path)
    parser.add_argument("--state", type=pathlib.Path)
    parser.add_argument("--url", help="of the service; kept in the state file")
    commands = parser.add_subparsers(dest="command")
    sub = commands.add_parser("register")
    for name in ("nik", "name", "birth-date", "email", "phone"):
        sub.add_argument("--" + name, required=True)
    commands.add_parser("selfie").add_argument("file")
    commands.add_parser("status")
    commands.add_parser("activation-qr")
    sub = commands.add_parser("activate")
    sub.add_argument("--code", required=True)
    sub.add_argument("--pin", required=True)
    sub = commands.add_parser("show")
    sub.add_argument("--pin", required=True)
    sub.add_argument("--share", default="basic")
    sub.add_argument("--offline", action="store_true")
    sub.add_argument("--png")
    commands.add_parser("history").add_argument("--pin", required=True)
    args = parser.parse_args()
    if args.check_vectors:
        print(json.dumps(check_vectors(args.check_vectors)))
        return 0
    if not args.state or not args.command:
        parser.error("--state and a command are needed")

    state = json.loads(args.state.read_text()) if args.state.exists() else {}
    state.setdefault("device_key_hex", f"{ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value:064x}")
    state["url"] = args.url or state.get("url", "http://127.0.0.1:8080")
    device = DeviceKey(ec.derive_private_key(int(state["device_key_hex"], 16), ec.SECP256R1()))
    commands = {"register": register, "selfie": selfie, "status": status, "activation-qr": activation_qr,
                "activate": activate, "show": show, "history": history}
    try:
        answer, code = commands[args.command](Service(state["url"], device), state, args), 0
    except Refused as refused:
        answer, code = refused.problem, 1
    finally:
        with open(os.open(args.state, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(state, file, indent=2)
    print(json.dumps(answer))
    return code


if __name__ == "__main__":
    sys.exit(main())
