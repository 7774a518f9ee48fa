"""A real mail server for tests: TLS and log-in demanded, and told by a file to refuse, dawdle or hang up.

Prints one JSON line {"port": N} once it listens and ends when its standard input does.

A received message is written to DIR/<n>.eml, its envelope to DIR/<n>.json, both complete or not there at all.
DIR/control, read at every command, holds lines `COMMAND ACTION`:
    rcpt reply 550 5.1.1 no such user     answer RCPT (or `data`) like this
    data slow 3                           wait three seconds first
    data drop                             hang up instead of answering
    data accept-drop                      take the message, then hang up before saying so
    data accept-slow 3                    take the message, then wait three seconds before saying so
"""

import argparse
import asyncio
import json
import logging
import os
import ssl
import sys
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def actions(self, command):
        try:
            with open(os.path.join(self.folder, "control"), encoding="utf-8") as control:
                lines = [line.split(None, 1) for line in control.read().splitlines() if line.strip()]
        except FileNotFoundError:
            return []
        return [action for name, action in lines if name == command]

    async def obey(self, server, command):
        for action in self.actions(command):
            verb, _, rest = action.partition(" ")
            if verb == "reply":
                return rest
            if verb == "slow":
                await asyncio.sleep(float(rest))
            if verb == "drop":
                server.transport.abort()
                return "421 gone"
        return None

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = await self.obey(server, "rcpt")
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = await self.obey(server, "data")
        if answer:
            return answer
        self.count += 1
        login = session.auth_data.login.decode() if session.authenticated else None
        tls = server.transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert() if tls else None
        facts = {
            "mail_from": envelope.mail_from,
            "rcpt_tos": envelope.rcpt_tos,
            "login": login,
            "client": dict(pair[0] for pair in certificate["subject"])["commonName"] if certificate else None,
            "tls": session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None,
        }
        self.write(f"{self.count}.eml", envelope.original_content)
        self.write(f"{self.count}.json", json.dumps(facts).encode())
        for action in self.actions("data"):
            if action == "accept-drop":
                server.transport.abort()
            if action.startswith("accept-slow "):
                await asyncio.sleep(float(action.split()[1]))
        return "250 OK"

    def write(self, name, content):
        hidden = os.path.join(self.folder, "." + name)
        with open(hidden, "wb") as file:
            file.write(content)
        os.rename(hidden, os.path.join(self.folder, name))


async def main():
    parser = argparse.ArgumentParser()
    for name in ("folder", "cert", "key", "username", "password"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--implicit", action="store_true")
    parser.add_argument("--client-ca", help="demand a client certificate of this authority, in place of a password")
    options = parser.parse_args()

    def authenticate(server, session, envelope, mechanism, data):
        good = data == LoginPassword(options.username.encode(), options.password.encode())
        return AuthResult(success=good, handled=False, auth_data=data if good else None)

    # What it warns of here is meant: the implicit listener is TLS without its knowing.
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(options.cert, options.key)
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.client_ca)
    handler = Handler(options.folder)

    def session():
        common = dict(hostname="localhost", authenticator=authenticate, auth_required=not options.client_ca)
        if options.implicit:
            # The library only counts STARTTLS as TLS; here the listener itself is TLS.
            return SMTP(handler, auth_require_tls=False, **common)
        return SMTP(handler, tls_context=context, require_starttls=True, auth_require_tls=True, **common)

    loop = asyncio.get_running_loop()
    tls = context if options.implicit else None
    server = await loop.create_server(session, host="127.0.0.1", port=0, ssl=tls)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main())
