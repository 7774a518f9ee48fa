"""Says who asks: a device with a proof for each request, an officer, an employee, a relying party, by what the description demands.

Taken in by schemathesis. IKD_CONTRACT holds, as JSON, what the Rust side prepared.
"""

import json
import os
import pathlib
import sys

import schemathesis
from cryptography.hazmat.primitives.asymmetric import ec
from requests.auth import AuthBase

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs/integrators"))
from app import DeviceKey  # noqa: E402  what app developers are shown is what is tried here

WORLD = json.loads(os.environ["IKD_CONTRACT"])


class Device(AuthBase):
    """Puts a proof of exactly this request into it. Proofs work once, and every answer brings the nonce for the next."""

    nonce = WORLD["nonce"]

    def __init__(self, scalar, access_token=None):
        self.key = DeviceKey(ec.derive_private_key(int(scalar, 16), ec.SECP256R1()))
        self.access_token = access_token

    def __call__(self, request):
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if body is not None and not isinstance(body, bytes):
            body = body.read()
            request.body = body
        request.headers["DPoP"] = self.key.proof(request.method, request.url, body, Device.nonce, self.access_token)
        if self.access_token:
            request.headers["Authorization"] = "DPoP " + self.access_token
        return request


class Header(AuthBase):
    def __init__(self, name, value):
        self.name, self.value = name, value

    def __call__(self, request):
        request.headers[self.name] = self.value
        return request


CALLERS = {
    ("dpop",): Device(WORLD["applicant"]["scalar"]),
    ("access_token", "dpop"): Device(WORLD["holder"]["scalar"], WORLD["holder"]["access_token"]),
    ("officer",): Header("Cookie", WORLD["officer"]),
    ("teller",): Header("Cookie", WORLD["teller"]),
    ("api_key",): Header("Authorization", "Bearer " + WORLD["api_key"]),
    ("test_key",): Header("Authorization", "Bearer " + WORLD["test_key"]),
}


@schemathesis.hook
def before_call(context, case, kwargs):
    demanded = case.operation.definition.raw.get("security") or [{}]
    caller = CALLERS.get(tuple(sorted(demanded[0])))
    if caller is not None:
        kwargs["auth"] = caller
    # Half of the ids are of somebody, the other half of nobody.
    if "id" in (case.path_parameters or {}) and hash(str(case.path_parameters["id"])) % 2 == 0:
        device = case.operation.path.startswith("/v1/registrations")
        case.path_parameters["id"] = WORLD["applicant"]["id"] if device else WORLD["scanned"]


@schemathesis.hook
def after_call(context, case, response):
    Device.nonce = response.headers.get("dpop-nonce", [Device.nonce])[0]
