"""slowhttptest from one address, in each of its four ways, while others from other addresses use the service."""

import http.client
import statistics
import subprocess
import threading
import time

from service import Service

# An honest client is kept waiting for longer than this: the server counts as down (slowhttptest's own measure).
PATIENCE = 5.0
# Where the machine has other work, in CI, and with the bombs, of which a processor's worth are worked on by right.
MORE_PATIENCE = 30.0
ASKED = ["/v1/terms", "/v1/offices?words=uji", "/", "/v1/status", "/.well-known/jwks.json"]


class Honest(threading.Thread):
    """A client with an address of its own. `kept`: one connection for all requests, as browsers have; else one for each."""

    def __init__(self, service, address, kept, patience):
        super().__init__(daemon=True)
        self.patience = patience
        self.service, self.address, self.kept = service, address, kept
        self.waited, self.wrong, self.over = [], [], threading.Event()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=self.patience, source_address=(self.address, 0))

    def run(self):
        number, connection = 0, self.connect()
        while not self.over.wait(0.05):
            number += 1
            path, begun = ASKED[number % len(ASKED)], time.monotonic()
            try:
                connection.request("GET", path, headers={"Host": self.service.host})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.wrong.append(f"{path}: {answer.status}")
            except OSError as error:
                self.wrong.append(f"{path}: {error!r}")
                connection.close()
                connection = self.connect()
            except http.client.HTTPException as error:
                self.wrong.append(f"{path}: {error!r}")
                connection = self.connect()
            self.waited.append(time.monotonic() - begun)
            if not self.kept:
                connection.close()
                connection = self.connect()
        connection.close()


def largest(service):
    """The longest text that anybody may fetch: what is read slowly."""
    pages = ["/openapi.json", "/docs/swagger-ui-bundle.js", "/vendor/zxing_reader.wasm", "/"]
    lengths = [(len(body), path) for path in pages for status, _, body in [service.ask("GET", path)] if status == 200]
    return max(lengths)[1]


def ways(url, big, connections, seconds):
    """Name, what it does in words, and slowhttptest's arguments."""
    # All of them within the time that a header may take, so that they are there at once.
    rate = str(max(50, connections // min(8, max(1, seconds // 3))))
    common = ["-c", str(connections), "-r", rate, "-l", str(seconds), "-p", "5", "-v", "1"]
    to = ["-u", url]
    log_in = ["-u", url + "/v1/officer/sessions"]
    return [
        ("slow headers (-H)", ["-H", *common, *to, "-i", "5", "-x", "24"]),
        ("slow bodies (-B)", ["-B", *common, *log_in, "-t", "POST", "-f", "application/json", "-s", "60000", "-i", "5", "-x", "10"]),
        ("slow reading (-X)", ["-X", *common, "-u", url + big, "-w", "1", "-y", "64", "-n", "5", "-z", "16", "-k", "3"]),
        ("ranges (-R)", ["-R", *common, "-u", url + big, "-t", "GET", "-a", "5", "-b", "3000"]),
    ]


def run(arguments, report):
    seconds = arguments.seconds or (4 if arguments.quick else 60)
    connections = 1500 if arguments.quick else 6000
    patience = MORE_PATIENCE if arguments.quick else PATIENCE
    # CI's few connections have to be more than are taken, too.
    changes = {"HTTP__CONNECTIONS": "1000"} if arguments.quick else {}
    service = Service(arguments.engine, changes=changes.items())
    service.command("office", "add", "UJI-01", "Dukcapil Uji")
    service.start()
    begun = time.monotonic()
    report.table("what", "connections", "others' requests", "median", "99 %", "longest", "closed for others", "memory",
                 right=range(1, 8))
    total = 0
    try:
        for path in ASKED:
            report.judge(service.ask("GET", path)[0] == 200, f"{path} is not served without an attack")
        for name, command in ways(f"http://127.0.0.1:{service.port}", largest(service), connections, seconds):
            service.most, before = 0, service.metrics()
            honest = [Honest(service, f"127.0.0.{number}", number % 2 == 0, patience) for number in range(10, 16)]
            for one in honest:
                one.start()
            attack = subprocess.Popen(["slowhttptest", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      cwd=service.folder)
            try:
                said, _ = attack.communicate(timeout=seconds + 60)
            except subprocess.TimeoutExpired:
                attack.kill()
                said, _ = attack.communicate()
            for one in honest:
                one.over.set()
            for one in honest:
                one.join(patience + 1)
            waited = sorted(time_ for one in honest for time_ in one.waited)
            wrong = [text for one in honest for text in one.wrong]
            total += len(waited)
            for text in wrong[:5]:
                report.finding(f"{name}: an honest client: {text}")
            report.judge(len(waited) > 10 * seconds, f"{name}: only {len(waited)} requests of others in {seconds} s")
            report.judge("Exit status" in said or "test duration" in said.lower() or attack.returncode == 0,
                         f"{name}: slowhttptest did not do its work: {said[-400:]}")
            after = service.metrics()
            closed = after.get("ikd_connections_evicted_total", 0) - before.get("ikd_connections_evicted_total", 0)
            faults = sum(value for key, value in after.items() if key == "ikd_connections_refused_total")
            report.judge(faults == before.get("ikd_connections_refused_total", 0) or not wrong, f"{name}: connections refused")
            report.judge(service.most < 512 << 20, f"{name}: {service.most >> 20} MiB")
            at = lambda part: f"{waited[min(len(waited) - 1, int(len(waited) * part))] * 1000:.0f} ms"  # noqa: E731
            report.row(name, connections, len(waited), f"{statistics.median(waited) * 1000:.0f} ms", at(0.99), at(1),
                       f"{closed:.0f}", f"{service.most >> 20} MiB")
            report.say(f"{name}: {len(waited)} requests of others, longest {at(1)}, {len(wrong)} wrong")
            recovered(service, report, name)
    finally:
        for wrong in service.stop():
            report.finding(wrong)
    said = (f"slowhttptest, {service.engine}, {seconds} s of each kind from one address, {connections} connections wanted of "
            f"{changes.get('HTTP__CONNECTIONS', '4096')}; six others from six addresses, three of whom open a connection for each "
            f"request: {total} requests, each answered 200 within {patience:.0f} s.")
    return report.close(said, arguments.write)


def recovered(service, report, name):
    """Whoever attacked is served too once it is over."""
    for _ in range(100):
        try:
            if service.ask("GET", "/v1/terms", timeout=2)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    report.finding(f"{name}: afterwards its own address is not served")
