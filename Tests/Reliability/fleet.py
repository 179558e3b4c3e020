"""Containers of mixed behaviour, and what is known of each without asking the engine."""

import itertools
import json
import os
import threading

BEHAVIOURS = {
    # PID 1 handles TERM.
    "handles": ["sh", "-c", "trap 'exit 23' TERM; sleep 1000 & wait"],
    # PID 1 has no handler: the kernel drops the signal.
    "default": ["sleep", "1000"],
    # PID 1 has asked for the whole grace period.
    "ignores": ["sh", "-c", "trap '' TERM; exec sleep 1000"],
    # The shell form: the child handles it, PID 1 does not pass it on.
    "shell-form": ["sh", "-c", "sh -c \"trap 'exit 5' TERM; sleep 1000 & wait\"; exit 9"],
    # A trap that runs only when the command in the foreground has ended.
    "foreground": ["sh", "-c", "trap 'exit 11' TERM; sleep 1000; exit 12"],
    # Sessions of their own, all of which ignore TERM.
    "tree": ["sh", "-c", "trap '' TERM; for i in 1 2 3; do setsid sleep 1000 & done; wait"],
    # Ends by itself, mostly while somebody stops it.
    "brief": ["sh", "-c", "sleep 0.{tenths}; exit {code}"],
    "at-once": ["sh", "-c", "exit {code}"],
    # Forks without end.
    "forks": ["sh", "-c", "while :; do sleep 0.02 & sleep 0.01; done"],
    # Killed by the kernel for its memory.
    "eats": ["sh", "-c", "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done"],
    "writes": ["sh", "-c", "trap 'exit 3' TERM; while :; do echo some words for the log; sleep 0.01; done"],
}
_numbers = itertools.count(1)


class Container:
    def __init__(self, behaviour, policy=None):
        self.number = next(_numbers)
        self.mark = f"{os.getpid()}-{self.number}"
        self.name = f"{behaviour}-{self.number}"
        self.behaviour, self.policy = behaviour, policy
        self.id = None
        self.lock = threading.Lock()
        # Orders that may start it: how many are under way, and when the last one of them ended (monotonic seconds).
        self.starting, self.started_at = 0, 0.0
        # When a stop or kill was confirmed, with no order to start since.
        self.stopped_at = None
        self.supervisor_killed = False
        self.removed = self.removal_asked = False

    def configuration(self, image, random, **host):
        words = [word.format(tenths=random.randrange(1, 9), code=random.randrange(0, 100)) if "{" in word else word
                 for word in BEHAVIOURS[self.behaviour]]
        host = {"PidsLimit": 60, **host}
        if self.behaviour == "eats":
            host["Memory"] = 16 << 20
        if self.policy:
            host["RestartPolicy"] = {"Name": self.policy}
        labels = {"quell.stop.unhandled": random.choice(["kill", "kill", "wait"])}
        return {"Image": image, "Cmd": words, "Env": ["QUELL_AUDIT=" + self.mark], "Labels": labels, "HostConfig": host}


def state(client, container):
    """State of inspect, or None where the engine has no such container."""
    answer = client.send("GET", f"/v1.51/containers/{container.id}/json")
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise RuntimeError(f"inspect of {container.name}: {answer}")
    return json.loads(answer.body)["State"]
