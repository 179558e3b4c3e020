"""Drives every operation of the contract against a running quelld, with real containers, and judges each answer by it:
status, content type, body. Standard library only; the same calls in the same order each time.

    walk.py SOCKET [--record results.json]
"""

import argparse
import collections
import json
import sys

import containers
import settings
from judge import VERSION, Walk
from registry import NAME, PASSWORD, Registry
from rootfs import IMAGE, busybox_tar, one_file_tar

CHANGES = [
    'CMD ["sleep", "1000"]',
    "ENV A=1",
    "LABEL who=conformance",
    "EXPOSE 80/tcp",
    "VOLUME /data",
    "WORKDIR /tmp",
    "USER root",
    "STOPSIGNAL KILL",
    "ENTRYPOINT []",
    "HEALTHCHECK --interval=1s CMD true",
]


def system(walk):
    call = walk.call
    for method in ("GET", "HEAD"):
        ping = call(method, "/_ping", 200)
        for name, value in (
            ("Api-Version", "1.51"),
            ("Ostype", "linux"),
            ("Docker-Experimental", "false"),
            ("Swarm", "inactive"),
            ("Cache-Control", "no-cache, no-store, must-revalidate"),
            ("Pragma", "no-cache"),
            ("Builder-Version", "1"),
        ):
            walk.expect(
                ping.headers.get(name) == value, f"{method} /_ping: {name} is {ping.headers.get(name)!r}, not {value!r}"
            )
    call("GET", "/version", 200)
    call("GET", "/info", 200)
    for version, status in (("/v1.24", 200), ("/v1.23", 400), ("/v1.52", 400), ("", 200)):
        answer = walk.client.send("GET", version + "/version")
        walk.expect(answer.status == status, f"GET {version}/version: {answer}")


def images(walk):
    call = walk.call
    walk.call("GET", "/images/json", 200)
    call(
        "POST",
        "/images/create",
        200,
        body=busybox_tar(),
        headers={"Content-Type": "application/x-tar"},
        lines=True,
        query={"fromSrc": "-", "repo": "quell-conformance", "tag": "1", "changes": CHANGES, "message": "a comment"},
    )
    call("GET", "/images/json", 200, query={"all": "1", "digests": "1", "shared-size": "1", "manifests": "1"})
    for name, value in (
        ("reference", "quell-*"),
        ("label", "who"),
        ("dangling", "false"),
        ("until", "0s"),
        ("before", IMAGE),
        ("since", IMAGE),
    ):
        call("GET", "/images/json", 200, query={"filters": {name: [value]}})
    call("GET", "/images/json", 400, query={"filters": {"nope": ["1"]}})
    call("GET", "/images/json", 400, query={"filters": "{"})
    inspect = call("GET", "/images/{name}/json", 200, name=IMAGE).json
    call("GET", "/images/{name}/json", 200, name=inspect["Id"])
    call("GET", "/images/{name}/json", 404, name="nope")
    call("GET", "/images/{name}/history", 200, name=IMAGE)
    call("GET", "/images/{name}/history", 404, name="nope")
    call("POST", "/images/{name}/tag", 201, name=IMAGE, query={"repo": "quell-conformance", "tag": "2"})
    call("POST", "/images/{name}/tag", 404, name="nope", query={"repo": "quell-conformance", "tag": "2"})
    call("POST", "/images/{name}/tag", 400, name=IMAGE, query={"repo": "UPPER"})
    call("POST", "/images/{name}/tag", 400, name=IMAGE)
    saved = call("GET", "/images/{name}/get", 200, name=IMAGE)
    call("GET", "/images/{name}/get", 404, name="nope")
    call("GET", "/images/get", 200, query={"names": [IMAGE, "quell-conformance:2"]})
    call("GET", "/images/get", 404, query={"names": "nope"})
    call("POST", "/images/load", 200, body=saved.body, lines=True)
    call("POST", "/images/load", 200, body=saved.body, query={"quiet": "1"}, lines=True)
    call("DELETE", "/images/{name}", 200, name="quell-conformance:2")
    call("DELETE", "/images/{name}", 404, name="nope")
    call("POST", "/images/prune", 200, query={"filters": {"dangling": ["true"]}})
    call("POST", "/images/prune", 400, query={"filters": {"nope": ["true"]}})


