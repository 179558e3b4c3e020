"""What people do with podman-compose, whose `podman` is quell: bring up two services that talk by name, scale, stop, take down."""
import os
import subprocess
import time

import pytest

SERVICES = """
services:
  web:
    image: busybox
    command: ["sh", "-c", "mkdir -p /w; echo hello >/w/index.html; trap 'exit 0' TERM; httpd -f -p 80 -h /w & wait $$!"]
    ports: ["18080:80"]
  client:
    image: busybox
    command: ["sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait $$!; done"]
    depends_on: [web]
"""


def run(*words, cwd=None):
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def names(*options):
    return sorted(run("podman", "ps", "--format", "{{.Names}}", *options).split())


@pytest.fixture(params=["with a pod", "without"])
def compose(request, tmp_path):
    (tmp_path / "compose.yaml").write_text(SERVICES)
    options = ["--in-pod", "true" if request.param == "with a pod" else "false", "-p", "case"]

    def call(*words):
        return run(os.environ["PODMAN_COMPOSE"], *options, *words, cwd=tmp_path)

    yield call
    call("down", "-v", "--remove-orphans")


def fetch(client):
    end = time.monotonic() + 10
    while True:
        try:
            return run("podman", "exec", client, "wget", "-qO-", "http://web/")
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def test_up_scale_stop_and_down(compose):
    compose("up", "-d")
    assert names() == ["case_client_1", "case_web_1"]
    assert fetch("case_client_1") == "hello\n"
    assert "case_default" in run("podman", "network", "ls", "--format", "{{.Name}}").split()
    assert run("podman", "port", "case_web_1") == "80/tcp -> 0.0.0.0:18080\n"
    compose("up", "-d", "--scale", "client=3")
    assert names() == ["case_client_1", "case_client_2", "case_client_3", "case_web_1"]
    assert fetch("case_client_3") == "hello\n"
    # Of a service it stops those that the file names.
    compose("down", "--remove-orphans")
    assert names("-a") == []
    compose("up", "-d")
    compose("stop")
    assert names() == []
    compose("start")
    assert fetch("case_client_1") == "hello\n"
    compose("down")
    assert names("-a") == []
    assert "case_default" not in run("podman", "network", "ls", "--format", "{{.Name}}").split()
    assert run("podman", "pod", "ls", "--format", "{{.Name}}") == ""


def test_logs_exec_and_run(compose):
    compose("up", "-d", "web")
    assert compose("exec", "-T", "web", "cat", "/w/index.html") == "hello\n"
    assert compose("run", "--rm", "-T", "--no-deps", "client", "echo", "ran").endswith("ran\n")
    assert compose("exec", "-T", "web", "sh", "-c", "echo said >/proc/1/fd/1") == ""
    assert "said" in compose("logs", "--no-color", "web")
    compose("restart", "web")
    assert "case_web_1" in names()
