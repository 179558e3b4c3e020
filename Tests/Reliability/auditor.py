"""Compares what the API said with what the kernel shows. It shares no code with the engine and reads none of its files.

A false stop: an answer says that a container has ended, and a process of it that was there before the question was asked
is still alive after the answer came. Such a process was alive while the engine spoke.
"""

import threading
import time

import kernel
from fleet import state

# A process that the kernel reports as ended this much later than the answer has been alive at the answer, also where our
# own look came too late to see it. Less is no evidence: the report follows the end, and may have to wait for a CPU.
TOLERANCE = 0.5
FAILED_START = ("was stopped while it was being started", "failed to create task for container", "start the shim",
                "its start failed while the engine was restarted", "record the state of container")


class Auditor:
    def __init__(self, events):
        self.events = events
        self.lock = threading.Lock()
        self.looks = 0
        self.faults = {"false stop": [], "wrong exit code": [], "lost exit": [], "resurrection": [], "lost container": [],
                       "late answer": [], "wrong answer": [], "left behind": []}
        self.unjudged, self.unknown = 0, 0
        self.latest_end = 0.0
        self._deferred = []

    def fault(self, kind, text):
        with self.lock:
            self.faults[kind].append(text)
        print(f"FAULT {kind}: {text}", flush=True)

    @property
    def faulty(self):
        return sum(len(texts) for texts in self.faults.values())

    def ended(self, container, asked, answered, said):
        """The engine said, to a question of `asked` answered at `answered` (monotonic seconds), that it has ended."""
        now = kernel.boot_time() - (time.monotonic() - asked)
        pids = self.events.marked(container.mark)
        with self.lock:
            self.looks += 1
        for pid in pids:
            process = kernel.process(pid)
            # A number used anew belongs to somebody younger than the question.
            if process and process.alive and process.started <= now - 0.02 and kernel.mark_of(pid) == container.mark:
                self.fault("false stop", f"{container.name}: {said}, and {process} lives")
        with self.lock:
            self._deferred.append((container.name, container.mark, answered, frozenset(pids), said))

    def judge_deferred(self):
        """What the process connector has reported meanwhile about those that were said to have ended."""
        with self.lock:
            waiting, self._deferred = self._deferred, []
        keep = []
        for entry in waiting:
            name, mark, answered, pids, said = entry
            if time.monotonic() - answered < 2 * TOLERANCE:
                keep.append(entry)
                continue
            for pid in pids:
                end = self.events.exit_of(pid)
                if end and self._started_before(mark, pid, answered):
                    late = end[0] / 1e9 - answered
                    self.latest_end = max(self.latest_end, late)
                    if late > TOLERANCE:
                        self.fault("false stop", f"{name}: {said}, and {pid} ended {late * 1000:.0f} ms after that")
        with self.lock:
            self._deferred += keep

    def _started_before(self, mark, pid, moment):
        return all(start / 1e9 <= moment for main, start in self.events.mains(mark) if main == pid)

    def code(self, container, told):
        """The exit code that inspect gives against the wait status that the kernel reported of the last main process."""
        mains = self.events.mains(container.mark)
        if not mains or self.events.gaps:
            self.unjudged += 1
            return
        if told.get("ExitCodeObserved") is False:
            self.unknown += 1
            # A start that failed, or that a stop overtook, says so: nobody promised to have seen the end of what there was.
            failed = any(words in told.get("Error", "") for words in FAILED_START)
            if not container.supervisor_killed and not failed:
                self.fault("wrong exit code", f"{container.name}: unknown, though its supervisor was not killed: {told.get('Error')}")
            return
        end = self.events.exit_of(mains[-1][0], within=1)
        if end is None:
            self.unjudged += 1
        elif told["ExitCode"] == 137 and (container.policy or container.started_at - end[0] / 1e9 > TOLERANCE):
            # It was started again after that, and the process of that start may have been killed before it had executed anything
            # by which we would know it.
            self.unjudged += kernel.docker_code(end[1]) != 137
        elif kernel.docker_code(end[1]) != told["ExitCode"]:
            self.fault("wrong exit code", f"{container.name}: {told['ExitCode']}, and the kernel says {kernel.docker_code(end[1])}")

    def settled(self, client, container):
        """With nothing under way: the engine's word about a container against what is there."""
        asked = time.monotonic()
        told = state(client, container)
        answered = time.monotonic()
        if told is None:
            if not container.removed:
                self.fault("lost container", f"{container.name} was created and not removed, and is not known")
            return None
        if told["Status"] in ("exited", "created"):
            self.ended(container, asked, answered, f"inspect says {told['Status']}")
            if told["Status"] == "exited":
                self.code(container, told)
        elif told["Status"] == "running":
            alive = [pid for pid in self.events.marked(container.mark) if (found := kernel.process(pid)) and found.alive]
            if not alive and self.events.mains(container.mark):
                time.sleep(1)
                again = state(client, container)
                if again and again["Status"] == "running" and again["Pid"] == told["Pid"] and not kernel.process(told["Pid"]):
                    self.fault("lost exit", f"{container.name}: running with pid {told['Pid']}, which has ended")
        if container.stopped_at and told["Running"]:
            later = [pid for pid, when in self.events.mains(container.mark) if when / 1e9 > container.stopped_at]
            self.fault("resurrection", f"{container.name}: stopped by order, and runs again as {later}")
        return told