def volumes(walk):
    call = walk.call
    call("POST", "/volumes/create", 201, body={"Name": "conformance-volume", "Labels": {"a": "b"}, "Driver": "local"})
    call("POST", "/volumes/create", 201, body={})
    call("POST", "/volumes/create", 400, body={"Name": "/bad/"})
    call("POST", "/volumes/create", 404, body={"Name": "other", "Driver": "nope"})
    call("GET", "/volumes", 200)
    for name, value in (("name", "conformance"), ("label", "a=b"), ("dangling", "true"), ("driver", "local")):
        found = call("GET", "/volumes", 200, query={"filters": {name: [value]}}).json["Volumes"]
        walk.expect(
            any(each["Name"] == "conformance-volume" for each in found), f"GET /volumes?{name}={value}: {found}"
        )
    call("GET", "/volumes", 400, query={"filters": {"nope": ["1"]}})
    call("GET", "/volumes/{name}", 200, name="conformance-volume")
    call("GET", "/volumes/{name}", 404, name="nope")
    call("PUT", "/volumes/{name}", 501, name="conformance-volume", body={})
    call("DELETE", "/volumes/{name}", 404, name="nope")
    call("POST", "/volumes/prune", 200)
    call("POST", "/volumes/prune", 400, query={"filters": {"nope": ["1"]}})


def networks(walk):
    call = walk.call
    call("GET", "/plugins", 200)
    call("GET", "/plugins/{name}/json", 404, name="nope")
    call("POST", "/swarm/leave", 503)
    call("GET", "/networks", 200)
    for name, value in (("name", "host"), ("driver", "host"), ("scope", "local"), ("type", "builtin"), ("id", "6")):
        call("GET", "/networks", 200, query={"filters": {name: [value]}})
    call("GET", "/networks", 400, query={"filters": {"nope": ["1"]}})
    call("GET", "/networks/{id}", 200, id="host")
    call("GET", "/networks/{id}", 200, id="none", query={"verbose": "1", "scope": "local"})
    call("GET", "/networks/{id}", 404, id="nope")
    call("DELETE", "/networks/{id}", 403, id="host")
    call("DELETE", "/networks/{id}", 404, id="nope")
    own_network(walk)
    call("POST", "/networks/prune", 200)


# Nothing of the host's is changed: a network has no device before a container that runs is in it.
def own_network(walk):
    call = walk.call
    ipam = {
        "Driver": "default",
        "Config": [
            {
                "Subnet": "10.213.0.0/24",
                "IPRange": "10.213.0.128/25",
                "Gateway": "10.213.0.1",
                "AuxiliaryAddresses": {"printer": "10.213.0.9"},
            }
        ],
    }
    asked = {"Name": "own", "IPAM": ipam, "Labels": {"a": "b"}, "Options": {"com.docker.network.driver.mtu": "1400"}}
    call("POST", "/networks/create", 201, body=asked)
    call("POST", "/networks/create", 409, body={"Name": "own"})
    call("POST", "/networks/create", 403, body={"Name": "bridge"})
    call("POST", "/networks/create", 400, body={"Name": "/bad/"})
    call("POST", "/networks/create", 400, body={"Name": "n", "IPAM": ipam})
    call("GET", "/networks/{id}", 200, id="own")
    for name, value in (("name", "own"), ("label", "a=b"), ("driver", "bridge"), ("dangling", "true")):
        found = call("GET", "/networks", 200, query={"filters": {name: [value]}}).json
        walk.expect(any(each["Name"] == "own" for each in found), f"GET /networks?{name}={value}: {found}")
    member = {"Image": IMAGE, "HostConfig": {"NetworkMode": "none"}}
    call("POST", "/containers/create", 201, query={"name": "member"}, body=member)
    endpoint = {"IPAMConfig": {"IPv4Address": "10.213.0.7"}, "Aliases": ["front"]}
    call("POST", "/networks/{id}/connect", 200, id="own", body={"Container": "member", "EndpointConfig": endpoint})
    call("POST", "/networks/{id}/connect", 403, id="own", body={"Container": "member"})
    call("POST", "/networks/{id}/connect", 403, id="host", body={"Container": "member"})
    call("POST", "/networks/{id}/connect", 404, id="nope", body={"Container": "member"})
    call("POST", "/networks/{id}/connect", 404, id="own", body={"Container": "nobody"})
    call("GET", "/containers/{id}/json", 200, id="member")
    call("POST", "/networks/{id}/disconnect", 200, id="own", body={"Container": "member"})
    call("POST", "/networks/{id}/disconnect", 404, id="own", body={"Container": "member"})
    call("POST", "/networks/{id}/disconnect", 403, id="host", body={"Container": "member"})
    call("DELETE", "/containers/{id}", 204, id="member")
    call("DELETE", "/networks/{id}", 204, id="own")


# Whole groups that Quell does not offer.
NOT_OFFERED = (
    "/swarm",
    "/services",
    "/tasks",
    "/nodes",
    "/secrets",
    "/configs",
    "/plugins",
    "/session",
    "/build",
)


def refused(walk):
    """What Quell does not offer says so; any other operation must have been called by now."""
    for method, path in walk.contract.operations:
        if walk.calls[method, path] > 0:
            continue
        if path.startswith(NOT_OFFERED) or (method, path) == ("PUT", "/volumes/{name}"):
            walk.call(method, path, 501, id="x", name="x", body={} if method == "POST" else None)
        else:
            walk.fault(method, path, "the walk does not call it")


