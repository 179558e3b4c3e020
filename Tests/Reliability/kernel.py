"""What the kernel itself says about processes: /proc, the cgroup file systems, and the process connector (cn_proc).

Nothing here knows how the engine does its work; no file and no code of the engine is read.
"""

import os
import socket
import struct
import threading
import time

MARK = b"QUELL_AUDIT="


class Process:
    """One process as /proc shows it now."""

    __slots__ = ("pid", "state", "parent", "name", "started")

    def __init__(self, pid, state, parent, name, started):
        self.pid, self.state, self.parent, self.name, self.started = pid, state, parent, name, started

    def __str__(self):
        return f"{self.pid} ({self.name}) {self.state}"

    @property
    def alive(self):
        return self.state not in "ZX"


TICK = os.sysconf("SC_CLK_TCK")


def process(pid):
    """The process, or None. `started` is in seconds of the boot clock, as precise as a clock tick."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            line = file.read()
    except OSError:
        return None
    name, rest = line[line.index(b"(") + 1 : line.rindex(b")")], line[line.rindex(b")") + 2 :].split()
    return Process(int(pid), rest[0].decode(), int(rest[1]), name.decode(errors="replace"), int(rest[19]) / TICK)


def boot_time():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def processes():
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            found = process(entry)
            if found:
                yield found


def mark_of(pid):
    """What the process has as QUELL_AUDIT in its environment: given at create, inherited by everybody below."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            environment = file.read()
    except OSError:
        return None
    for entry in environment.split(b"\0"):
        if entry.startswith(MARK):
            return entry[len(MARK) :].decode(errors="replace")
    return None


_tops = None


def directories(cgroup):
    """Where this cgroup is, in every hierarchy that has it."""
    tops = {top for tops in _hierarchies().values() for top in tops}
    return [directory for top in sorted(tops) if os.path.isdir(directory := f"{top}/{cgroup}")]


def _hierarchies():
    global _tops
    if _tops is None:
        _tops = {}
        with open("/proc/self/mountinfo") as file:
            for line in file:
                before, after = line.rstrip("\n").split(" - ")
                kind, _, options = after.split(" ", 2)
                point = before.split(" ")[4]
                if kind == "cgroup2":
                    _tops.setdefault("", []).append(point)
                elif kind == "cgroup":
                    words = [word for word in options.split(",") if word not in ("rw", "ro")]
                    named = [word for word in words if word.startswith("name=")]
                    controllers = [word for word in words if word in _CONTROLLERS]
                    for key in {",".join(named or controllers), ",".join(controllers)} - {""}:
                        _tops.setdefault(key, []).append(point)
    return _tops


_CONTROLLERS = {
    "cpuset", "cpu", "cpuacct", "blkio", "memory", "devices", "freezer", "net_cls", "perf_event", "net_prio", "hugetlb",
    "pids", "rdma", "misc",
}


def members(directory):
    """Process ids in the cgroup and below it; empty where it is gone."""
    found = set()
    for path, _, _ in os.walk(directory):
        try:
            with open(path + "/cgroup.procs") as file:
                found.update(int(line) for line in file)
        except OSError:
            continue
    found.discard(0)
    return found


class ProcessEvents:
    """The process connector: the kernel's own account of every fork, exec and exit on the host, with exit statuses.

    From it is known, without asking the engine, which processes carry a mark (by exec, with QUELL_AUDIT in the
    environment, or by fork from one that has it), which of them are main processes, and how each ended. `gaps` counts
    losses (the socket's buffer was full): what went on around one is not judged by it.
    """

    _CN_IDX_PROC = 1
    _FORK, _EXEC, _EXIT = 0x1, 0x2, 0x80000000

    def __init__(self):
        self.gaps = 0
        self._marks, self._exits, self._of_mark, self._mains = {}, {}, {}, {}
        self._ends, self._lock = threading.Event(), threading.Lock()
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 11)
        self.socket.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        self.socket.bind((0, self._CN_IDX_PROC))
        self.socket.settimeout(0.5)
        self._listen(1)
        self._thread = threading.Thread(target=self._read, name="process events", daemon=True)
        self._thread.start()

    def _listen(self, word):
        operation = struct.pack("=I", word)
        connector = struct.pack("=IIIIHH", self._CN_IDX_PROC, 1, 0, 0, len(operation), 0) + operation
        self.socket.send(struct.pack("=IHHII", 16 + len(connector), 3, 0, 0, os.getpid()) + connector)

    def close(self):
        self._ends.set()
        self._thread.join(5)
        self._listen(2)
        self.socket.close()

    def _read(self):
        while not self._ends.is_set():
            try:
                data = self.socket.recv(1 << 16)
            except socket.timeout:
                continue
            except OSError:  # ENOBUFS
                self.gaps += 1
                continue
            # nlmsghdr 16, cn_msg 20, then: what, cpu, timestamp (ns, monotonic), and the event's own.
            what, _, when = struct.unpack_from("=IIQ", data, 36)
            if what == self._FORK:
                _, parent, pid, tgid = struct.unpack_from("=IIII", data, 52)
                if pid == tgid:
                    with self._lock:
                        self._forget(pid)
                        if parent in self._marks:
                            self._remember(pid, self._marks[parent])
            elif what == self._EXEC:
                pid = struct.unpack_from("=II", data, 52)[1]
                if pid not in self._marks:
                    mark = mark_of(pid)
                    if mark:
                        with self._lock:
                            self._remember(pid, mark)
                            self._mains.setdefault(mark, []).append((pid, when))
            elif what == self._EXIT:
                pid, tgid, status, _ = struct.unpack_from("=IIII", data, 52)
                if pid == tgid and pid in self._marks:
                    with self._lock:
                        self._exits[pid] = (when, status)

    def _remember(self, pid, mark):
        self._marks[pid] = mark
        self._of_mark.setdefault(mark, set()).add(pid)

    def _forget(self, pid):
        """The number is used anew."""
        mark = self._marks.pop(pid, None)
        if mark is not None:
            self._of_mark[mark].discard(pid)
        self._exits.pop(pid, None)

    def drop(self, mark):
        """Nothing more will be asked about the mark."""
        with self._lock:
            for pid in self._of_mark.pop(mark, set()):
                self._marks.pop(pid, None)
                self._exits.pop(pid, None)
            self._mains.pop(mark, None)

    def marked(self, mark):
        """Every process that was seen with the mark and whose number was not used anew."""
        with self._lock:
            return set(self._of_mark.get(mark, ()))

    def mains(self, mark):
        """(pid, monotonic ns of its exec) of the processes that came to the mark by exec, oldest first."""
        with self._lock:
            return list(self._mains.get(mark, ()))

    def exit_of(self, pid, within=0.0):
        """(monotonic ns, wait status) of a marked process that has ended, or None. Waits up to `within` seconds."""
        end = time.monotonic() + within
        while True:
            found = self._exits.get(pid)
            if found or time.monotonic() >= end:
                return found
            time.sleep(0.005)


def docker_code(status):
    """A wait status as Docker shows it: the code, or 128 and the signal's number."""
    signal = status & 0x7F
    return 128 + signal if signal else (status >> 8) & 0xFF
