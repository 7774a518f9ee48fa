"""Verify the QR in a picture with an independent library and nothing but the published key set.

    python verify_png.py --jwks FILE (--png FILE | --receipt TEXT --proof TEXT) --library cwt|claim169 [--issuer ISS]
                         [--attributes JSON --salt TEXT]

The picture is read by zxing-cpp, the token is verified by PyPI `cwt` (every kind) or PyPI `claim169` (the offline kind).
With a receipt, `--attributes` and `--salt` (both from the verification answer) are held against its digest.
One JSON object is printed. Exit code 0: verified; 1: not verified, with the error in the JSON; 2: wrong usage.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import sys
import zlib

# RFC 9285 §4.2, written here by hand so that it shares no code with the service.
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def base45_decode(text):
    values = [ALPHABET.index(character) for character in text]
    out = bytearray()
    for at in range(0, len(values), 3):
        chunk = values[at : at + 3]
        number = sum(value * 45**place for place, value in enumerate(chunk))
        out += number.to_bytes(len(chunk) - 1, "big")
    return bytes(out)


def base64url_decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def read_picture(path):
    import zxingcpp
    from PIL import Image

    with Image.open(path) as picture:
        found = zxingcpp.read_barcodes(picture.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    if len(found) != 1:
        raise ValueError(f"{len(found)} QR codes in the picture")
    return found[0].text


def readable(value):
    """CBOR values as JSON: bytes in hex, integer keys as text."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): readable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(inner) for inner in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return str(value)


def with_cwt(cose, keys):
    import cwt
    from cwt import COSE, COSEKey

    # The key id in a token is the 8 bytes themselves; `from_jwk` would take the base64url text for it.
    cose_keys = [COSEKey.from_jwk({**key, "kid": base64url_decode(key["kid"])}) for key in keys]
    # This checks signature, exp and iat (the library's own leeway would be 60 s; its least is 1 s, ours 0). COSE gives the headers.
    claims = cwt.CWT.new(leeway=1).decode(cose, cose_keys)
    protected, unprotected, _ = COSE.new().decode_with_headers(cose, cose_keys)
    return {"claims": readable(claims), "protected": readable(protected), "unprotected": readable(unprotected)}


def with_proof(statement, proof, keys):
    """A COSE Receipt (RFC 9942): the library checks the signature over the root, which is what the path leads to."""
    import cbor2
    from cwt import COSE, COSEKey

    # The bank's example walks the path as RFC 9162 says it.
    sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "docs" / "integrators"))
    from bank import root_of

    _, unprotected, payload, _ = cbor2.loads(proof).value
    # What is signed is the root: a payload that came along would be signed in its place.
    if payload is not None:
        raise ValueError("a payload that is attached")
    (inclusion,) = unprotected[396][-1]
    size, index, path = cbor2.loads(inclusion)
    root = root_of(hashlib.sha256(b"\x00" + statement).digest(), index, size, path)
    cose_keys = [COSEKey.from_jwk({**key, "kid": base64url_decode(key["kid"])}) for key in keys]
    protected, _, _ = COSE.new().decode_with_headers(proof, cose_keys, detached_payload=root)
    if protected[395] != 1:
        raise ValueError("another verifiable data structure")
    return {"claims": readable(cbor2.loads(statement)), "protected": readable(protected)}


def with_claim169(text, keys):
    import claim169

    inspected = claim169.inspect(text)
    key = next((key for key in keys if base64url_decode(key["kid"]) == inspected.key_id), None)
    if key is None:
        raise ValueError("the key id is not in the key set")
    if key["kty"] == "OKP":
        result = claim169.decode_with_ed25519(text, base64url_decode(key["x"]))
    else:
        # SEC 1 §2.3.3: an uncompressed point.
        point = b"\x04" + base64url_decode(key["x"]) + base64url_decode(key["y"])
        result = claim169.decode_with_ecdsa_p256(text, point)
    if not result.is_verified():
        raise ValueError(result.verification_status)
    return {
        "claim169": readable(result.claim169.to_dict()),
        "issuer": result.cwt_meta.issuer,
        "issued_at": result.cwt_meta.issued_at,
        "expires_at": result.cwt_meta.expires_at,
        "algorithm": inspected.algorithm,
        "photo_bytes": len(result.claim169.photo or b""),
    }


def attests(receipt, attributes, salt):
    """Whether SHA-256(salt + deterministic CBOR of the attributes) is the receipt's digest."""
    import cbor2

    digest = hashlib.sha256(base64url_decode(salt) + cbor2.dumps(json.loads(attributes), canonical=True))
    return digest.hexdigest() == receipt["claims"]["-65539"]["attributes_sha256"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jwks", required=True, help="file with the key set, as published")
    parser.add_argument("--library", required=True, choices=["cwt", "claim169"])
    parser.add_argument("--issuer", help="the issuer that must stand in the token")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--png", help="picture with the QR")
    source.add_argument("--receipt", help="receipt.statement of a verification answer (base64url)")
    parser.add_argument("--proof", help="receipt.proof of the answer (base64url)")
    parser.add_argument("--attributes", help="the answer's attributes, as JSON")
    parser.add_argument("--salt", help="receipt.salt of the answer (base64url)")
    arguments = parser.parse_args()
    if arguments.receipt and arguments.library != "cwt":
        parser.error("receipts are verified with cwt")
    answer = {"library": arguments.library, "verified": False}
    try:
        with open(arguments.jwks, encoding="utf-8") as file:
            keys = json.load(file)["keys"]
        if arguments.receipt:
            answer.update(with_proof(base64url_decode(arguments.receipt), base64url_decode(arguments.proof), keys))
            if arguments.attributes and not attests(answer, arguments.attributes, arguments.salt or ""):
                raise ValueError("the receipt speaks of other attributes")
        else:
            text = read_picture(arguments.png)
            answer["characters"] = len(text)
            if arguments.library == "cwt":
                answer.update(with_cwt(zlib.decompress(base45_decode(text)), keys))
            else:
                answer.update(with_claim169(text, keys))
        issuer = answer.get("issuer", answer.get("claims", {}).get("1"))
        if arguments.issuer is not None and issuer != arguments.issuer:
            raise ValueError("another issuer")
        answer["verified"] = True
    except Exception as error:  # noqa: BLE001 - whatever the library says is the answer
        answer["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(answer, ensure_ascii=False))
    return 0 if answer["verified"] else 1


if __name__ == "__main__":
    sys.exit(main())
