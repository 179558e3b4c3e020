"""The calls about containers, in the order of a container's life; part of walk.py."""

import time

from rootfs import IMAGE, one_file_tar

# Everything of the host configuration that is done, in one container.
HOST = {
    "Binds": ["/tmp:/hosttmp:ro"],
    "ContainerIDFile": "",
    "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
    "NetworkMode": "none",
    "PortBindings": {},
    "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2},
    "AutoRemove": False,
    "VolumeDriver": "",
    "VolumesFrom": None,
    "ConsoleSize": [24, 80],
    "Annotations": {"an": "notation"},
    "CapAdd": ["NET_ADMIN"],
    "CapDrop": ["MKNOD"],
    "CgroupnsMode": "host",
    "Dns": ["127.0.0.1"],
    "DnsOptions": ["ndots:1"],
    "DnsSearch": ["example.org"],
    "ExtraHosts": ["somehost:127.0.0.1"],
    "GroupAdd": ["0"],
    "IpcMode": "shareable",
    "Cgroup": "",
    "Links": None,
    "OomScoreAdj": 500,
    "PidMode": "",
    "Privileged": False,
    "PublishAllPorts": False,
    "ReadonlyRootfs": False,
    "SecurityOpt": ["no-new-privileges"],
    "StorageOpt": None,
    "Tmpfs": {"/run": "size=1m"},
    "UTSMode": "",
    "UsernsMode": "",
    "ShmSize": 1 << 20,
    "Sysctls": {"net.ipv4.ip_forward": "0"},
    "Runtime": "",
    "Isolation": "",
    "MaskedPaths": ["/proc/kcore"],
    "ReadonlyPaths": ["/proc/sys"],
    "Init": False,
    "CpuShares": 512,
    "Memory": 64 << 20,
    "NanoCpus": 500000000,
    "CgroupParent": "",
    "BlkioWeight": 0,
    "BlkioWeightDevice": [],
    "BlkioDeviceReadBps": [],
    "BlkioDeviceWriteBps": [],
    "BlkioDeviceReadIOps": [],
    "BlkioDeviceWriteIOps": [],
    "CpuPeriod": 0,
    "CpuQuota": 0,
    "CpuRealtimePeriod": 0,
    "CpuRealtimeRuntime": 0,
    "CpusetCpus": "0",
    "CpusetMems": "",
    "Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nix", "CgroupPermissions": "rwm"}],
    "DeviceCgroupRules": ["c 1:3 rwm"],
    "DeviceRequests": None,
    "MemoryReservation": 32 << 20,
    "MemorySwap": 0,
    "MemorySwappiness": None,
    "OomKillDisable": False,
    "PidsLimit": 100,
    "Ulimits": [{"Name": "nofile", "Soft": 64, "Hard": 128}],
    "Mounts": [
        {"Type": "tmpfs", "Target": "/scratch", "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o1777}},
        {"Type": "volume", "Source": "conformance-volume", "Target": "/volume", "VolumeOptions": {"NoCopy": True}},
        {
            "Type": "bind",
            "Source": "/etc",
            "Target": "/hostetc",
            "ReadOnly": True,
            "BindOptions": {"Propagation": "rprivate"},
        },
    ],
}


def config(command, **members):
    return {"Image": IMAGE, "Cmd": command} | members


