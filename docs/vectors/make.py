#!/usr/bin/env python3
"""Makes the test vectors in this folder without any code of the service: only hashlib and PyPI `cryptography` (>= 43).

    python3 docs/vectors/make.py            writes device.json, pin.json, activation_code.json, token.json
    python3 docs/vectors/make.py --check    exits with 1 when the files differ from what would be written

The signatures are deterministic (RFC 6979 for ES256, RFC 8032 for Ed25519), so the files can be compared byte by byte.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import sys
import uuid
import zlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

HERE = pathlib.Path(__file__).parent


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value) -> str:
    return json.dumps(value, separators=(",", ":"))


class Device:
    def __init__(self, scalar: int):
        self.scalar = scalar
        self.key = ec.derive_private_key(scalar, ec.SECP256R1())
        numbers = self.key.public_key().public_numbers()
        self.x, self.y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        self.jwk = {"crv": "P-256", "kty": "EC", "x": b64(self.x), "y": b64(self.y)}
        self.thumbprint = hashlib.sha256(compact(self.jwk).encode()).digest()

    def proof(self, jti, method, url, iat, nonce=None, token=None, body=None) -> str:
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk}
        url, _, query = url.partition("?")
        claims = {"jti": jti, "htm": method, "htu": url, "iat": iat}
        if query:
            claims["ikd_query"] = b64(hashlib.sha256(query.encode()).digest())
        if body is not None:
            claims["ikd_body"] = b64(hashlib.sha256(body.encode()).digest())
        if token is not None:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        if nonce is not None:
            claims["nonce"] = nonce
        signed = b64(compact(header).encode()) + "." + b64(compact(claims).encode())
        der = self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        return signed + "." + b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


def device_vectors(device: Device) -> dict:
    cases = []
    history = "https://ikd.example/v1/me/verifications?limit=20&cursor=a%2Bb"
    for name, method, url, nonce, token, body in [
        ("no nonce yet", "POST", "https://ikd.example/v1/challenges", None, None, None),
        ("with nonce", "POST", "https://ikd.example/v1/challenges", "AQAAAAAAblsd", None, None),
        ("with access token", "GET", "https://ikd.example/v1/me", "AQAAAAAAblsd", "an-access-token", None),
        ("with query", "GET", history, "AQAAAAAAblsd", "an-access-token", None),
        ("with body", "POST", "https://ikd.example/v1/me/presentations", "AQAAAAAAblsd", "an-access-token",
         '{"share":"basic","offline":false}'),
    ]:
        cases.append({
            "name": name, "method": method, "url": url, "body": body, "nonce": nonce, "access_token": token,
            "jti": "c3VjaC1hLWp0aQ", "iat": 1800000000,
            "proof": device.proof("c3VjaC1hLWp0aQ", method, url, 1800000000, nonce, token, body),
        })
    return {
        "private_scalar_hex": device.scalar.to_bytes(32, "big").hex(),
        "jwk": device.jwk,
        "thumbprint_input": compact(device.jwk),
        "thumbprint": b64(device.thumbprint),
        "proofs": cases,
    }


def pin_vectors(device: Device) -> dict:
    cases = []
    challenge = bytes(range(37))
    for pin, salt, purpose in [
        ("902157", bytes(range(16)), "enrol"),
        ("902157", bytes(range(16)), "unlock"),
        ("000042", bytes(range(100, 116)), "change"),
    ]:
        seed = hashlib.pbkdf2_hmac("sha256", pin.encode(), salt, 600_000)
        key = Ed25519PrivateKey.from_private_bytes(seed)
        public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        message = b"ikd-pin-v1/" + purpose.encode() + b"\x00" + challenge + device.thumbprint
        cases.append({
            "pin": pin, "salt_hex": salt.hex(), "seed_hex": seed.hex(), "pin_public_key": b64(public),
            "purpose": purpose, "challenge": b64(challenge), "device_thumbprint": b64(device.thumbprint),
            "signed_bytes_hex": message.hex(), "signature": b64(key.sign(message)),
        })
    return {"iterations": 600_000, "cases": cases}


def hkdf(secret: bytes, info: bytes) -> bytes:
    """RFC 5869, one block, no salt."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    return hmac.new(extracted, info + b"\x01", hashlib.sha256).digest()


