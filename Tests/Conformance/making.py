"""Makes requests at random from the contract: mostly of the right types, some of them damaged. Standard library only."""

import json
import urllib.parse

import settings
from rootfs import IMAGE
from walk import NOT_OFFERED

SAFE_PATHS = ["/tmp/quell-fuzz", "/tmp/quell-fuzz/a/b", "/etc/passwd", "/proc/self/root", "/no/such/place"]
WORDS = [
    "",
    "a",
    "full",
    "host",
    "none",
    "private",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "1e400",
    "NaN",
    "null",
    "é",
    "☃" * 50,
    "a" * 5000,
    "\u0000",
    "a\nb",
    "../../etc",
    "%",
    "%zz",
    "{}",
    "[]",
    '{"a":["b"]}',
    "sh",
    "busybox",
    IMAGE,
    "sha256:" + "0" * 64,
    "container:full",
    "container:",
    "80/tcp",
    "1h",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "-9223372036854775808",
    "9223372036854775807",
    "18446744073709551615",
    "SIGKILL",
    "TERM",
    "json-file",
    "tmpfs",
    "bind",
    "volume",
    "on-failure",
    "always",
    "ctrl-p",
    "ctrl-p,ctrl-q",
    "linux/amd64",
    "+1",
    " ",
]
# Images of a registry that is not there, on the loopback; and what names none.
NOWHERE = ["127.0.0.1:1/a", "127.0.0.1:1/a/b:c", "127.0.0.1:1/a@sha256:" + "0" * 64, "UPPER", "a b", ":"]
REGISTRY = ("/distribution", "/images/{name}/push")
NUMBERS = [
    0,
    1,
    -1,
    2,
    1000,
    65535,
    65536,
    2**31 - 1,
    2**31,
    -(2**31),
    2**53,
    2**63 - 1,
    -(2**63),
    2**63,
    2**64,
    10**40,
]

# Values that make sense, so that more than the checks at the door is reached.
SAMPLES = {
    name: value
    for name, (value, _, _) in (settings.HOST | settings.CONFIG).items()
    if name not in ("Binds", "AutoRemove")
}


