"""What goes wrong around the engine during a chaos run, each for a moment and then taken back."""

import os
import resource
import signal
import subprocess
import threading
import time

import kernel


class Faults:
    """One fault after the other, drawn from the seed. `quiet` is set while nothing is wrong with quelld itself."""

    def __init__(self, engine, random, fleet):
        self.engine, self.random, self.fleet = engine, random, fleet
        self.counts = {}
        self.quelld_works = threading.Event()
        self.quelld_works.set()
        # While it is set, clients go away before they have their answers.
        self.clients_die = threading.Event()
        if not engine.clock:
            self.KINDS = {kind: weight for kind, weight in self.KINDS.items() if kind != "clock stepped"}

    KINDS = {
        "quelld killed": 4, "quelld stopped": 3, "shim killed": 3, "shim stopped": 4, "runtime killed": 3,
        "disk full": 2, "descriptors exhausted": 2, "memory pressure": 1, "processors busy": 2, "processes killed": 3,
        "clients died": 2, "processes exhausted": 2, "clock stepped": 2,
    }

    def one(self):
        kind = self.random.choices(list(self.KINDS), list(self.KINDS.values()))[0]
        self.counts[kind] = self.counts.get(kind, 0) + 1
        getattr(self, kind.replace(" ", "_"))()

    def quelld_killed(self):
        self.quelld_works.clear()
        self.engine.kill()
        time.sleep(self.random.choice([0, 0, 0.2, 1]))
        self.engine.start()
        if not self.engine.answers():
            raise SystemExit("quelld did not come back: " + open(self.engine.work + "/quelld.log").read()[-2000:])
        self.quelld_works.set()

    def quelld_stopped(self):
        self.quelld_works.clear()
        self._stopped(self.engine.process.pid, self.random.uniform(0.1, 2))
        self.quelld_works.set()

    def shim_killed(self):
        pid = self._one_of(self.engine.shims())
        if pid:
            self.fleet.supervisor_goes(pid)
            self._signal(pid, signal.SIGKILL)

    def shim_stopped(self):
        pid = self._one_of(self.engine.shims())
        if pid:
            self._stopped(pid, self.random.uniform(0.1, 3))

    def runtime_killed(self):
        """A runtime lives for milliseconds: it is lain in wait for."""
        end = time.monotonic() + 1
        while time.monotonic() < end:
            pid = self._one_of(self.engine.runtimes())
            if pid:
                return self._signal(pid, signal.SIGKILL)

    def processes_killed(self):
        """A container's process is killed from outside, as an administrator or the OOM killer would."""
        pid = self._one_of(self.fleet.processes())
        if pid:
            self._signal(pid, self.random.choice([signal.SIGKILL, signal.SIGTERM]))

    def clients_died(self):
        self.clients_die.set()
        time.sleep(self.random.uniform(0.3, 1.5))
        self.clients_die.clear()

    def processes_exhausted(self):
        """The cgroup of all containers and supervisors may have hardly more processes than it has."""
        for directory in kernel.directories(self.engine.parent):
            limit = directory + "/pids.max"
            if not os.path.exists(limit):
                continue
            with open(directory + "/pids.current") as file:
                now = int(file.read())
            try:
                self._write(limit, now + self.random.choice([0, 3, 10]))
                time.sleep(self.random.uniform(0.2, 2))
            finally:
                self._write(limit, "max")

    def clock_stepped(self):
        """The wall clock of quelld, by an hour or a day, there or back; it stays so until the next step."""
        self.engine.step_clock(self.random.choice([-86400, -3600, -5, 0, 5, 3600, 86400]))

    def disk_full(self):
        path = self.engine.data + "/filler"
        try:
            with open(path, "wb", buffering=0) as file:
                for size in (1 << 20, 4096):
                    try:
                        while True:
                            file.write(b"x" * size)
                    except OSError:
                        continue
            time.sleep(self.random.uniform(0.5, 2))
        finally:
            os.unlink(path)

    def descriptors_exhausted(self):
        pid = self.engine.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        open_now = len(os.listdir(f"/proc/{pid}/fd"))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + self.random.choice([0, 2, 5]), before[1]))
        time.sleep(self.random.uniform(0.2, 1.5))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)

    def memory_pressure(self):
        self._stress("--vm", "2", "--vm-bytes", "40%", "--timeout", "3")

    def processors_busy(self):
        self._stress("--cpu", "8", "--timeout", "3")

    def _stress(self, *words):
        subprocess.run(["stress-ng", "--quiet", *words], check=False, cwd="/tmp", timeout=60)

    def _stopped(self, pid, seconds):
        self._signal(pid, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            self._signal(pid, signal.SIGCONT)

    def _one_of(self, pids):
        pids = sorted(pids)
        return self.random.choice(pids) if pids else None

    @staticmethod
    def _write(path, value):
        with open(path, "w") as file:
            file.write(str(value))

    @staticmethod
    def _signal(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
