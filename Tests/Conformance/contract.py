"""Writes contract.json from Docker's OpenAPI document: what a program can check (paths, parameters, status codes, names
and types of members), none of its sentences.

    contract.py DOCUMENT.yaml >contract.json        (needs PyYAML)

The document is `api/docs/v1.51.yaml` of https://github.com/moby/moby, Apache License 2.0.
"""

import json
import sys

# What says something about a value.
KEPT = (
    "$ref",
    "type",
    "format",
    "enum",
    "required",
    "minimum",
    "maximum",
    "pattern",
    "minLength",
    "maxLength",
    "x-nullable",
)
# Of operations that Quell refuses whole, only the names are kept.
REFUSED = ("/swarm", "/services", "/tasks", "/nodes", "/secrets", "/configs", "/plugins", "/session")
ANSWERED = {("get", "/plugins"), ("get", "/plugins/{name}/json"), ("post", "/swarm/leave")}


def schema(node):
    """A schema without its prose."""
    if not isinstance(node, dict):
        return node
    out = {key: node[key] for key in KEPT if key in node}
    if "properties" in node:
        out["properties"] = {name: schema(member) for name, member in node["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in node:
            out[key] = schema(node[key])
    if "allOf" in node:
        out["allOf"] = [schema(member) for member in node["allOf"]]
    return out


def parameter(node):
    out = {key: node[key] for key in ("name", "in", "required") if key in node}
    if "schema" in node:
        out["schema"] = schema(node["schema"])
    return out | {key: value for key, value in schema(node).items() if key != "required"}


def operation(method, path, node, document):
    refused = path.startswith(REFUSED) and (method, path) not in ANSWERED
    out = {"method": method.upper(), "path": path}
    if refused:
        return out
    out["parameters"] = [parameter(each) for each in node.get("parameters", [])]
    out["produces"] = node.get("produces", document["produces"])
    out["responses"] = {
        str(code): schema(answer["schema"]) if "schema" in answer else None
        for code, answer in sorted(node["responses"].items())
    }
    return out


def references(node, found):
    if isinstance(node, dict):
        if "$ref" in node:
            found.add(node["$ref"].rsplit("/", 1)[1])
        for value in node.values():
            references(value, found)
    elif isinstance(node, list):
        for value in node:
            references(value, found)
    return found


def main():
    import yaml

    with open(sys.argv[1], encoding="utf-8") as file:
        document = yaml.safe_load(file)
    operations = [
        operation(method, path, node, document)
        for path, methods in document["paths"].items()
        for method, node in methods.items()
    ]
    wanted = references(operations, set())
    definitions = {}
    while missing := wanted - set(definitions):
        for name in missing:
            definitions[name] = schema(document["definitions"][name])
        wanted |= references(definitions, set())

    # One operation or definition a line, so that a newer document makes a readable difference.
    def line(value):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))

    print('{"license":"Facts from the OpenAPI document of https://github.com/moby/moby (Apache License 2.0)",')
    print('"version":%s,' % line(document["info"]["version"]))
    print('"operations":[\n%s\n],' % ",\n".join(line(each) for each in operations))
    print('"definitions":{\n%s\n}}' % ",\n".join(f"{line(k)}:{line(v)}" for k, v in sorted(definitions.items())))


if __name__ == "__main__":
    main()