class Maker:
    """Makes requests."""

    def __init__(self, contract, chance):
        self.contract, self.chance, self.damage = contract, chance, 0.0
        # Whom a login without a server asks is not ours to disturb.
        everything = [each for each in contract.operations.values() if each["path"] != "/auth"]
        offered = [each for each in everything if not each["path"].startswith(NOT_OFFERED)]
        # What makes things, most often: everything else is about them.
        makers = [
            each
            for each in offered
            if each["path"] in ("/containers/create", "/containers/{id}/exec", "/volumes/create")
        ]
        self.operations = everything + offered * 4 + makers * 40

    def word(self):
        pick = self.chance.random()
        if pick < 0.8:
            return self.chance.choice(WORDS)
        if pick < 0.9:
            return self.chance.choice(SAFE_PATHS)
        text = "".join(
            chr(self.chance.choice((self.chance.randrange(32, 127), self.chance.randrange(1, 0xD7FF))))
            for _ in range(self.chance.randrange(1, 30))
        )
        # A path of the host that nobody means must not be made.
        return text.lstrip("/")

    def anything(self, depth=0):
        kinds = [
            lambda: None,
            lambda: self.chance.choice([True, False]),
            lambda: self.chance.choice(NUMBERS),
            lambda: self.chance.choice([0.5, -1.5, 1e300]),
            self.word,
        ]
        if depth < 3:
            kinds += [
                lambda: [self.anything(depth + 1) for _ in range(self.chance.randrange(4))],
                lambda: {self.word(): self.anything(depth + 1) for _ in range(self.chance.randrange(4))},
            ]
        return self.chance.choice(kinds)()

    def value(self, schema, depth=0):
        """Mostly of the schema's type."""
        schema = self.contract.resolve(schema)
        if self.chance.random() < self.damage:
            return self.anything()
        kind = schema.get("type") or ("object" if "properties" in schema else None)
        if "enum" in schema and self.chance.random() < 0.7:
            return self.chance.choice(schema["enum"])
        if kind == "string":
            return self.word()
        if kind in ("integer", "number"):
            return self.chance.choice(NUMBERS)
        if kind == "boolean":
            return self.chance.choice([True, False])
        if kind == "array":
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(self.chance.randrange(3))]
        if kind == "object":
            return self.object(schema, depth)
        return self.anything()

    def object(self, schema, depth):
        properties, out = schema.get("properties", {}), {}
        few = 0.9 if len(properties) < 6 else self.chance.choice([1, 2, 4, 8]) / len(properties)
        for name, member in properties.items():
            if depth < 6 and self.chance.random() < few:
                known = SAMPLES.get(name) if self.chance.random() < 0.7 else None
                out[name] = known if known is not None else self.value(member, depth + 1)
        others = schema.get("additionalProperties")
        if isinstance(others, dict):
            out |= {self.word(): self.value(others, depth + 1) for _ in range(self.chance.randrange(3))}
        return out

    def body(self, schema):
        pick = self.chance.random()
        value = self.value(schema)
        if isinstance(value, dict) and "Image" in self.contract.resolve(schema).get("properties", {}):
            value |= {"Image": IMAGE} if self.chance.random() < 0.9 else {}
            value |= {"Cmd": ["sleep", "1"]} if self.chance.random() < 0.7 else {}
        text = json.dumps(value, ensure_ascii=self.chance.random() < 0.5).encode("utf-8", "surrogatepass")
        if pick < 0.75:
            return text
        damages = [
            lambda: text[: self.chance.randrange(len(text) + 1)],
            lambda: text + b"}",
            lambda: text + text,
            lambda: b"\xef\xbb\xbf" + text,
            lambda: b"\xff\xfe" + text,
            lambda: b"[" * 100000,
            lambda: b'{"a":' * 20000,
            lambda: b"",
            lambda: b"null",
            lambda: b"[]",
            lambda: b"0",
            lambda: b'"x"',
            lambda: b"{'a': 1}",
            lambda: b"\x00",
            lambda: text.replace(b'"', b"", 1),
            lambda: b'{"Image":1e999999}',
            lambda: b'{"Image":' + b"9" * 5000 + b"}",
            lambda: b'{"Image":"\\ud800"}',
            lambda: b'{"Cmd":["a"],"Cmd":1}',
            lambda: b" " * 100000,
            lambda: b'{"Image":"' + b"a" * 1000000 + b'"}',
            lambda: bytes(self.chance.randrange(256) for _ in range(200)),
        ]
        return self.chance.choice(damages)()

    def parameter(self, node):
        if node["name"] == "fromImage":
            return self.chance.choice(NOWHERE)
        schema = {key: node[key] for key in ("type", "enum", "items", "format") if key in node}
        value = self.value(schema) if node["name"] != "filters" else self.filters()
        return value if isinstance(value, str) else json.dumps(value)

    def filters(self):
        names = [
            "label",
            "status",
            "name",
            "id",
            "until",
            "since",
            "before",
            "exited",
            "health",
            "volume",
            "network",
            "type",
            "event",
            "dangling",
            "driver",
            "scope",
            "reference",
            "ancestor",
            "expose",
            "publish",
            "label!",
        ]
        if self.chance.random() < 0.2:
            return self.anything()
        return {
            self.chance.choice(names): self.chance.choice(
                [[self.word()], {self.word(): True}, [self.word(), self.word()]]
            )
            for _ in range(self.chance.randrange(3))
        }

    def path(self, operation):
        names = {node["name"]: node for node in operation.get("parameters", []) if node["in"] == "path"}
        out = operation["path"]
        for name in names:
            word = (
                self.chance.choice(NOWHERE)
                if operation["path"].startswith(REGISTRY)
                else (
                    self.chance.choice(["full", "short", IMAGE, "quell-fuzz", "host"])
                    if self.chance.random() < 0.6
                    else self.word()
                )
            )
            out = out.replace("{%s}" % name, urllib.parse.quote(word, safe="" if self.chance.random() < 0.5 else "/%"))
        if self.chance.random() < 0.05:
            out = self.chance.choice(
                [out + "/", "/" + out, out + "/x", out.upper(), out.replace("/", "//"), out + "%2F..", out + ";x=1"]
            )
        return out

    def version(self):
        return (
            "/v1.51"
            if self.chance.random() < 0.7
            else self.chance.choice(
                [
                    "",
                    "/v1.24",
                    "/v1.30",
                    "/v1.41",
                    "/v1.43",
                    "/v1.44",
                    "/v1.23",
                    "/v1.52",
                    "/v0.1",
                    "/v2.0",
                    "/v1.x",
                    "/v1.9999999999999999999",
                ]
            )
        )

    def request(self):
        """Method, target, body, headers."""
        self.damage = self.chance.choice([0, 0, 0, 0.02, 0.1])
        operation = self.chance.choice(self.operations)
        query = []
        for node in operation.get("parameters", []):
            if node["in"] == "query" and self.chance.random() < 0.5:
                query += [(node["name"], self.parameter(node))] * self.chance.choice([1, 1, 1, 2])
        body, headers = None, {}
        for node in operation.get("parameters", []):
            if node["in"] == "body":
                body = self.body(node.get("schema", {}))
                headers["Content-Type"] = (
                    "application/json"
                    if self.chance.random() < 0.85
                    else self.chance.choice(
                        [
                            "text/plain",
                            "",
                            "application/json; charset=utf-16",
                            "application/x-tar",
                            "multipart/form-data",
                            "é".encode("latin-1").decode("latin-1"),
                        ]
                    )
                )
        if self.chance.random() < 0.1:
            headers["X-Registry-Auth"] = self.chance.choice(["", "e30=", "%%%", "a" * 5000, "eyJ1c2VybmFtZSI6MX0="])
        if self.chance.random() < 0.05:
            headers["Expect"] = "100-continue"
        method = (
            operation["method"]
            if self.chance.random() < 0.93
            else self.chance.choice(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
        )
        target = self.version() + self.path(operation)
        if query:
            target += "?" + urllib.parse.urlencode(query, errors="surrogatepass")
            if self.chance.random() < 0.05:
                target += self.chance.choice(["&", "&&=", "&%zz=1", "&x=%ff", "?", "#a", "&" + "a=1&" * 2000])
        return method, target, body, headers


RAW = [
    b"",
    b"\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET  /info HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    bytes(range(256)) * 4,
    b"GET /info HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    b"GET /info HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n{}",
    b"POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
    b"POST /containers/create HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /containers/create HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST /containers/create HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n{}",
    b"POST /containers/create HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    b"POST /containers/full/attach HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"POST /exec/x/start HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{",
    b"GET /info HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
    b"GET /info HTTP/1.1\r\n" + b"a" * 200000,
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /info HTTP/1.1\nHost: a\n\n",
    b"GET /info HTTP/1.1\r\nHost: a\r\nX: \x00\x01\r\n\r\n",
    b"GET /info HTTP/1.1\r\nHost: a\r\n : b\r\n\r\n",
    b"GET /info HTTP/1.0\r\n\r\n",
    b"GET http://other/info HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /_ping HTTP/1.1\r\nHost: a\r\n\r\n" * 200,
    b"HEAD /_ping HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
    b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
]
