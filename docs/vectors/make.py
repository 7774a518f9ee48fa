#!/usr/bin/env python3
"""Makes the test vectors in this folder without any code of the service: only hashlib and PyPI `cryptography` (>= 43).

    python3 docs/vectors/make.py            writes device.json, pin.json and activation_code.json
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


def main() -> int:
    device = Device(int.from_bytes(hashlib.sha256(b"ikd test vector: device key").digest(), "big"))
    files = {
        "device.json": device_vectors(device),
        "pin.json": pin_vectors(device),
        "activation_code.json": code_vectors(),
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