def registries(walk):
    """Out to a registry and back. What goes wrong once an answer has begun is an error in its stream."""
    call, server = walk.call, Registry()
    account = {"username": NAME, "password": PASSWORD, "serveraddress": server.host}
    call("POST", "/auth", 200, body=account)
    call("POST", "/auth", 401, body=account | {"password": "wrong"})
    call("POST", "/auth", 500, body=account | {"serveraddress": "127.0.0.1:1"})

    repository, guarded = f"{server.host}/team/app", server.credentials()
    name = repository + ":1"
    made = {"fromSrc": "-", "repo": repository, "tag": "1"}
    tar = {"Content-Type": "application/x-tar"}
    call("POST", "/images/create", 200, body=one_file_tar("a", "b"), headers=tar, query=made, lines=True)
    for headers, query, word in (
        (guarded, {"tag": "1"}, None),
        (guarded, {"tag": "1", "platform": '{"os":"linux","architecture":"none"}'}, "platform"),
        (server.credentials("wrong"), {"tag": "1"}, "unauthorized"),
    ):
        answer = call("POST", "/images/{name}/push", None, name=repository, headers=headers, query=query, lines=True)
        told(walk, answer, word)
    call("POST", "/images/{name}/push", 404, name=server.host + "/nope", headers=guarded, query={"tag": "1"})

    described = call("GET", "/distribution/{name}/json", 200, name=name, headers=guarded).json
    walk.expect("linux" in json.dumps(described), f"GET /distribution: {described}")
    call("GET", "/distribution/{name}/json", 401, name=name, headers=server.credentials("wrong"))
    call("GET", "/distribution/{name}/json", 404, name=repository + ":nope", headers=guarded)
    call("GET", "/distribution/{name}/json", 500, name="127.0.0.1:1/nope")

    call("DELETE", "/images/{name}", 200, name=name, query={"noprune": "1"})
    for headers, tag, word in (
        (guarded, "1", None),
        (guarded, "nope", "not found"),
        ({}, "1", "no basic auth credentials"),
    ):
        query = {"fromImage": repository, "tag": tag}
        told(walk, call("POST", "/images/create", None, headers=headers, query=query, lines=True), word)
    query = {"fromImage": repository, "tag": "1", "platform": "nope"}
    call("POST", "/images/create", 400, headers=guarded, query=query)
    call("DELETE", "/images/{name}", 200, name=name)
    server.shutdown()


def told(walk, answer, word):
    """An answer that tells an error with this word, by its status or in its stream; none where there is no word."""
    text = answer.body.decode(errors="replace")
    is_error = answer.status != 200 or "errorDetail" in text
    wanted = "no error" if word is None else f'an error with "{word}"'
    walk.expect(is_error == (word is not None) and (word or "") in text, f"{wanted} was expected: {text[-300:]}")


def elsewhere(walk):
    """What has tests of its own, over web sockets: here only that it answers as it may."""
    for method, path, body, headers in (
        ("GET", "/containers/{id}/attach/ws", None, None),
        ("GET", "/images/search", None, None),
    ):
        target = VERSION + path.replace("{name}", "127.0.0.1:1/nope").replace("{id}", "nope")
        answer = walk.client.send(method, target, body, headers)
        documented = [int(code) for code in walk.contract.operations[method, path]["responses"]]
        walk.judge(
            method,
            path,
            answer.status if answer.status in (*documented, 400, 404, 501) else documented[0],
            answer,
            lines=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("socket")
    parser.add_argument("--record", help="writes what was seen")
    options = parser.parse_args()
    walk = Walk(options.socket)
    system(walk)
    images(walk)
    volumes(walk)
    networks(walk)
    full = containers.creation(walk)
    settings.attempt(walk, IMAGE, settings.HOST, "HostConfig")
    settings.attempt(walk, IMAGE, settings.CONFIG, "Config")
    containers.lists(walk, full)
    containers.lifecycle(walk, full)
    containers.streams(walk, full)
    containers.execs(walk)
    containers.running_lists(walk)
    containers.ends(walk)
    registries(walk)
    elsewhere(walk)
    refused(walk)
    if options.record:
        record(walk, options.record)
    faults = collections.Counter(walk.faults)
    for text, count in faults.items():
        print(text if count == 1 else f"{text} ({count} times)")
    operations = len(walk.contract.operations)
    print(f"conformance: {sum(walk.calls.values())} calls of {operations} operations, {len(faults)} faults")
    return 1 if faults else 0


def record(walk, path):
    out = {
        name: {key: sorted(values) for key, values in result.items()} for name, result in sorted(walk.results.items())
    }
    with open(path, "w", encoding="utf-8") as file:
        file.write(
            "{\n%s\n}\n" % ",\n".join(f"{json.dumps(k)}:{json.dumps(v, sort_keys=True)}" for k, v in out.items())
        )


if __name__ == "__main__":
    sys.exit(main())
