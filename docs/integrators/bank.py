#!/usr/bin/env python3
"""A relying party in one file: log in with a key, verify a scanned QR, retry safely, check a receipt offline.

    python bank.py new-key --save bank.pem          (prints the public key, which an administrator registers at /verifikasi)
    python bank.py --url URL login --key bank.pem --client-id ID --kid ID
    python bank.py --url URL verify TOKEN --purpose open_account [--attributes full_name,birth_date] [--save check.json]
    python bank.py --url URL jwks --save jwks.json
    python bank.py receipt check.json --jwks jwks.json
    python bank.py --url URL place check.json

Against the sandbox (docs/integrators/sandbox.md), whose URL ends in /sandbox, also:

    python bank.py --url URL/sandbox present PERSON [--share full]
    python bank.py --url URL/sandbox people --purpose open_account

The access token that `login` prints, or an API key, is read from the environment variable IKD_API_KEY, so that it is in no process list.
Needs: cbor2 and cryptography. What the service answers is described at /docs of any node.
"""

import argparse
import base64
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

# COSE algorithms (RFC 9053, section 2) and the JWK of their keys.
KEY_TYPES = {-8: {"kty": "OKP", "crv": "Ed25519"}, -7: {"kty": "EC", "crv": "P-256"}}
RECEIPT_TYPE = "application/ikd-receipt+cose"
OLD_RECEIPT_TYPE = "application/ikd-receipt+cwt"
RECEIPT_CLAIM = -65539
# Labels of COSE Receipts (RFC 9942): the data structure, which is 1 for RFC9162_SHA256, its proofs, and those of inclusion.
DATA_STRUCTURE, PROOFS, INCLUSION = 395, 396, -1


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def new_key(path):
    """Makes a key that nobody else ever sees; gives its public half as a JWK (RFC 8037)."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(public)}


def assertion(pem, client_id, kid, issuer):
    """What says who asks (RFC 7523, section 3). Made anew for each token: it works once."""
    now = int(time.time())
    header = {"alg": "EdDSA", "kid": kid, "typ": "JWT"}
    claims = {"iss": client_id, "sub": client_id, "aud": issuer, "iat": now, "exp": now + 60, "jti": str(uuid.uuid4())}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = serialization.load_pem_private_key(pem, None).sign(signed.encode())
    return f"{signed}.{base64url(signature)}"


def login(url, pem, client_id, kid):
    """Gives (status, answer): a token of a quarter of an hour, to be kept and asked for anew a minute before its end."""
    issuer = url.rstrip("/")
    form = urllib.parse.urlencode({
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(pem, client_id, kid, issuer),
    })
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, answer = request(f"{issuer}/v1/oauth/token", headers, form.encode())
    return status, answer


def request(url, headers, body=None):
    """One HTTP request; gives (status, headers, JSON). Raises OSError when no answer came."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    call = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.headers, json.load(refusal)


def verify(url, api_key, token, purpose, attributes=None, patience=60):
    """Asks about a scanned QR until an answer is there.

    The key is made once per scan, before the first try, and stays the same: however often the request is repeated, the QR
    is spent once and every repetition gets the first one's answer. No answer and 503 mean the same thing: the outcome is
    unknown, ask again with the same key. Everything else is final.
    """
    headers = {
        "Authorization": f"Bearer {api_key}",
        "Idempotency-Key": str(uuid.uuid4()),
        "Content-Type": "application/json",
        "Accept-Language": "id",
    }
    body = {"token": token, "purpose": purpose}
    if attributes:
        body["attributes"] = attributes
    give_up, pause = time.monotonic() + patience, 0.5
    while True:
        try:
            status, answer_headers, answer = request(f"{url}/v1/verifications", headers, body)
        except OSError:
            status, answer_headers, answer = 503, {}, {"code": "no_answer", "detail": "no answer"}
        if status not in (409, 429, 503):
            return status, answer
        if time.monotonic() > give_up:
            return status, answer
        time.sleep(max(pause, float(answer_headers.get("Retry-After") or 0)))
        pause = min(pause * 2, 8)


def verify_signature(key, signature, signed):
    """Raises InvalidSignature. EdDSA with Ed25519, or ES256: ECDSA with P-256 and SHA-256."""
    if key["kty"] == "OKP":
        Ed25519PublicKey.from_public_bytes(unbase64url(key["x"])).verify(signature, signed)
        return
    x, y, r, s = (int.from_bytes(part, "big")
                  for part in (unbase64url(key["x"]), unbase64url(key["y"]), signature[:32], signature[32:]))
    point = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    point.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))


