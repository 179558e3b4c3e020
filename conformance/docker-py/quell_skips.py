"""A plugin of pytest: skips what `skipped` beside it names, and writes one line for each test to QUELL_RESULTS."""
import fnmatch
import os
import pathlib

import pytest


# Skipped where there is nothing in Docker Hub's place.
PULLS = "pulls from Docker Hub"


def skips():
    for line in (pathlib.Path(__file__).parent / "skipped").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, reason = line.split(None, 1)
            if reason != PULLS or not os.environ.get("QUELL_HUB"):
                yield pattern, reason


def short(node):
    return node.split("tests/integration/", 1)[-1]


def pytest_collection_modifyitems(items):
    known = list(skips())
    for item in items:
        for pattern, reason in known:
            if fnmatch.fnmatch(short(item.nodeid), pattern):
                item.add_marker(pytest.mark.skip(reason=reason))
                break


outcomes = {}


def pytest_runtest_logreport(report):
    name = short(report.nodeid)
    # The worst of set-up, call and clean-up; xfail is what docker-py itself expects.
    if report.failed:
        outcomes[name] = ("failed", str(report.longrepr).strip().splitlines()[-1][:200])
    elif report.skipped and name not in outcomes:
        reason = getattr(report, "wasxfail", None)
        text = "docker-py expects it to fail: " + reason if reason is not None else report.longrepr[2]
        outcomes[name] = ("skipped", text.removeprefix("Skipped: "))
    elif report.when == "call":
        outcomes.setdefault(name, ("passed", ""))


def pytest_sessionfinish():
    with open(os.environ["QUELL_RESULTS"], "w") as results:
        for name, (outcome, reason) in sorted(outcomes.items()):
            results.write(f"{outcome}\t{name}\t{reason}\n")
