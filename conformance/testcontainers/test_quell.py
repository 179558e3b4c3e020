"""What programs do with testcontainers: start, wait for a line of the log, run a command, read files and the log, stop."""
import docker
import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import wait_for_logs

SERVER = "trap 'echo bye; exit 0' TERM; echo listening; while :; do sleep 1 & wait $!; done"


def container(command=SERVER):
    # There are no bridge networks yet.
    return DockerContainer("busybox:latest").with_command(["sh", "-c", command]).with_kwargs(network_mode="none")


def test_starts_waits_and_stops():
    with container() as started:
        wait_for_logs(started, "listening", timeout=20)
        identity = started.get_wrapped_container().id
        assert docker.from_env().containers.get(identity).status == "running"
    with pytest.raises(docker.errors.NotFound):
        docker.from_env().containers.get(identity)


def test_runs_commands():
    with container() as started:
        wait_for_logs(started, "listening", timeout=20)
        assert started.exec("echo inside").output == b"inside\n"
        assert started.exec(["sh", "-c", "exit 3"]).exit_code == 3


def test_reads_both_streams():
    with container("echo out; echo err >&2; sleep 60") as started:
        wait_for_logs(started, "err", timeout=20)
        assert started.get_logs() == (b"out\n", b"err\n")


def test_environment_and_volumes(tmp_path):
    (tmp_path / "file").write_text("from the host\n")
    made = container("echo $GREETING; cat /data/file; sleep 60").with_env("GREETING", "hello")
    with made.with_volume_mapping(str(tmp_path), "/data", "ro") as started:
        wait_for_logs(started, "from the host", timeout=20)
        assert b"hello" in started.get_logs()[0]


def test_what_ends_too_soon_is_noticed():
    with container("echo failed; exit 4") as started:
        assert started.get_wrapped_container().wait()["StatusCode"] == 4
        with pytest.raises(Exception):
            wait_for_logs(started, "never", timeout=2)