def creation(walk):
    """The containers of the walk, and refusals. The id of the full one."""
    call = walk.call
    full = call(
        "POST",
        "/containers/create",
        201,
        query={"name": "full", "platform": "linux"},
        body=config(
            ["sh", "-c", "echo out; echo err >&2; exec sleep 1000"],
            Hostname="host",
            Domainname="example.org",
            User="root",
            AttachStdin=False,
            ExposedPorts={"81/tcp": {}},
            Tty=False,
            OpenStdin=True,
            StdinOnce=False,
            Env=["B=2", "C"],
            Healthcheck={
                "Test": ["CMD", "true"],
                "Interval": 1000000000,
                "Timeout": 1000000000,
                "Retries": 1,
                "StartPeriod": 1000000,
                "StartInterval": 1000000,
            },
            Volumes={"/anonymous": {}},
            WorkingDir="/tmp",
            NetworkDisabled=False,
            Labels={"l": "m"},
            StopSignal="KILL",
            StopTimeout=1,
            Shell=["/bin/sh", "-c"],
            HostConfig=HOST,
            NetworkingConfig={"EndpointsConfig": {}},
        ),
    ).json["Id"]
    call("POST", "/containers/create", 201, query={"name": "plain"}, body=config(["sleep", "1000"], HostConfig={}))
    call(
        "POST",
        "/containers/create",
        201,
        query={"name": "terminal"},
        body=config(["sh"], Tty=True, OpenStdin=True, HostConfig={"ConsoleSize": [30, 100]}),
    )
    call("POST", "/containers/create", 201, query={"name": "short"}, body=config(["sh", "-c", "exit 3"]))
    call("POST", "/containers/create", 201, query={"name": "wrong"}, body=config(["/no/such/command"]))
    call("POST", "/containers/create", 409, query={"name": "full"}, body=config(["true"]))
    call("POST", "/containers/create", 404, body={"Image": "nope", "Cmd": ["true"]})
    call("POST", "/containers/create", 400, query={"name": "/bad name"}, body=config(["true"]))
    call("POST", "/containers/create", 400, body={"Cmd": ["true"]})
    call("POST", "/containers/create", 400, body="{")
    call("POST", "/containers/create", 400, body=b"")
    call("POST", "/containers/create", 404, query={"platform": "linux/s390x"}, body=config(["true"]))
    return full


def lists(walk, full):
    call = walk.call
    call("GET", "/containers/json", 200)
    call("GET", "/containers/json", 200, query={"all": "1", "size": "1", "limit": "2"})
    known = {
        "ancestor": IMAGE,
        "before": "terminal",
        "expose": "81/tcp",
        "id": full[:12],
        "isolation": "default",
        "is-task": "false",
        "label": "l=m",
        "name": "ful",
        "network": "none",
        "since": "full",
        "status": "created",
        "volume": "/volume",
        "health": "none",
        "publish": "80",
        "exited": "0",
    }
    for name, value in known.items():
        call("GET", "/containers/json", 200, query={"all": "1", "filters": {name: [value]}})
    call("GET", "/containers/json", 400, query={"filters": {"nope": ["1"]}})
    call("GET", "/containers/json", 400, query={"filters": {"status": ["nope"]}})
    call("GET", "/containers/json", 400, query={"limit": "x"})


