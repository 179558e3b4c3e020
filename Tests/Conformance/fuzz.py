"""Malformed and odd requests, made at random from the contract, against a running quelld: none may be answered by a
server error that is not documented, none may hang, none may disturb another client. Standard library only.

    fuzz.py SOCKET [--seed N] [--seconds S]

A finding prints its request and the seed; the same seed makes the same requests.
"""

import argparse
import collections
import json
import random
import socket
import sys
import threading
import time
import urllib.parse

from client import Client
from contract_check import Contract
from making import RAW, Maker
from rootfs import IMAGE, busybox_tar

# The head must have come by then; a stream may last as long as it likes.
DEADLINE = 20
# What ends when a container does, however long that takes.
LASTING = ("/stop", "/restart", "/wait", "/kill")
# Answers of the server that are no fault of the server.
ALLOWED = {501, 507}


class Witness(threading.Thread):
    """Another client, whose calls must go on as if nothing happened."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.client, self.slowest, self.faults, self.calls = Client(path, DEADLINE), 0.0, [], 0
        self.finished = threading.Event()

    def run(self):
        while not self.finished.wait(0.05):
            started = time.monotonic()
            try:
                for target, mark in (("/v1.51/containers/witness/json", b'"Running":true'), ("/_ping", b"OK")):
                    answer = self.client.send("GET", target)
                    if answer.status != 200 or mark not in answer.body:
                        self.faults.append(f"the witness asked {target}: {answer}")
            except OSError as error:
                self.faults.append(f"the witness: {error!r}")
            self.slowest, self.calls = max(self.slowest, time.monotonic() - started), self.calls + 1


class Fuzz:
    def __init__(self, path, seed):
        self.path, self.client = path, Client(path, DEADLINE)
        self.chance = random.Random(seed)
        self.maker = Maker(Contract(), self.chance)
        self.seen, self.findings = collections.Counter(), []

    def finding(self, what, request):
        self.findings.append(f"{what}\n    {request!r:.1500}")

    def one(self):
        if self.chance.random() < 0.05:
            return self.raw(self.chance.choice(RAW))
        method, target, body, headers = request = self.maker.request()
        if any(ord(each) < 33 or ord(each) > 126 for each in target):
            target = urllib.parse.quote(target, safe="/?&=%;:#[]{}+,@!$'()*", errors="surrogatepass")
        head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if body is not None:
            head += f"Content-Length: {len(body)}\r\n"
        lasts = target.split("?")[0].rstrip("/").endswith(LASTING)
        started = time.monotonic()
        try:
            status, head, rest = self.exchange(
                head.encode("latin-1") + b"\r\n" + (body or b""), 3 if lasts else DEADLINE
            )
        except TimeoutError:
            self.seen["no answer yet"] += 1
            if not lasts:
                self.finding(f"no answer after {time.monotonic() - started:.1f} s", request)
            return
        except (OSError, ValueError) as error:
            return self.finding(f"{error!r} after {time.monotonic() - started:.1f} s", request)
        self.seen[status] += 1
        # A registry that cannot be reached is a documented 500.
        asks = any(mark in target for mark in ("/distribution/", "/push", "fromImage="))
        allowed = ALLOWED | {500} if asks else ALLOWED
        if status >= 500 and status not in allowed:
            self.finding(f"{status} {rest[:400]!r}", request)
        elif status >= 400 and b"application/json" not in head.lower():
            self.finding(f"{status} without JSON: {head!r}", request)
        elif status >= 400 and method != "HEAD":
            try:
                if not json.loads(rest)["message"]:
                    self.finding(f"{status} with an empty message", request)
            except (ValueError, KeyError, TypeError):
                self.finding(f"{status} whose body is {rest[:200]!r}", request)

    def exchange(self, data, deadline=DEADLINE):
        """Status, head and body; of a stream what came within a moment."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(deadline)
            sock.connect(self.path)
            try:
                sock.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # Answered before everything was read.
            received = b""
            while b"\r\n\r\n" not in received:
                piece = sock.recv(65536)
                if not piece:
                    raise ValueError(f"closed without an answer: {received!r}")
                received += piece
            head, _, rest = received.partition(b"\r\n\r\n")
            status = int(head.split(b" ", 2)[1])
            if status == 100:
                return self.after_continue(sock, rest)
            sock.settimeout(0.3 if status < 400 else DEADLINE)
            try:
                while len(rest) < 1 << 20 and (piece := sock.recv(65536)):
                    rest += piece
            except (TimeoutError, ConnectionResetError):
                pass
            return status, head, rest

    def after_continue(self, sock, rest):
        while b"\r\n\r\n" not in rest:
            piece = sock.recv(65536)
            if not piece:
                raise ValueError(f"closed after 100 Continue: {rest!r}")
            rest += piece
        head, _, rest = rest.partition(b"\r\n\r\n")
        sock.settimeout(1)
        try:
            while piece := sock.recv(65536):
                rest += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return int(head.split(b" ", 2)[1]), head, rest

    def raw(self, data):
        """Anything but silence for ever, and no 5xx (505 for versions of HTTP that are not spoken)."""
        try:
            answer = self.client.raw(data)
        except OSError as error:
            return self.finding(f"{error!r}", data)
        words = answer.split(b" ", 2)
        status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        self.seen[f"raw {status}"] += 1
        if status >= 500 and status not in ALLOWED | {505}:
            self.finding(f"{status}: {answer[:300]!r}", data)


