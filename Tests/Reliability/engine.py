"""A quelld of one's own: its roots, its image, its death and its return; and a client of Docker's API on its socket."""

import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Conformance"))
from client import Client  # noqa: E402

import kernel  # noqa: E402


class Engine:
    """`disk`: bytes of a file system of its own for the data root (a loop device), or None. `clock`: its wall clock can be
    stepped, where libfaketime is installed."""

    def __init__(self, programs, disk=None, configuration=None, clock=False):
        self.programs = programs
        self.clock = next(iter(glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")), None) if clock else None
        self.work = tempfile.mkdtemp(prefix="quell-reliability-")
        self.data, self.run = self.work + "/data", self.work + "/run"
        self.parent = "quell-reliability-" + str(os.getpid())
        self.socket = self.run + "/quell.sock"
        self.process = None
        self.deaths = 0
        os.makedirs(self.data)
        os.makedirs(self.run)
        if disk:
            image = self.work + "/disk"
            with open(image, "wb") as file:
                file.truncate(disk)
            subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
            subprocess.run(["mount", "-o", "loop", image, self.data], check=True)
        self.step_clock(0)
        with open(self.work + "/daemon.json", "w") as file:
            json.dump(configuration or {}, file)

    def start(self):
        log = open(self.work + "/quelld.log", "ab")
        environment, before = dict(os.environ), []
        if self.clock:
            # The library changes the environment, beside which Swift looks for its arguments: it is done with that when env
            # executes quelld.
            before = ["/usr/bin/env"]
            # Deadlines are of the monotonic clock, which nobody can step.
            environment |= {"LD_PRELOAD": self.clock, "FAKETIME_TIMESTAMP_FILE": self.work + "/clock",
                            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.process = subprocess.Popen(
            before + [self.programs + "/quelld", "--config-file", self.work + "/daemon.json", "--data-root", self.data]
            + ["--run-root", self.run, "--cgroup-parent", self.parent, "-H", "unix://" + self.socket]
            # Nothing of the host's is changed.
            + ["--default-network", "none"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environment)
        log.close()

    def step_clock(self, seconds):
        """By so much it is wrong from now on."""
        with open(self.work + "/clock.new", "w") as file:
            file.write(f"{seconds:+d}")
        os.replace(self.work + "/clock.new", self.work + "/clock")

    def answers(self, within=60):
        """Whether it answers within so many seconds."""
        end = time.monotonic() + within
        while time.monotonic() < end:
            if self.process.poll() is not None:
                return False
            try:
                if self.client(5).send("GET", "/_ping").status == 200:
                    return True
            except OSError:
                time.sleep(0.02)
        return False

    def kill(self):
        self.deaths += 1
        self.process.kill()
        self.process.wait()

    def client(self, timeout=120):
        return Client(self.socket, timeout)

    def image(self, name="reliability"):
        """busybox, with a link for each of its commands."""
        tree = self.work + "/rootfs"
        for directory in ("bin", "etc", "tmp", "proc", "sys", "dev", "root"):
            os.makedirs(f"{tree}/{directory}")
        busybox = shutil.which("busybox")
        shutil.copy(busybox, tree + "/bin/busybox")
        for applet in subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout.split():
            if applet != "busybox":
                os.symlink("busybox", f"{tree}/bin/{applet}")
        with open(tree + "/etc/passwd", "w") as file:
            file.write("root:x:0:0:root:/root:/bin/sh\n")
        subprocess.run(["tar", "-C", tree, "-cf", self.work + "/rootfs.tar", "."], check=True)
        subprocess.run([self.programs + "/quell", "-H", "unix://" + self.socket, "image", "import"]
                       + [self.work + "/rootfs.tar", name], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)
        os.unlink(self.work + "/rootfs.tar")
        return name

    def shims(self):
        """Pids of our supervisors, by what their command lines name."""
        found = []
        for process in kernel.processes():
            if process.name != "quell-shim":
                continue
            try:
                with open(f"/proc/{process.pid}/cmdline", "rb") as file:
                    if self.work.encode() in file.read():
                        found.append(process.pid)
            except OSError:
                continue
        return found

    def runtimes(self):
        """Pids of the OCI runtimes that are children of our supervisors now."""
        shims = set(self.shims())
        return [process.pid for process in kernel.processes() if process.name in ("crun", "runc") and process.parent in shims]

    def left_behind(self):
        """What is there of ours after every container has been removed and the engine has ended."""
        found = [f"process {process}" for process in kernel.processes() if process.pid in set(self.shims())]
        for directory in kernel.directories(self.parent):
            found += [f"cgroup {path}" for path, below, _ in os.walk(directory) if not below]
        with open("/proc/self/mountinfo") as file:
            points = [line.split(" ")[4] for line in file]
        found += [f"mount {point}" for point in points if point.startswith(self.work + "/") and point != self.data]
        found += [f"bundle {name}" for name in os.listdir(self.run + "/c")] if os.path.isdir(self.run + "/c") else []
        return found

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def clear(self):
        """Ends by force whatever is left, and removes the roots."""
        self.end()
        for directory in kernel.directories(self.parent):
            end = time.monotonic() + 10
            while os.path.isdir(directory) and time.monotonic() < end:
                for pid in kernel.members(directory):
                    _signal(pid, signal.SIGKILL)
                for path, _, _ in os.walk(directory, topdown=False):
                    try:
                        os.rmdir(path)
                    except OSError:
                        continue
                time.sleep(0.02)
        for pid in self.shims():
            _signal(pid, signal.SIGCONT)
            _signal(pid, signal.SIGKILL)
        with open("/proc/self/mountinfo") as file:
            points = [line.split(" ")[4] for line in file]
        for point in sorted((point for point in points if point.startswith(self.work + "/")), reverse=True):
            subprocess.run(["umount", "-l", point], check=False)
        shutil.rmtree(self.work, ignore_errors=True)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