def lifecycle(walk, full):
    call = walk.call
    call("GET", "/containers/{id}/json", 200, id="full", query={"size": "1"})
    call("GET", "/containers/{id}/json", 404, id="nope")
    call("POST", "/containers/{id}/start", 204, id="full")
    call("POST", "/containers/{id}/start", 304, id="full")
    call("POST", "/containers/{id}/start", 404, id="nope")
    call("POST", "/containers/{id}/start", 400, id="wrong")
    call("POST", "/containers/{id}/start", 204, id="terminal")
    for _ in range(100):
        health = call("GET", "/containers/{id}/json", 200, id="full").json["State"].get("Health", {})
        if health.get("Status") == "healthy":
            break
        time.sleep(0.1)
    walk.expect(health.get("Status") == "healthy", f"the health of `full` is {health}")
    call("GET", "/containers/{id}/json", 200, id="terminal")
    call("GET", "/containers/{id}/top", 200, id="full")
    call("GET", "/containers/{id}/top", 200, id="full", query={"ps_args": "aux"})
    call("GET", "/containers/{id}/top", 404, id="nope")
    call("GET", "/containers/{id}/top", 409, id="plain")
    call("GET", "/containers/{id}/changes", 200, id="full")
    call("GET", "/containers/{id}/changes", 200, id="plain")
    call("GET", "/containers/{id}/changes", 404, id="nope")
    call("GET", "/containers/{id}/export", 200, id="full")
    call("GET", "/containers/{id}/export", 404, id="nope")
    call("GET", "/containers/{id}/stats", 200, id="full", query={"stream": "0"})
    call("GET", "/containers/{id}/stats", 200, id="full", query={"stream": "0", "one-shot": "1"})
    call("GET", "/containers/{id}/stats", 200, id="plain", query={"stream": "0", "one-shot": "1"})
    call("GET", "/containers/{id}/stats", 404, id="nope")
    call("POST", "/containers/{id}/resize", 200, id="terminal", query={"h": "40", "w": "90"})
    call("POST", "/containers/{id}/resize", 404, id="nope", query={"h": "40", "w": "90"})
    call("POST", "/containers/{id}/resize", 400, id="terminal", query={"h": "x", "w": "90"})
    call(
        "POST",
        "/containers/{id}/update",
        200,
        id="full",
        body={
            "Memory": 128 << 20,
            "MemorySwap": -1,
            "CpuShares": 256,
            "PidsLimit": 50,
            "CpusetCpus": "0",
            "RestartPolicy": {"Name": "no"},
        },
    )
    call("POST", "/containers/{id}/update", 404, id="nope", body={})
    call("POST", "/containers/{id}/update", 400, id="full", body={"Memory": 1})
    call("POST", "/containers/{id}/rename", 204, id="plain", query={"name": "renamed"})
    call("POST", "/containers/{id}/rename", 204, id="renamed", query={"name": "plain"})
    call("POST", "/containers/{id}/rename", 404, id="nope", query={"name": "renamed"})
    call("POST", "/containers/{id}/rename", 409, id="plain", query={"name": "full"})
    call("POST", "/containers/{id}/rename", 400, id="plain")
    call("POST", "/containers/{id}/pause", 204, id="full")
    call("GET", "/containers/{id}/json", 200, id="full")
    call("POST", "/containers/{id}/pause", 409, id="full")
    call("POST", "/containers/{id}/unpause", 204, id="full")
    call("POST", "/containers/{id}/unpause", 409, id="full")
    call("POST", "/containers/{id}/pause", 404, id="nope")
    call("POST", "/containers/{id}/unpause", 404, id="nope")
    call("POST", "/containers/{id}/pause", 409, id="plain")


def streams(walk, full):
    call = walk.call
    answer = call(
        "GET", "/containers/{id}/logs", 200, id="full", query={"stdout": "1", "stderr": "1", "timestamps": "1"}
    )
    walk.expect(answer.type == "application/vnd.docker.multiplexed-stream", f"logs: {answer}")
    answer = call("GET", "/containers/{id}/logs", 200, id="full", query={"stdout": "1", "tail": "1"}, version="/v1.41")
    walk.expect(answer.type == "application/vnd.docker.raw-stream", f"logs at 1.41: {answer}")
    call("GET", "/containers/{id}/logs", 200, id="terminal", query={"stdout": "1", "since": "1", "until": "2"})
    call("GET", "/containers/{id}/logs", 404, id="nope", query={"stdout": "1"})
    call("GET", "/containers/{id}/logs", 400, id="full")
    call("GET", "/containers/{id}/logs", 400, id="full", query={"stdout": "1", "since": "x"})
    upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
    call("POST", "/containers/{id}/attach", 101, id="full", query={"stream": "1", "stdout": "1"}, headers=upgrade)
    call("POST", "/containers/{id}/attach", 200, id="full", query={"logs": "1", "stdout": "1", "stderr": "1"})
    call("POST", "/containers/{id}/attach", 404, id="nope", query={"stream": "1", "stdout": "1"}, headers=upgrade)
    call(
        "POST", "/containers/{id}/attach", 400, id="full", query={"stream": "1", "detachKeys": "nope"}, headers=upgrade
    )
    call("HEAD", "/containers/{id}/archive", 200, id="full", query={"path": "/etc/passwd"})
    call("HEAD", "/containers/{id}/archive", 404, id="full", query={"path": "/nope"})
    call("HEAD", "/containers/{id}/archive", 400, id="full")
    answer = call("GET", "/containers/{id}/archive", 200, id="full", query={"path": "/etc"})
    walk.expect("X-Docker-Container-Path-Stat" in answer.headers, "GET archive: no X-Docker-Container-Path-Stat")
    call("GET", "/containers/{id}/archive", 404, id="full", query={"path": "/nope"})
    call("GET", "/containers/{id}/archive", 404, id="nope", query={"path": "/etc"})
    call("GET", "/containers/{id}/archive", 400, id="full")
    tar = one_file_tar("added", "text")
    call("PUT", "/containers/{id}/archive", 200, id="full", query={"path": "/tmp"}, body=tar)
    call(
        "PUT",
        "/containers/{id}/archive",
        200,
        id="plain",
        query={"path": "/tmp", "noOverwriteDirNonDir": "1", "copyUIDGID": "1"},
        body=tar,
    )
    call("PUT", "/containers/{id}/archive", 404, id="full", query={"path": "/nope"}, body=tar)
    call("PUT", "/containers/{id}/archive", 404, id="nope", query={"path": "/tmp"}, body=tar)
    call("PUT", "/containers/{id}/archive", 400, id="full", query={"path": "/tmp"}, body=b"no tar" * 200)
    call("PUT", "/containers/{id}/archive", 400, id="full", body=tar)


