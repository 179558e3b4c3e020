#!/usr/bin/env python3
"""The truth run: many short lives, each ended by a stop, each looked at the moment the answer came.

    truth.py --programs DIR [--stops N] [--clients N] [--seed S]

Behaviours of all kinds, own, shared and host PID namespaces. Exit status 1 when one stop was false.
"""

import argparse
import json
import os
import random as randomness
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from auditor import Auditor  # noqa: E402
from engine import Engine  # noqa: E402
from fleet import BEHAVIOURS, Container, state  # noqa: E402
from kernel import ProcessEvents  # noqa: E402


class Run:
    def __init__(self, options):
        self.options = options
        self.events = ProcessEvents()
        self.auditor = Auditor(self.events)
        self.engine = Engine(options.programs)
        self.lock = threading.Lock()
        self.stops, self.verdicts, self.behaviours, self.times = 0, {}, {}, []
        self.pause = None

    def life(self, client, random):
        """One container from create to rm."""
        container = Container(random.choice(sorted(BEHAVIOURS)))
        namespace = random.choice(["", "", "", f"container:{self.pause}", "host"])
        order = f"/v1.51/containers/create?name={container.name}"
        answer = client.send("POST", order, container.configuration(self.image, random, PidMode=namespace))
        if answer.status != 201:
            return self.auditor.fault("wrong answer", f"create of {container.name}: {answer}")
        container.id = answer.json["Id"]
        answer = client.send("POST", f"/v1.51/containers/{container.id}/start")
        if answer.status != 204:
            return self.auditor.fault("wrong answer", f"start of {container.name}: {answer}")
        if random.random() < 0.3:
            self.exec(client, container)
        time.sleep(random.choice([0, 0, 0.005, 0.05, 0.2]))
        self.stop(client, container, random)
        told = state(client, container)
        if told is None or told["Running"]:
            self.auditor.fault("wrong answer", f"{container.name}: inspect after its stop says {told}")
        else:
            self.auditor.code(container, told)
        answer = client.send("DELETE", f"/v1.51/containers/{container.id}")
        if answer.status != 204:
            self.auditor.fault("wrong answer", f"rm of {container.name}: {answer}")

    def exec(self, client, container):
        """A process of an exec, which has to be gone with its container. 409: it has ended already."""
        order = {"Cmd": ["sleep", "1000"], "Env": [f"QUELL_AUDIT={container.mark}/exec"]}
        answer = client.send("POST", f"/v1.51/containers/{container.id}/exec", order)
        if answer.status == 201:
            client.send("POST", f"/v1.51/exec/{answer.json['Id']}/start", {"Detach": True})
        elif answer.status != 409:
            self.auditor.fault("wrong answer", f"exec in {container.name}: {answer}")

    def stop(self, client, container, random):
        order = {"timeout": 0, "signal": random.choice(["TERM", "TERM", "INT", "15"])}
        call = "kill" if random.random() < 0.2 else "stop"
        if call == "kill":
            order = {}
        elif container.behaviour in ("handles", "shell-form", "writes", "brief"):
            order["timeout"] = 2
        asked = time.monotonic()
        answer = client.send("POST", f"/quell/v1/containers/{container.id}/{call}", order)
        answered = time.monotonic()
        result = answer.lines[-1].get("result") if answer.status == 200 and answer.body else None
        if result is None:
            # A kill of what has ended by itself is refused, as Docker does.
            if answer.status == 409 or (answer.status == 200 and "not running" in str(answer)):
                result = {"verdict": "had ended"}
            else:
                return self.auditor.fault("wrong answer", f"{call} of {container.name}: {answer}")
        if result["verdict"] not in ("stuck", "unsupervised"):
            self.auditor.ended(container, asked, answered, f"{call} says {json.dumps(result)}")
        else:
            self.auditor.fault("wrong answer", f"{call} of {container.name}: {json.dumps(result)}")
        with self.lock:
            self.stops += 1
            self.times.append(answered - asked)
            word = result["verdict"] + (f", {result['how']}" if result.get("how") else "")
            self.verdicts[word] = self.verdicts.get(word, 0) + 1
            self.behaviours[container.behaviour] = self.behaviours.get(container.behaviour, 0) + 1

    def work(self, number):
        random = randomness.Random(f"{self.options.seed}-{number}")
        client = self.engine.client()
        while self.stops < self.options.stops and self.auditor.faulty < 20:
            try:
                self.life(client, random)
            except OSError as error:
                self.auditor.fault("wrong answer", f"client {number}: {error!r}")

    def start_pause(self, client):
        answer = client.send("POST", "/v1.51/containers/create?name=pause",
                             {"Image": self.image, "Cmd": ["sh", "-c", "sleep 1000000 & while :; do wait; done"]})
        self.pause = answer.json["Id"]
        client.send("POST", f"/v1.51/containers/{self.pause}/start")

    def run(self):
        self.engine.start()
        if not self.engine.answers():
            sys.exit(open(self.engine.work + "/quelld.log").read()[-2000:])
        self.image = self.engine.image()
        client = self.engine.client()
        self.start_pause(client)
        started = time.monotonic()
        workers = [threading.Thread(target=self.work, args=(number,)) for number in range(self.options.clients)]
        for worker in workers:
            worker.start()
        shown = time.monotonic()
        while any(worker.is_alive() for worker in workers):
            time.sleep(0.5)
            self.auditor.judge_deferred()
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                print(f"  {self.stops} of {self.options.stops} stops, {self.auditor.faulty} faults", flush=True)
        self.seconds = time.monotonic() - started
        client.send("DELETE", f"/v1.51/containers/{self.pause}?force=true")
        left = client.send("GET", "/v1.51/containers/json?all=true").json
        for entry in left:
            self.auditor.fault("left behind", f"container {entry['Names']}")
        time.sleep(1)
        self.auditor.judge_deferred()
        self.engine.end()
        for what in self.engine.left_behind():
            self.auditor.fault("left behind", what)

    def report(self):
        times = sorted(self.times)
        auditor = self.auditor
        print(f"seed {self.options.seed}: {self.stops} stops by {self.options.clients} clients in {self.seconds:.0f} s"
              f" ({self.stops / self.seconds:.1f} a second)")
        print("  " + ", ".join(f"{count} {word}" for word, count in sorted(self.verdicts.items(), key=lambda item: -item[1])))
        print("  " + ", ".join(f"{count} {word}" for word, count in sorted(self.behaviours.items())))
        if times:
            print(f"  a stop took {times[len(times) // 2] * 1000:.0f} ms (median), at most {times[-1]:.2f} s")
        print(f"  {auditor.looks} looks; exit codes compared with the kernel's except {auditor.unjudged} that it did not show")
        for kind, texts in auditor.faults.items():
            if texts or kind in ("false stop", "wrong exit code", "wrong answer", "left behind"):
                print(f"  {kind}: {len(texts)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", required=True, type=os.path.abspath)
    parser.add_argument("--stops", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", default=str(randomness.randrange(1 << 32)))
    run = Run(parser.parse_args())
    try:
        run.run()
        run.report()
    finally:
        run.engine.clear()
        run.events.close()
    sys.exit(1 if run.auditor.faulty else 0)


if __name__ == "__main__":
    main()