def root_of(leaf, index, size, path):
    """The root to which a path leads (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size or not path or any(len(step) != 32 for step in path):
        raise ValueError("the proof is of no leaf")
    at, last, root = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise ValueError("the proof is too long")
        if at % 2 or at == last:
            root = hashlib.sha256(b"\x01" + step + root).digest()
            while at % 2 == 0 and at:
                at, last = at // 2, last // 2
        else:
            root = hashlib.sha256(b"\x01" + root + step).digest()
        at, last = at // 2, last // 2
    if last:
        raise ValueError("the proof is too short")
    return root


def parts_of(receipt):
    """Header, what is signed, what is stated, signature. One signature covers many checks that were committed together."""
    if "cwt" in receipt:  # From before batches: a CWT, signed for itself.
        protected, _, payload, signature = sign1(receipt["cwt"])
        return protected, payload, payload, signature, OLD_RECEIPT_TYPE
    if "proof" not in receipt:
        raise ValueError("no proof: the service says that its records were tampered with")
    protected, _, payload, signature = sign1(receipt["proof"])
    if payload is not None:
        raise ValueError("what is signed is the root, which the path leads to: nothing is attached")
    if cbor2.loads(protected).get(DATA_STRUCTURE) != 1:
        raise ValueError("not a proof of RFC9162_SHA256")
    root, _, _ = way_of(receipt)
    return protected, root, unbase64url(receipt["statement"]), signature, RECEIPT_TYPE


def way_of(receipt):
    """The root, and which leaf of how many. Nothing says what the root is: the path leads to it from this very statement."""
    _, unprotected, _, _ = sign1(receipt["proof"])
    (inclusion,) = unprotected[PROOFS][INCLUSION]
    size, index, path = cbor2.loads(inclusion)
    leaf = hashlib.sha256(b"\x00" + unbase64url(receipt["statement"])).digest()
    return root_of(leaf, index, size, path), index, size


def place_of(url, receipt):
    """Asks the public log for the place of a receipt. Gives the answer; raises ValueError for one that is of another receipt.

    `proof` in it leads from the entry to the root of a checkpoint, which somebody else should have kept (docs/log.md).
    """
    root, index, size = way_of(receipt)
    text = base64.urlsafe_b64encode(root).rstrip(b"=").decode()
    status, _, answer = request(f"{url}/v1/log/proofs/receipt?root={text}&leaf={index}&leaves={size}", {})
    if status == 200:
        name, logged, marks = cbor2.loads(base64.b64decode(answer["entry"]))
        # The root alone does not say of how many leaves it is, and so not which of them is meant. A check that was signed alone
        # stands beside an empty leaf, which has no byte.
        if name != "ikd-receipts/v1" or logged != root or max(len(marks), 2) != size or marks[index:index + 1] != b"\x01":
            raise ValueError("this entry of the log is not of this check")
    return status, answer


def sign1(text):
    message = cbor2.loads(unbase64url(text))
    if not isinstance(message, cbor2.CBORTag) or message.tag != 18:
        raise ValueError("not a COSE_Sign1 message")
    return message.value


def check_receipt(answer, jwks):
    """Checks the receipt of an answer against a key set, without network.

    Gives what the receipt states. Raises ValueError when it is not genuine or does not fit the attributes beside it.
    """
    try:
        return genuine(answer, jwks)
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError, cbor2.CBORDecodeError) as wrong:
        raise ValueError(f"not in the form of a receipt: {type(wrong).__name__}") from wrong


def genuine(answer, jwks):
    """As check_receipt; what has another form raises whatever Python raises there."""
    protected, payload, statement, signature, kind = parts_of(answer["receipt"])
    header = cbor2.loads(protected)
    if header.get(1) not in KEY_TYPES or header.get(16) != kind:
        raise ValueError("not a receipt signed with EdDSA or ES256")
    kid = base64.urlsafe_b64encode(header[4]).rstrip(b"=").decode()
    # Keys of other kinds may stand there too: they are passed over (RFC 7517, section 5).
    wanted = {"kid": kid, "ikd_purpose": "receipt", **KEY_TYPES[header[1]]}
    key = next((key for key in jwks["keys"] if all(key.get(name) == value for name, value in wanted.items())), None)
    if key is None:
        raise ValueError(f"the key {kid} is not in the key set: read it again")
    # RFC 9052, section 4.4: what is signed.
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    try:
        verify_signature(key, signature, signed)
    except InvalidSignature:
        raise ValueError("the signature does not fit") from None
    stated = cbor2.loads(statement)[RECEIPT_CLAIM]
    salt = unbase64url(answer["receipt"]["salt"])
    if answer.get("attributes") is not None:
        shown = hashlib.sha256(salt + cbor2.dumps(answer["attributes"], canonical=True)).digest()
        if shown != stated["attributes_sha256"]:
            raise ValueError("these attributes are not the ones that were shown")
    if answer.get("portrait"):
        picture = base64.b64decode(answer["portrait"]["data"])
        if hashlib.sha256(salt + picture).digest() != stated["portrait_sha256"]:
            raise ValueError("this portrait is not the one that was shown")
    return {name: value for name, value in stated.items() if not isinstance(value, bytes)}


def present(url, api_key, person, share):
    """The QR of an invented person, in place of a phone. Only the sandbox has this."""
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    return request(f"{url}/v1/presentations", headers, {"person": person, "share": share})


def go_through_everybody(url, api_key, purpose, jwks):
    """Checks a QR of each invented person as a real one, and compares with what the sandbox says of them.

    Gives those for whom something else came. Your own software can be tested in the same way.
    """
    surprises = []
    _, _, listed = request(f"{url}/v1/people", {})
    for one in listed["items"]:
        _, _, shown = present(url, api_key, one["person"], "full")
        status, answer = verify(url, api_key, shown["token"], purpose)
        fits = status == 200 and (answer["result"], answer["reason"]) == (one["result"], one["reason"])
        # What you do in production too: whether this is a test is said by the receipt, not by the URL that you believe to ask.
        if not (fits and answer.get("test") is True and check_receipt(answer, jwks).get("test") is True):
            surprises.append({"person": one["person"], "status": status, "reason": answer.get("reason")})
    return len(listed["items"]), surprises


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("verify")
    ask.add_argument("token")
    ask.add_argument("--purpose", required=True)
    ask.add_argument("--attributes")
    ask.add_argument("--save")
    made = commands.add_parser("new-key")
    made.add_argument("--save", required=True)
    entry = commands.add_parser("login")
    for name in ("key", "client-id", "kid"):
        entry.add_argument(f"--{name}", required=True)
    keys = commands.add_parser("jwks")
    keys.add_argument("--save", required=True)
    check = commands.add_parser("receipt")
    check.add_argument("file")
    check.add_argument("--jwks", required=True)
    place = commands.add_parser("place")
    place.add_argument("file")
    show = commands.add_parser("present")
    show.add_argument("person")
    show.add_argument("--share", default="basic")
    everybody = commands.add_parser("people")
    everybody.add_argument("--purpose", required=True)
    arguments = parser.parse_args()

    if arguments.command == "new-key":
        print(json.dumps(new_key(arguments.save)))
        return 0
    if arguments.command == "login":
        with open(arguments.key, "rb") as file:
            status, answer = login(arguments.url, file.read(), arguments.client_id, arguments.kid)
        print(json.dumps(answer))
        return 0 if status == 200 else 1
    if arguments.command == "jwks":
        _, _, found = request(f"{arguments.url}/.well-known/jwks.json", {})
        with open(arguments.save, "w", encoding="utf-8") as file:
            json.dump(found, file)
        print(json.dumps({"keys": len(found["keys"])}))
        return 0
    if arguments.command == "receipt":
        with open(arguments.file, encoding="utf-8") as file, open(arguments.jwks, encoding="utf-8") as key_file:
            answer, jwks = json.load(file), json.load(key_file)
        try:
            print(json.dumps(check_receipt(answer, jwks)))
        except ValueError as wrong:
            print(json.dumps({"error": str(wrong)}))
            return 1
        return 0

    if arguments.command == "place":
        with open(arguments.file, encoding="utf-8") as file:
            status, found = place_of(arguments.url, json.load(file)["receipt"])
        print(json.dumps({"status": status, **found}))
        return 0 if status == 200 else 1
    if arguments.command == "present":
        status, _, shown = present(arguments.url, os.environ["IKD_API_KEY"], arguments.person, arguments.share)
        print(json.dumps({"status": status, **shown}))
        return 0 if status == 200 else 1
    if arguments.command == "people":
        _, _, jwks = request(f"{arguments.url}/.well-known/jwks.json", {})
        asked, surprises = go_through_everybody(arguments.url, os.environ["IKD_API_KEY"], arguments.purpose, jwks)
        print(json.dumps({"asked": asked, "surprises": surprises}))
        return 1 if surprises else 0

    attributes = arguments.attributes.split(",") if arguments.attributes else None
    status, answer = verify(arguments.url, os.environ["IKD_API_KEY"], arguments.token, arguments.purpose, attributes)
    if arguments.save and status == 200:
        with open(arguments.save, "w", encoding="utf-8") as file:
            json.dump(answer, file)
    print(json.dumps({"status": status, **{name: answer.get(name) for name in ("result", "reason", "message", "code",
        "detail", "verification_id", "holder_check", "attributes") if name in answer}}, ensure_ascii=False))
    return 0 if status == 200 and answer["result"] == "valid" else 1


if __name__ == "__main__":
    sys.exit(main())