def execs(walk):
    call = walk.call
    created = call(
        "POST",
        "/containers/{id}/exec",
        201,
        id="full",
        body={
            "Cmd": ["sh", "-c", "id; exit 4"],
            "AttachStdout": True,
            "AttachStderr": True,
            "Env": ["X=1"],
            "WorkingDir": "/tmp",
            "User": "root",
            "Privileged": True,
            "DetachKeys": "ctrl-p,ctrl-q",
        },
    ).json["Id"]
    call("GET", "/exec/{id}/json", 200, id=created)
    call("POST", "/exec/{id}/start", 200, id=created, body={})
    call("GET", "/exec/{id}/json", 200, id=created)
    call("POST", "/exec/{id}/start", 409, id=created, body={})
    detached = call(
        "POST",
        "/containers/{id}/exec",
        201,
        id="full",
        body={"Cmd": ["sleep", "2"], "Tty": True, "ConsoleSize": [20, 60]},
    ).json["Id"]
    call("POST", "/exec/{id}/start", 200, id=detached, body={"Detach": True, "Tty": True})
    call("POST", "/exec/{id}/resize", 200, id=detached, query={"h": "30", "w": "70"})
    call("GET", "/exec/{id}/json", 200, id=detached)
    call("GET", "/containers/{id}/json", 200, id="full")
    call("POST", "/containers/{id}/exec", 404, id="nope", body={"Cmd": ["true"]})
    call("POST", "/containers/{id}/exec", 409, id="plain", body={"Cmd": ["true"]})
    call("POST", "/containers/{id}/exec", 400, id="full", body={})
    call("GET", "/exec/{id}/json", 404, id="nope")
    call("POST", "/exec/{id}/start", 404, id="nope", body={})
    call("POST", "/exec/{id}/resize", 404, id="nope", query={"h": "30", "w": "70"})
    call("POST", "/exec/{id}/resize", 400, id=detached, query={"h": "30"})


def running_lists(walk):
    for name, value in (("health", "healthy"), ("status", "running"), ("volume", "conformance-volume"), ("label", "l")):
        found = walk.call("GET", "/containers/json", 200, query={"size": "1", "filters": {name: [value]}}).json
        walk.expect(
            [each["Names"] for each in found][-1:] == [["/full"]], f"GET /containers/json {name}={value}: {found}"
        )
    for kind in ("container", "image", "volume", "build-cache"):
        walk.call("GET", "/system/df", 200, query={"type": kind})
    walk.call("GET", "/system/df", 200)
    walk.call("GET", "/system/df", 400, query={"type": "nope"})
    walk.call("GET", "/info", 200)
    walk.call("GET", "/images/json", 200)


