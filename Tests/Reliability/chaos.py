#!/usr/bin/env python3
"""The chaos run: many clients give random orders to containers of mixed behaviour while everything around fails.

    chaos.py --programs DIR [--seconds N] [--clients N] [--containers N] [--seed S]

At every answer an auditor that shares no code with the engine looks whether it was true; at the end everything is held
against the kernel once more, stopped, removed, and nothing may be left. Exit status 1 when one answer was false.
"""

import argparse
import os
import random as randomness
import re
import shutil
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import kernel  # noqa: E402
from auditor import Auditor  # noqa: E402
from engine import Engine  # noqa: E402
from faults import Faults  # noqa: E402
from fleet import BEHAVIOURS, Container, state  # noqa: E402
from kernel import ProcessEvents  # noqa: E402

# What an answer may take when nothing is wrong with quelld itself, seconds. A stop's grace is 1 s here and its kill deadline 10 s.
BOUNDS = {"stop": 25, "kill": 25, "restart": 40, "rm": 40, "create": 35, "start": 40, "exec": 35, "inspect": 5, "list": 5,
          "logs": 10, "pause": 15, "unpause": 15, "signal": 15}


class Fleet:
    """The containers that there are."""

    def __init__(self, events):
        self.events, self.lock, self.containers = events, threading.Lock(), {}

    def add(self, container):
        with self.lock:
            self.containers[container.id] = container

    def remove(self, container):
        with self.lock:
            self.containers.pop(container.id, None)

    def all(self):
        with self.lock:
            return [self.containers[key] for key in sorted(self.containers)]

    def processes(self):
        return [pid for container in self.all() for pid in self.events.marked(container.mark)
                if (found := kernel.process(pid)) and found.alive and kernel.mark_of(pid) == container.mark]

    def supervisor_goes(self, shim):
        """The containers whose exit codes may be unknown from now on: those that the supervisor is parent of, or is starting."""
        try:
            with open(f"/proc/{shim}/cmdline") as file:
                words = file.read()
        except OSError:
            return
        for container in self.all():
            if container.id in words:
                container.supervisor_killed = True


