"""Prints docs/docker-api.md: from the contract, from results.json (what `walk.py --record` saw), and from notes.py."""

import json
import os

import notes
import settings
from contract_check import Contract

HERE = os.path.dirname(os.path.abspath(__file__))


def absent(contract, operation, result):
    """Documented members of good answers that were never seen, without those inside another."""
    names = set()
    for code, schema in operation.get("responses", {}).items():
        if schema and code < "400":
            names |= contract.names(schema)
    missing = sorted(names - set(result["there"]))
    return [
        name
        for name in missing
        if not any(name != other and name.startswith((other + ".", other + "[")) for other in missing)
    ]


def reason(name):
    bare = name
    for prefix in ("[].", "Containers[].", "Images[].", "Volumes[]."):
        bare = bare.removeprefix(prefix)
    fits = [start for start in notes.ABSENT if bare.startswith(start) or bare.endswith("." + start)]
    return notes.ABSENT[max(fits, key=len)] if fits else None


def grouped(names):
    """Members by the reason why they are not there."""
    groups = {}
    for name in names:
        groups.setdefault(reason(name), []).append(f"`{name}`")
    return groups


def call(contract, key, operation, result):
    lines = [f"### `{key}`", ""]
    statuses = ", ".join(str(status) for status in result["statuses"])
    extra = (
        f"; beside the document: {', '.join(str(each) for each in result['undocumented'])}"
        if result["undocumented"]
        else ""
    )
    lines += [f"Answers seen: {statuses}{extra}.", ""]
    bullets = list(notes.CALLS.get(key, []))
    if result["extra"]:
        bullets.append("Quell's own: " + ", ".join(f"`{name}`" for name in result["extra"]) + ".")
    if 501 not in result["statuses"] or len(result["statuses"]) > 1:
        for why, names in grouped(absent(contract, operation, result)).items():
            bullets.append(
                f"Not seen ({why}): " + ", ".join(names) + "." if why else "Not seen: " + ", ".join(names) + "."
            )
    return lines + [f"- {text}" for text in bullets] + ([""] if bullets else [])


def table(title, entries):
    lines = [f"### `{title}`", "", "| setting | | |", "| --- | --- | --- |"]
    words = {
        settings.DONE: "done",
        settings.KEPT: "kept and shown",
        settings.REFUSED: "refused (501)",
        settings.INVALID: "refused (400)",
    }
    lines += [f"| `{name}` | {words[outcome]} | {note} |" for name, (_, outcome, note) in sorted(entries.items())]
    return lines + [""]


def main():
    contract = Contract()
    with open(os.path.join(HERE, "results.json"), encoding="utf-8") as file:
        results = json.load(file)
    offered, refused = [], []
    for (method, path), operation in contract.operations.items():
        result = results[f"{method} {path}"]
        (refused if result["statuses"] == [501] else offered).append((f"{method} {path}", operation, result))
    out = [
        "# The Docker Engine API, call by call",
        "",
        "Written by `scripts/docker-api` from Docker's OpenAPI document "
        f"(version {contract.version}, as `Tests/Conformance/contract.json`) and from what `make conformance` saw; `make lint` "
        "compares it. A call that is not named here in a special way answers as the document says, with every documented member.",
        "",
        "Versions 1.24 to 1.51 are served, by the path (`/v1.41/…`) or without one. For every call:",
        "",
        '- An error is JSON, `{"message": …}`. Beside the statuses that the document lists for a call, 400 says that the request is '
        "malformed, 404 that there is no such path, 409 that the container is not in the state for it, 501 that Quell does not offer it "
        "(Docker's own engine answers 400, 404 and 409 too where the document is silent).",
        "- A body must be `Content-Type: application/json` where JSON is expected.",
        "- Unknown members and parameters are overlooked, as the document has it; unknown filters are refused.",
        "- Members that begin with `Quell` are Quell's own.",
        "",
        "## Differences between versions",
        "",
        "| | |",
        "| --- | --- |",
    ]
    out += [f"| {when} | {what} |" for when, what in notes.VERSIONS]
    out += ["", "## Calls", ""]
    for key, operation, result in offered:
        out += call(contract, key, operation, result)
    out += ["## Calls that are not offered", "", "They answer 501 and say so.", ""]
    out += [f"- `{key}`" + "".join(f" {text}" for text in notes.CALLS.get(key, [])) for key, _, _ in refused]
    out += [
        "",
        "## Settings of a container",
        "",
        "Every member of the request that the document knows, as `make conformance` tries it. Refused means: by name.",
        "",
    ]
    out += table("HostConfig", settings.HOST) + table("Config", settings.CONFIG)
    print("\n".join(out).rstrip())


if __name__ == "__main__":
    main()
