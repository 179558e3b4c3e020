"""Lets schemathesis make requests of its own from the contract, positive and negative, and judge the answers by it.

    schema_run.py SOCKET [--seconds S] [--seed N]     (needs schemathesis; the image and containers of fuzz.py)

What lasts for ever (events, attach, wait, followed logs) and what Quell does not offer is left to the other two.
"""

import argparse
import copy
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading

import fuzz
from client import Client
from contract_check import Contract
from judge import ALSO
from rootfs import IMAGE
from walk import NOT_OFFERED

LASTING = (
    "/events",
    "/containers/{id}/attach",
    "/containers/{id}/wait",
    "/containers/{id}/stats",
    "/containers/{id}/logs",
)
# The network is another's affair.
OUTSIDE = ("/auth", "/distribution", "/images/create", "/images/{name}/push", "/exec/{id}/start")
# What a random text must not be: a place of the host, a program.
TAME = {
    "Binds": {
        "type": "array",
        "items": {"type": "string", "enum": ["/tmp/quell-fuzz:/mnt:ro", "a", "a:b:c:d", "name:/mnt"]},
    },
    "Image": {"type": "string", "enum": [IMAGE, "nope"]},
    "Cmd": {"type": "array", "items": {"type": "string", "enum": ["sleep", "1", "true"]}},
    "Entrypoint": {"type": "array", "items": {"type": "string", "enum": ["sleep", "1"]}},
    "Source": {"type": "string", "enum": ["/tmp/quell-fuzz", "name", ""]},
    "PathOnHost": {"type": "string", "enum": ["/dev/null", "/no/such/device", ""]},
    "Path": {"type": "string", "enum": ["/dev/null", "/dev/loop0", ""]},
}


def swagger(contract):
    """The contract as a document of OpenAPI again."""
    paths = {}
    for (method, path), operation in contract.operations.items():
        if "parameters" not in operation or path.startswith(NOT_OFFERED + LASTING + OUTSIDE):
            continue
        responses = {
            code: {"description": ""} | ({"schema": schema} if schema else {})
            for code, schema in operation["responses"].items()
        }
        for code in ALSO:
            responses.setdefault(str(code), {"description": "", "schema": {"$ref": "#/definitions/ErrorResponse"}})
        # Errors are JSON whatever the call gives; where there is no body, there is no type.
        has_body = any(schema for code, schema in operation["responses"].items() if code < "400")
        produces = sorted({*operation["produces"], "application/json"}) if has_body else []
        parameters = requests_only(copy.deepcopy(operation["parameters"]))
        for each in parameters:
            if each["in"] == "path":
                each |= {"required": True, "enum": ["full", "short", IMAGE, "host", "nope"]}
        paths.setdefault(path, {})[method.lower()] = {
            "parameters": parameters,
            "produces": produces,
            "consumes": ["application/json"],
            "responses": responses,
        }
    definitions = contract.definitions | {
        "In" + name: tame(requests_only(copy.deepcopy(schema))) for name, schema in contract.definitions.items()
    }
    return {
        "swagger": "2.0",
        "info": {"title": "Docker", "version": contract.version},
        "basePath": "/v1.51",
        "paths": paths,
        "definitions": definitions,
    }


def requests_only(node):
    """Refers to the definitions for requests, which are tame."""
    if isinstance(node, dict):
        if "$ref" in node:
            node["$ref"] = node["$ref"].replace("/definitions/", "/definitions/In")
        for value in node.values():
            requests_only(value)
    elif isinstance(node, list):
        for value in node:
            requests_only(value)
    return node


def tame(node):
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict):
            for name, schema in TAME.items():
                if name in properties:
                    properties[name] = schema
        for value in node.values():
            tame(value)
    elif isinstance(node, list):
        for value in node:
            tame(value)
    return node


HOOKS = """
import schemathesis

@schemathesis.check
def no_fault_of_the_server(ctx, response, case):
    assert response.status_code < 500 or response.status_code in (501, 507), response.content[:300]
"""


def proxy(path):
    """A port of the loopback that leads to the socket."""
    listener = socket.create_server(("127.0.0.1", 0))

    def copy_bytes(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(client):
        with client, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
            try:
                engine.connect(path)
            except OSError:
                return
            up = threading.Thread(target=copy_bytes, args=(client, engine), daemon=True)
            up.start()
            copy_bytes(engine, client)
            up.join()

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("socket")
    parser.add_argument("--seconds", type=int, default=180)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    client = Client(options.socket)
    fuzz.prepare(client)
    with tempfile.TemporaryDirectory(prefix="quell-schema-") as directory:
        document = os.path.join(directory, "swagger.json")
        with open(document, "w", encoding="utf-8") as file:
            json.dump(swagger(Contract()), file)
        with open(os.path.join(directory, "hooks.py"), "w", encoding="utf-8") as file:
            file.write(HOOKS)
        status = subprocess.run(
            [
                os.path.join(os.path.dirname(sys.executable), "st"),
                "run",
                document,
                "--url",
                f"http://127.0.0.1:{proxy(options.socket)}/v1.51",
                "--seed",
                str(options.seed),
                "--phases",
                "coverage,fuzzing",
                "--max-examples",
                "20",
                "--max-time",
                str(options.seconds),
                "--request-timeout",
                "30",
                "--continue-on-failure",
                "--suppress-health-check",
                "all",
                "--warnings",
                "off",
                "--no-shrink",
                "--checks",
                "no_fault_of_the_server,status_code_conformance,content_type_conformance,response_schema_conformance",
            ],
            env=os.environ | {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": directory},
            cwd=directory,
            check=False,
        ).returncode
    for text in (left := fuzz.clean(client)):
        print(text)
    return 1 if status or left else 0


if __name__ == "__main__":
    sys.exit(main())
