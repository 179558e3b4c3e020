"""A registry for the walk, on loopback: what the distribution specification asks of one, guarded by a password. Standard
library only."""

import base64
import hashlib
import http.server
import json
import re
import sys
import threading

NAME, PASSWORD = "alice", "secret"


class Registry(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.blobs, self.manifests = {}, {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        # Clients leave without a word when they are done.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def host(self):
        return "127.0.0.1:%d" % self.server_address[1]

    def credentials(self, password=PASSWORD):
        """The header X-Registry-Auth."""
        account = {"username": NAME, "password": password, "serveraddress": self.host}
        return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(account).encode()).decode()}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    guard = "Basic " + base64.b64encode(f"{NAME}:{PASSWORD}".encode()).decode()

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code):
        self.answer(status, json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode())

    def handle_one(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != self.guard:
            return self.answer(401, b"{}", WWW_Authenticate='Basic realm="walk"')
        path, _, query = self.path.partition("?")
        if path == "/v2/":
            return self.answer(200, b"{}")
        if match := re.fullmatch(r"/v2/.+/(blobs|manifests)/([^/]+)", path):
            kind, reference = match.groups()
            if self.command == "PUT":
                return self.keep_manifest(reference, body)
            return self.give(kind, reference)
        if self.command == "POST" and path.endswith("/blobs/uploads/"):
            return self.answer(202, Location="/upload")
        if self.command == "PUT" and path == "/upload":
            digest = "sha256:" + hashlib.sha256(body).hexdigest()
            if digest.replace(":", "%3A") not in query:
                return self.error(400, "DIGEST_INVALID")
            self.server.blobs[digest] = body
            return self.answer(201)
        return self.error(404, "UNSUPPORTED")

    def keep_manifest(self, reference, body):
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        for name in (reference, digest):
            self.server.manifests[name] = (self.headers["Content-Type"], body)
        self.answer(201, Docker_Content_Digest=digest)

    def give(self, kind, reference):
        if kind == "blobs":
            bytes_ = self.server.blobs.get(reference)
            return self.error(404, "BLOB_UNKNOWN") if bytes_ is None else self.answer(200, bytes_)
        found = self.server.manifests.get(reference)
        if found is None:
            return self.error(404, "MANIFEST_UNKNOWN")
        return self.answer(200, found[1], Content_Type=found[0])

    do_GET = do_HEAD = do_POST = do_PUT = handle_one