def must(answer, *statuses):
    if answer.status not in statuses:
        raise SystemExit(f"cannot prepare: {answer}")


def import_image(client):
    must(
        client.send(
            "POST",
            "/v1.51/images/create",
            busybox_tar(),
            {"Content-Type": "application/x-tar"},
            {"fromSrc": "-", "repo": IMAGE.split(":")[0], "tag": "1"},
        ),
        200,
    )


def keep(client):
    """So that there is something to talk about, whatever the last requests did."""
    if client.send("GET", f"/v1.51/images/{IMAGE}/json").status == 404:
        import_image(client)
    for name in ("full", "witness"):
        client.send("POST", f"/v1.51/containers/{name}/unpause")
        if client.send("POST", f"/v1.51/containers/{name}/start").status == 404:
            client.send("POST", f"/v1.51/containers/create?name={name}", {"Image": IMAGE, "Cmd": ["sleep", "10000"]})


def prepare(client):
    """The image and the containers that the requests are about."""
    import_image(client)
    for name, command in (("full", "sleep 10000"), ("short", "true"), ("witness", "sleep 10000")):
        must(
            client.send("POST", f"/v1.51/containers/create?name={name}", {"Image": IMAGE, "Cmd": command.split()}), 201
        )
        must(client.send("POST", f"/v1.51/containers/{name}/start"), 204)


def clean(client):
    """Every container goes, whatever became of it."""
    for _ in range(3):
        left = client.send("GET", "/v1.51/containers/json?all=1").json
        for each in left:
            client.send("DELETE", f"/v1.51/containers/{each['Id']}?force=1&v=1")
        if not left:
            return []
    return [f"a container cannot be removed: {each['Names']}, {each['Status']}" for each in left]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("socket")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    client = Client(options.socket)
    prepare(client)
    fuzz, witness = Fuzz(options.socket, options.seed), Witness(options.socket)
    witness.start()
    end, count = time.monotonic() + options.seconds, 0
    while time.monotonic() < end and len(fuzz.findings) < 40:
        fuzz.one()
        count += 1
        if count % 30 == 0:
            keep(client)
    witness.finished.set()
    witness.join(DEADLINE)
    findings = fuzz.findings + sorted(set(witness.faults)) + clean(client)
    for text in findings:
        print(text)
    print(
        f"fuzz: {count} requests, seed {options.seed}, {len(findings)} findings; "
        f"witness: {witness.calls} rounds, slowest {witness.slowest * 1000:.0f} ms"
    )
    print(
        "statuses: "
        + ", ".join(f"{status}: {number}" for status, number in sorted(fuzz.seen.items(), key=lambda e: str(e[0])))
    )
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
