"""Calls operations of the contract and judges the answers: status, content type, body. Standard library only."""

import collections

from client import Client
from contract_check import Contract

VERSION = "/v1.51"
# Statuses that an operation may answer with though the document does not list them for it. Docker's own engine does so
# too; the document is silent about them.
ALSO = {
    400: "the request is malformed",
    404: "there is no such path",
    409: "the container is not in the state for it",
    501: "not offered by Quell",
}

# These may also say 401: the registry does not take the credentials.
ASKING = ("/auth", "/distribution/{name}/json", "/images/create", "/images/{name}/push")


class Walk:
    def __init__(self, path):
        self.client, self.contract = Client(path), Contract()
        self.faults = []
        self.calls = collections.Counter()
        self.results = {}

    def call(
        self, method, template, status, body=None, query=None, headers=None, lines=False, version=VERSION, **names
    ):
        """One call of the operation, judged. `lines`: the body is a stream of JSON values. `status` None: any documented."""
        target = version + template
        for name, value in names.items():
            target = target.replace("{%s}" % name, value)
        answer = self.client.send(method, target, body, headers, query)
        self.judge(method, template, status, answer, lines)
        return answer

    def fault(self, method, template, text):
        self.faults.append(f"{method} {template}: {text}")

    def judge(self, method, template, expected, answer, lines=False):
        operation = self.contract.operations[method, template]
        self.calls[method, template] += 1
        result = self.results.setdefault(
            f"{method} {template}", {"statuses": set(), "there": set(), "extra": set(), "undocumented": set()}
        )
        result["statuses"].add(answer.status)
        if expected is None:
            expected = answer.status
        if answer.status != expected:
            return self.fault(method, template, f"expected {expected}, got {answer}")
        documented = operation.get("responses", {})
        if str(expected) not in documented:
            if expected not in ALSO and not (expected == 401 and template in ASKING):
                return self.fault(method, template, f"{expected} is not documented: {answer}")
            result["undocumented"].add(expected)
        if expected == 101 or method == "HEAD":
            return None
        if expected >= 400:
            return self.judge_error(method, template, answer)
        self.judge_type(method, template, operation, answer)
        schema = documented.get(str(expected))
        if schema is None:
            if answer.body and expected in (201, 204, 304):
                self.fault(method, template, f"a body where none is documented: {answer}")
            return None
        if self.contract.resolve(schema).get("type") == "string":
            return None
        try:
            values = answer.lines if lines else [answer.json]
        except ValueError as error:
            return self.fault(method, template, f"no JSON: {error}: {answer}")
        for value in values:
            for text in self.contract.faults(schema, value, seen=result):
                self.fault(method, template, text)

    def judge_error(self, method, template, answer):
        if answer.type != "application/json":
            self.fault(method, template, f"an error of type {answer.type!r}")
        try:
            faults = self.contract.faults({"$ref": "#/definitions/ErrorResponse"}, answer.json)
            if not answer.json.get("message"):
                faults.append("an error without a message")
        except ValueError:
            faults = [f"an error that is no JSON: {answer}"]
        for text in faults:
            self.fault(method, template, text)

    def judge_type(self, method, template, operation, answer):
        if not answer.body:
            return
        if answer.type not in operation["produces"]:
            self.fault(method, template, f"content type {answer.type!r} is none of {operation['produces']}")

    def expect(self, condition, text):
        if not condition:
            self.faults.append(text)