def code_vectors() -> dict:
    """Activation codes for a root secret of 32 bytes 07: HMAC over length-prefixed parts, reduced modulo 10^6."""
    key = hkdf(bytes([7]) * 32, b"ikd/activation-code/v1")
    cases = []
    for number, generation in [(1, 1), (1, 2), (0x0190163D8694739B8A91D3B1A9F0C1E2, 1)]:
        registration = uuid.UUID(int=number)
        parts = [registration.bytes, generation.to_bytes(8, "big")]
        message = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        mac = hmac.new(key, message, hashlib.sha256).digest()
        code = int.from_bytes(mac[:16], "big") % 1_000_000
        cases.append({"registration_id": str(registration), "generation": generation, "code": f"{code:06}"})
    return {"root_secret_hex": (bytes([7]) * 32).hex(), "root_version": 1, "cases": cases}


# RFC 9285 §4.2.
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
# The order of P-256 (SEC 2 §2.4.2).
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def base45(data: bytes) -> str:
    out = []
    for at in range(0, len(data), 2):
        number, digits = int.from_bytes(data[at:at + 2], "big"), 3 if at + 1 < len(data) else 2
        out += [BASE45[number // 45**place % 45] for place in range(digits)]
    return "".join(out)


class Tagged:
    def __init__(self, tag: int, value):
        self.tag, self.value = tag, value


def cbor(value) -> bytes:
    """Deterministic CBOR (RFC 8949 §4.2.1) of what tokens consist of."""
    def head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        size = next(size for size in range(4) if number < 1 << (8 << size))
        return bytes([major << 5 | 24 + size]) + number.to_bytes(1 << size, "big")

    if value is None:
        return b"\xf6"
    if isinstance(value, bool):
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        entries = sorted((cbor(key), cbor(inner)) for key, inner in value.items())
        return head(5, len(value)) + b"".join(key + inner for key, inner in entries)
    return head(6, value.tag) + cbor(value.value)


class TokenKey:
    """A signing key of the service, Ed25519 or P-256, made from a name."""

    def __init__(self, algorithm: str, purpose: str):
        self.algorithm = algorithm
        self.secret = hashlib.sha256(f"ikd test vector: {algorithm} {purpose} key".encode()).digest()
        if algorithm == "EdDSA":
            self.key = Ed25519PrivateKey.from_private_bytes(self.secret)
            raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            canonical, cose_key = {"crv": "Ed25519", "kty": "OKP", "x": b64(raw)}, {1: 1, -1: 6, -2: raw}
        else:
            self.key = ec.derive_private_key(int.from_bytes(self.secret, "big"), ec.SECP256R1())
            numbers = self.key.public_key().public_numbers()
            x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
            canonical, cose_key = {"crv": "P-256", "kty": "EC", "x": b64(x), "y": b64(y)}, {1: 2, -1: 1, -2: x, -3: y}
        self.thumbprint = hashlib.sha256(compact(canonical).encode()).digest()
        self.kid = self.thumbprint[:8]
        self.alg = -8 if algorithm == "EdDSA" else -7
        self.cose_key = cbor({**cose_key, 2: self.kid, 3: self.alg})
        self.jwk = {**canonical, "kid": b64(self.kid), "alg": algorithm, "use": "sig", "ikd_purpose": purpose}

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "EdDSA":
            return self.key.sign(message)
        der = self.key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
        r, s = decode_dss_signature(der)
        # Of s and n - s, which are both good, tokens have the smaller.
        return r.to_bytes(32, "big") + min(s, P256_ORDER - s).to_bytes(32, "big")


def token_case(name: str, key: TokenKey, kind: str, claims: dict) -> dict:
    typ = f"application/ikd-{kind}+cwt"
    protected, payload = cbor({1: key.alg, 4: key.kid, 16: typ}), cbor(claims)
    message = cbor(["Signature1", protected, b"", payload])
    cose = cbor(Tagged(18, [protected, {}, payload, key.sign(message)]))
    if kind == "receipt":
        text = b64(cose)
    else:
        # What holds little but ciphertext is stored (RFC 1951 §3.2.4); what holds texts is compressed.
        text = base45(zlib.compress(cose, 9 if kind == "offline" else 0))
    return {
        "name": name, "algorithm": key.algorithm, "typ": typ, "issued_at": claims[6], "expires_at": claims.get(4),
        "message_hex": message.hex(), "cose_hex": cose.hex(), "text": text,
    }


def merkle(leaves: list, index: int) -> tuple:
    """Root and path of a leaf, as RFC 9162, sections 2.1.1 and 2.1.3.1, define them."""
    if len(leaves) == 1:
        return leaves[0], []
    split = 1 << (len(leaves) - 1).bit_length() - 1
    left, left_path = merkle(leaves[:split], min(index, split - 1))
    right, right_path = merkle(leaves[split:], max(index - split, 0))
    root = hashlib.sha256(b"\x01" + left + right).digest()
    return root, left_path + [right] if index < split else right_path + [left]


def proof_cases(key: TokenKey, statements: list) -> list:
    """The receipts of checks that were committed together (RFC 9942): one signature, a path for each."""
    protected = cbor({1: key.alg, 4: key.kid, 16: "application/ikd-receipt+cose", 395: 1})
    entries = [cbor(statement) for statement in statements]
    # RFC 9942 knows no empty path: one alone stands beside an empty entry.
    leaves = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries + [b""] * (len(entries) == 1)]
    signature = key.sign(cbor(["Signature1", protected, b"", merkle(leaves, 0)[0]]))
    cases = []
    for index, entry in enumerate(entries):
        root, path = merkle(leaves, index)
        proof = cbor(Tagged(18, [
            protected, {396: {-1: [cbor([len(leaves), index, path])]}}, None, signature,
        ]))
        cases.append({
            "name": f"{index} of {len(entries)}, {key.algorithm}", "algorithm": key.algorithm, "root_hex": root.hex(),
            "statement": b64(entry), "proof": b64(proof),
        })
    return cases


def token_vectors() -> dict:
    """Tokens and receipts under both algorithms. The sealed claim is noise: only the service could open a real one."""
    iat, sealed = 1_800_000_000, bytes(range(54))
    common = {1: "https://ikd.example", 4: iat + 90, 6: iat, 7: bytes(range(16)), -65537: sealed}
    identity = {
        1: "3174014107950001", 2: "1.2", 3: "ind", 4: "SITI AMINAH", 8: "19950701", 9: 2,
        10: "JL. MELATI NO. 5\nGAMBIR\nGAMBIR\nKOTA JAKARTA PUSAT\nDKI JAKARTA", 13: "ID", 14: 2, 23: "ID",
    }
    offline = {**common, 169: identity, -65538: {"rt_rw": "003/004", "religion": "Islam", "age_over_17": True}}
    receipt = {
        1: "https://ikd.example", 6: iat, 7: bytes(range(16)),
        -65539: {
            "verification_id": str(uuid.UUID(bytes=bytes(range(16)))), "relying_party": "Bank Contoh",
            "relying_party_id": str(uuid.UUID(int=1)), "purpose": "open_account", "verified_at": "2027-01-15T08:00:00Z",
            "result": "valid", "disclosed": ["full_name"], "attributes_sha256": hashlib.sha256(b"attributes").digest(),
        },
    }
    keys, cases, proofs = [], [], []
    for algorithm in ["EdDSA", "ES256"]:
        token, receipts = TokenKey(algorithm, "token"), TokenKey(algorithm, "receipt")
        keys += [token, receipts]
        cases.append(token_case(f"presentation, {algorithm}", token, "presentation", common))
        cases.append(token_case(f"offline, {algorithm}", token, "offline", offline))
        cases.append(token_case(f"receipt, {algorithm}", receipts, "receipt", receipt))
        for size in [1, 2, 5]:
            proofs += proof_cases(receipts, [{**receipt, 7: bytes([number]) * 16} for number in range(size)])
    return {
        "issuer": "https://ikd.example",
        "keys": [{
            "algorithm": key.algorithm, "purpose": key.jwk["ikd_purpose"], "secret_hex": key.secret.hex(),
            "thumbprint": b64(key.thumbprint), "kid_hex": key.kid.hex(), "cose_key_hex": key.cose_key.hex(),
        } for key in keys],
        "jwks": {"keys": [key.jwk for key in keys]},
        "tokens": cases,
        "receipts": proofs,
    }


def main() -> int:
    device = Device(int.from_bytes(hashlib.sha256(b"ikd test vector: device key").digest(), "big"))
    files = {
        "device.json": device_vectors(device),
        "pin.json": pin_vectors(device),
        "activation_code.json": code_vectors(),
        "token.json": token_vectors(),
    }
    differ = 0
    for name, value in files.items():
        text = json.dumps(value, indent=2) + "\n"
        path = HERE / name
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text() != text:
                print(f"{name} differs", file=sys.stderr)
                differ = 1
        else:
            path.write_text(text)
    return differ


if __name__ == "__main__":
    sys.exit(main())