def ends(walk):
    call = walk.call
    call(
        "POST",
        "/commit",
        201,
        query={
            "container": "full",
            "repo": "quell-conformance",
            "tag": "3",
            "comment": "c",
            "author": "a",
            "pause": "1",
            "changes": 'CMD ["true"]',
        },
        body={"Labels": {"x": "y"}},
    )
    call("POST", "/commit", 201, query={"container": "short", "repo": "quell-conformance", "tag": "4"})
    call("DELETE", "/images/{name}", 200, name="quell-conformance:4")
    call("POST", "/commit", 404, query={"container": "nope"})
    call("POST", "/commit", 400, query={})
    call("GET", "/images/{name}/json", 200, name="quell-conformance:3")
    call("GET", "/images/{name}/history", 200, name="quell-conformance:3")
    call("DELETE", "/images/{name}", 200, name="quell-conformance:3", query={"force": "1"})
    call("POST", "/containers/{id}/start", 204, id="short")
    for condition in ("not-running", None):
        ended = call(
            "POST", "/containers/{id}/wait", 200, id="short", query={"condition": condition} if condition else None
        )
        walk.expect(ended.json["StatusCode"] == 3, f"wait: {ended}")
    call("POST", "/containers/{id}/wait", 400, id="short", query={"condition": "nope"})
    call("POST", "/containers/{id}/wait", 404, id="nope")
    call("GET", "/containers/json", 200, query={"all": "1", "filters": {"exited": ["3"]}})
    call("POST", "/containers/{id}/kill", 204, id="terminal", query={"signal": "WINCH"})
    call("POST", "/containers/{id}/kill", 400, id="terminal", query={"signal": "NOPE"})
    call("POST", "/containers/{id}/kill", 404, id="nope")
    call("POST", "/containers/{id}/kill", 409, id="short")
    call("POST", "/containers/{id}/restart", 204, id="full", query={"t": "1", "signal": "KILL"})
    call("POST", "/containers/{id}/restart", 404, id="nope")
    call("POST", "/containers/{id}/restart", 400, id="full", query={"t": "x"})
    call("DELETE", "/containers/{id}", 409, id="full")
    call("POST", "/containers/{id}/stop", 204, id="full", query={"t": "1", "signal": "KILL"})
    call("POST", "/containers/{id}/stop", 304, id="full")
    call("POST", "/containers/{id}/stop", 404, id="nope")
    call("POST", "/containers/{id}/stop", 400, id="full", query={"signal": "NOPE"})
    call("GET", "/containers/{id}/json", 200, id="full")
    call("DELETE", "/images/{name}", 409, name=IMAGE)
    call("DELETE", "/volumes/{name}", 409, name="conformance-volume")
    call("DELETE", "/containers/{id}", 204, id="full", query={"v": "1"})
    call("DELETE", "/containers/{id}", 204, id="terminal", query={"force": "1"})
    call("DELETE", "/containers/{id}", 404, id="nope")
    call("DELETE", "/containers/{id}", 501, id="plain", query={"link": "1"})
    call("DELETE", "/volumes/{name}", 204, name="conformance-volume")
    call("POST", "/containers/prune", 200, query={"filters": {"label!": ["nope"], "until": ["0s"]}})
    call("POST", "/containers/prune", 400, query={"filters": {"nope": ["1"]}})
    call("POST", "/images/prune", 200, query={"filters": {"dangling": ["0"]}})
    now = time.time()
    call("GET", "/events", 200, query={"since": str(now - 600), "until": str(now)}, lines=True)
    call(
        "GET",
        "/events",
        200,
        lines=True,
        query={
            "since": str(now - 600),
            "until": str(now),
            "filters": {"type": ["container"], "event": ["die", "start"]},
        },
    )
    call("GET", "/events", 400, query={"filters": {"nope": ["1"]}, "until": "1"})
    call("GET", "/events", 400, query={"since": "x"})