class Run:
    def __init__(self, options):
        self.options = options
        self.random = randomness.Random(options.seed)
        self.events = ProcessEvents()
        self.auditor = Auditor(self.events)
        self.engine = Engine(options.programs, disk=1 << 30, clock=True)
        self.fleet = Fleet(self.events)
        self.faults = Faults(self.engine, self.random, self.fleet)
        self.lock = threading.Lock()
        self.counts, self.worst, self.refusals, self.broken, self.abandoned = {}, {}, {}, 0, 0
        self.over = threading.Event()

    # Orders: each gives the status, or None where the connection broke (quelld was killed).

    def call(self, kind, method, target, body=None):
        """(answer or None, asked, answered). A connection that breaks is no answer: what became of the order is not known."""
        undisturbed = self.faults.quelld_works.is_set()
        deaths, asked = self.engine.deaths, time.monotonic()
        # What a client leaves behind that goes away is done or not. Starts are waited for: a stop is judged by whether one is
        # under way.
        if self.faults.clients_die.is_set() and kind not in ("create", "start", "restart"):
            self.engine.client(10).abandon(method, target, body)
            with self.lock:
                self.abandoned += 1
            return None, asked, time.monotonic()
        try:
            answer = self.engine.client(120).send(method, target, body)
        except TimeoutError:
            self.auditor.fault("late answer", f"{kind} {target}: none within 120 s")
            return None, asked, time.monotonic()
        except OSError:
            answer = None
        except Exception as error:  # http.client: an answer that was cut off
            answer = None
            if undisturbed and deaths == self.engine.deaths and self.faults.quelld_works.is_set():
                self.auditor.fault("wrong answer", f"{kind} {target}: {error!r}")
        answered = time.monotonic()
        with self.lock:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            if answer is None:
                self.broken += 1
            elif answer.status >= 400:
                self.refuse(f"{kind} {answer.status}", answer.message)
            undisturbed = undisturbed and self.faults.quelld_works.is_set() and deaths == self.engine.deaths
            if answer is not None and undisturbed:
                if answered - asked > self.worst.get(kind, (0, ""))[0]:
                    self.worst[kind] = (answered - asked, target)
        if undisturbed and answered - asked > BOUNDS[kind]:
            self.auditor.fault("late answer", f"{kind} {target}: {answered - asked:.1f} s")
        return answer, asked, answered

    def refuse(self, words, message):
        """Counted without names and numbers."""
        text = re.sub(r"[0-9a-f]{64}|\b[a-z-]+-\d+\b|/[^ ]*/|\d+", "...", message)[:160]
        texts = self.refusals.setdefault(words, {})
        texts[text] = texts.get(text, 0) + 1

    def create(self, random):
        policy = random.choice([None, None, None, "always", "on-failure"])
        container = Container(random.choice(sorted(BEHAVIOURS)), policy)
        order = f"/v1.51/containers/create?name={container.name}"
        answer, _, _ = self.call("create", "POST", order, container.configuration(self.image, random))
        if answer is not None and answer.status == 201:
            container.id = answer.json["Id"]
            self.fleet.add(container)
            self.start(container, "start", random)

    def start(self, container, kind, random):
        with container.lock:
            container.starting += 1
            container.stopped_at = None
        target = f"/v1.51/containers/{container.id}/{kind}" + ("?t=1" if kind == "restart" else "")
        self.call(kind, "POST", target)
        with container.lock:
            container.starting -= 1
            container.started_at = time.monotonic()
            container.stopped_at = None

    def stop(self, container, random):
        kind, target = random.choice([("stop", f"/v1.51/containers/{container.id}/stop?t={random.choice([0, 1, 1])}"),
                                      ("kill", f"/v1.51/containers/{container.id}/kill")])
        orders = self.orders(container)
        answer, asked, answered = self.call(kind, "POST", target)
        if answer is not None and answer.status in (204, 304):
            self.judge(container, orders, asked, answered, f"{kind} says {answer.status}")
            with container.lock:
                if orders == (0, container.started_at) and container.starting == 0:
                    container.stopped_at = answered

    def orders(self, container):
        with container.lock:
            return container.starting, container.started_at

    def judge(self, container, orders, asked, answered, said):
        """Only where no order to start it was under way, whose process is no part of what the answer speaks of."""
        with container.lock:
            calm = orders[0] == 0 and (container.starting, container.started_at) == orders
        if calm and (not container.policy or "inspect" not in said):
            self.auditor.ended(container, asked, answered, said)

    def inspect(self, container, random):
        orders = self.orders(container)
        answer, asked, answered = self.call("inspect", "GET", f"/v1.51/containers/{container.id}/json")
        if answer is not None and answer.status == 200 and answer.json["State"]["Status"] == "exited":
            self.judge(container, orders, asked, answered, "inspect says exited")

    def list(self, container, random):
        answer, _, _ = self.call("list", "GET", "/v1.51/containers/json?all=true")
        if answer is not None and answer.status == 200:
            ids = [entry["Id"] for entry in answer.json]
            if len(ids) != len(set(ids)):
                self.auditor.fault("wrong answer", "a container is listed twice")

    def logs(self, container, random):
        self.call("logs", "GET", f"/v1.51/containers/{container.id}/logs?stdout=1&stderr=1&tail=5")

    def exec(self, container, random):
        order = {"Cmd": ["sleep", random.choice(["0", "1000"])], "Env": [f"QUELL_AUDIT={container.mark}/exec"]}
        answer, _, _ = self.call("exec", "POST", f"/v1.51/containers/{container.id}/exec", order)
        if answer is not None and answer.status == 201:
            self.call("exec", "POST", f"/v1.51/exec/{answer.json['Id']}/start", {"Detach": True})

    def pause(self, container, random):
        self.call("pause", "POST", f"/v1.51/containers/{container.id}/pause")

    def unpause(self, container, random):
        self.call("unpause", "POST", f"/v1.51/containers/{container.id}/unpause")

    def signal(self, container, random):
        """No stop: nobody handles it or everybody ignores it by default."""
        self.call("signal", "POST", f"/v1.51/containers/{container.id}/kill?signal=WINCH")

    def remove(self, container, random):
        orders = self.orders(container)
        container.removal_asked = True
        answer, asked, answered = self.call("rm", "DELETE", f"/v1.51/containers/{container.id}?force=true")
        if answer is not None and answer.status == 204:
            container.removed = True
            self.judge(container, orders, asked, answered, "rm says 204")
            self.fleet.remove(container)
        elif answer is None or answer.status == 404:
            # Asked before and not told, or removed by another client.
            if state_or_none(self.engine.client(30), container) is None:
                container.removed = True
                self.fleet.remove(container)

    def work(self, number):
        random = randomness.Random(f"{self.options.seed}-{number}")
        orders = {self.stop: 22, self.inspect: 15, self.list: 8, self.logs: 5, self.exec: 7, self.pause: 3, self.unpause: 4,
                  self.signal: 4, self.remove: 10}
        while not self.over.is_set():
            if not self.faults.quelld_works.is_set() and random.random() < 0.7:
                self.faults.quelld_works.wait(0.2)
            there = self.fleet.all()
            if len(there) < self.options.containers and random.random() < 0.3 or not there:
                self.create(random)
                continue
            container = random.choice(there)
            if random.random() < 0.15:
                self.start(container, random.choice(["start", "start", "restart"]), random)
            else:
                random.choices(list(orders), list(orders.values()))[0](container, random)

    def run(self):
        self.engine.start()
        if not self.engine.answers():
            sys.exit(open(self.engine.work + "/quelld.log").read()[-2000:])
        self.image = self.engine.image()
        started, shown = time.monotonic(), time.monotonic()
        workers = [threading.Thread(target=self.work, args=(number,)) for number in range(self.options.clients)]
        for worker in workers:
            worker.start()
        try:
            while time.monotonic() - started < self.options.seconds:
                time.sleep(self.random.uniform(0.2, 2))
                self.faults.one()
                self.auditor.judge_deferred()
                if time.monotonic() - shown > 10:
                    shown = time.monotonic()
                    print(f"  {shown - started:.0f} s: {sum(self.counts.values())} orders, {len(self.fleet.all())} containers,"
                          f" {self.auditor.faulty} faults", flush=True)
        finally:
            self.over.set()
            for worker in workers:
                worker.join(150)
        self.seconds = time.monotonic() - started
        self.settle()

    def settle(self):
        """No orders and no faults any more: the engine's word about everything is held against the kernel, twice."""
        client = self.engine.client(60)
        # What is under way (restart policies' next tries, stops, late ends) gets some time to come to its end.
        time.sleep(5)
        self.auditor.judge_deferred()
        known = {entry["Id"] for entry in client.send("GET", "/v1.51/containers/json?all=true").json}
        for container in self.fleet.all():
            if container.id not in known and container.removal_asked:
                # By an order whose answer nobody waited for.
                container.removed = True
            elif container.id not in known:
                self.auditor.fault("lost container", f"{container.name} is not in the list")
            if not container.policy:
                self.auditor.settled(client, container)
        unclaimed = known - {container.id for container in self.fleet.all()}
        # A create whose answer broke off may have been done: then it is there by its name, and complete.
        for id in unclaimed:
            if client.send("GET", f"/v1.51/containers/{id}/json").status != 200:
                self.auditor.fault("wrong answer", f"{id} is listed, and inspect does not know it")
        for container in self.fleet.all():
            if not container.removed:
                self.stop_at_the_end(container)
        time.sleep(1)
        self.auditor.judge_deferred()
        for container in self.fleet.all():
            told = self.auditor.settled(client, container)
            if told and told["Running"]:
                self.auditor.fault("wrong answer", f"{container.name} runs after its stop: {told}")
        for id in known:
            answer = client.send("DELETE", f"/v1.51/containers/{id}?force=true")
            if answer.status not in (204, 404):
                self.auditor.fault("wrong answer", f"rm of {id}: {answer}")
        for entry in client.send("GET", "/v1.51/containers/json?all=true").json:
            self.auditor.fault("left behind", f"container {entry['Names']} {entry['Status']}")
        time.sleep(1)
        for container in self.fleet.all():
            for pid in self.events.marked(container.mark):
                if (found := kernel.process(pid)) and found.alive and kernel.mark_of(pid) == container.mark:
                    self.auditor.fault("left behind", f"process {found} of {container.name}")
        self.engine.end()
        for what in self.engine.left_behind():
            self.auditor.fault("left behind", what)

    def stop_at_the_end(self, container):
        with container.lock:
            container.stopped_at = None
        answer, asked, answered = self.call("stop", "POST", f"/v1.51/containers/{container.id}/stop?t=0")
        if answer is None or answer.status not in (204, 304):
            return self.auditor.fault("wrong answer", f"stop of {container.name}: {answer}")
        self.auditor.ended(container, asked, answered, f"stop says {answer.status}")
        container.stopped_at = answered

    def report(self):
        auditor = self.auditor
        print(f"seed {self.options.seed}: {sum(self.counts.values())} orders by {self.options.clients} clients in"
              f" {self.seconds:.0f} s, up to {self.options.containers} containers; {self.broken} without an answer (quelld was killed),"
              f" {self.abandoned} abandoned")
        print("  faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(self.faults.counts.items())))
        print("  " + ", ".join(f"{count} {kind}" for kind, count in sorted(self.counts.items())))
        print("  longest, quelld being there: " + ", ".join(f"{kind} {worst[0]:.2f} s" for kind, worst in sorted(self.worst.items())))
        print(f"  {auditor.looks} looks at what was said to have ended; {auditor.unknown} exit codes told as unknown,"
              f" {auditor.unjudged} not judged, {self.events.gaps} gaps")
        for kind, texts in auditor.faults.items():
            print(f"  {kind}: {len(texts)}")
        if self.options.refusals:
            for kind, texts in sorted(self.refusals.items()):
                for text, count in sorted(texts.items(), key=lambda item: -item[1])[:6]:
                    print(f"    {kind}: {count} x {text}")


def state_or_none(client, container):
    try:
        return state(client, container)
    except (OSError, RuntimeError):
        return container  # not known


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True, type=os.path.abspath)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=12)
    parser.add_argument("--containers", type=int, default=60)
    parser.add_argument("--refusals", action="store_true", help="show what the engine refused, and how often")
    parser.add_argument("--keep", action="store_true", help="keep quelld's log when the run has failed")
    parser.add_argument("--seed", default=str(randomness.randrange(1 << 32)))
    run = Run(parser.parse_args())
    print(f"seed {run.options.seed}", flush=True)
    try:
        run.run()
        run.report()
    finally:
        if run.auditor.faulty and run.options.keep:
            shutil.copy(run.engine.work + "/quelld.log", f"/tmp/chaos-{run.options.seed}.log")
        run.engine.clear()
        run.events.close()
    sys.exit(1 if run.auditor.faulty else 0)


if __name__ == "__main__":
    main()
