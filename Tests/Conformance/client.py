"""HTTP/1.1 on a unix socket, as plainly as can be: what is sent is what was written here. Standard library only."""

import http.client
import json
import socket
import urllib.parse


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def type(self):
        return (self.headers.get("content-type") or "").split(";")[0].strip()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]

    @property
    def message(self):
        try:
            return self.json.get("message", "")
        except (ValueError, AttributeError):
            return self.body[:200].decode(errors="replace")

    def __str__(self):
        return f"{self.status} {self.type} {self.body[:300]!r}"


class Client:
    """Each request on a connection of its own."""

    def __init__(self, path, timeout=30):
        self.path, self.timeout = path, timeout

    def send(self, method, target, body=None, headers=None, query=None):
        if query:
            text = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in query.items()}
            target += "?" + urllib.parse.urlencode(text, doseq=True)
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        connection = UnixConnection(self.path, self.timeout)
        try:
            connection.request(method, target, body=body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, b"" if answer.status == 101 else answer.read())
        finally:
            connection.close()

    def abandon(self, method, target, body=None):
        """Asks and goes away without the answer."""
        connection = UnixConnection(self.path, self.timeout)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, target, body=text, headers={"Content-Type": "application/json"} if text else {})
        except OSError:
            return
        finally:
            connection.close()

    def raw(self, data, timeout=None):
        """Sends bytes as they are, closes that side, and gives everything that comes back."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout or self.timeout)
            sock.connect(self.path)
            try:
                sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # It has answered and closed before it got everything: its answer counts.
            out = b""
            try:
                while piece := sock.recv(65536):
                    out += piece
            except ConnectionResetError:
                pass
            return out
