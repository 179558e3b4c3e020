"""Every setting of a container that Docker's document knows, and what Quell does with it: done, kept for clients that ask,
or refused by name. `walk.py` tries each one; a setting that is not here fails the walk, so none is dropped in silence.
"""

DONE, KEPT, REFUSED, INVALID = "done", "kept", 501, 400

# Name: a value to try, what becomes of it, a word about it.
HOST = {
    "Annotations": ({"a": "b"}, DONE, "given to the OCI runtime"),
    "AutoRemove": (True, DONE, ""),
    "Binds": (
        ["/tmp:/mnt:ro"],
        DONE,
        "a read-only one covers what is mounted below it when the container starts (Linux 5.12)",
    ),
    "BlkioDeviceReadBps": (
        [{"Path": "/dev/loop0", "Rate": 1000000}],
        DONE,
        "the device is looked at when the container starts",
    ),
    "BlkioDeviceReadIOps": ([{"Path": "/dev/loop0", "Rate": 1000}], DONE, "as above"),
    "BlkioDeviceWriteBps": ([{"Path": "/dev/loop0", "Rate": 1000000}], DONE, "as above"),
    "BlkioDeviceWriteIOps": ([{"Path": "/dev/loop0", "Rate": 1000}], DONE, "as above"),
    "BlkioWeight": (300, DONE, "needs a scheduler that has weights"),
    "BlkioWeightDevice": ([{"Path": "/dev/loop0", "Weight": 300}], DONE, "needs a scheduler that has weights"),
    "CapAdd": (["NET_ADMIN"], DONE, ""),
    "CapDrop": (["ALL"], DONE, ""),
    "Cgroup": ("container:x", REFUSED, ""),
    "CgroupParent": ("/mine", REFUSED, "the engine's own parent is a key of `daemon.json`"),
    "CgroupnsMode": ("private", DONE, ""),
    "ConsoleSize": ([24, 80], DONE, "of a container with a terminal"),
    "ContainerIDFile": ("/tmp/x.cid", KEPT, "the client writes that file"),
    "CpuCount": (1, REFUSED, "Windows"),
    "CpuPercent": (10, REFUSED, "Windows"),
    "CpuPeriod": (100000, DONE, ""),
    "CpuQuota": (50000, DONE, ""),
    "CpuRealtimePeriod": (1000000, REFUSED, ""),
    "CpuRealtimeRuntime": (950000, REFUSED, ""),
    "CpuShares": (512, DONE, ""),
    "CpusetCpus": ("0", DONE, ""),
    "CpusetMems": ("0", DONE, ""),
    "DeviceCgroupRules": (["c 1:3 rwm"], DONE, ""),
    "DeviceRequests": (
        [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}],
        REFUSED,
        "`--gpus`; single devices by `Devices`",
    ),
    "Devices": ([{"PathOnHost": "/dev/null", "PathInContainer": "/dev/nix", "CgroupPermissions": "r"}], DONE, ""),
    "Dns": (["127.0.0.1"], DONE, ""),
    "DnsOptions": (["ndots:2"], DONE, ""),
    "DnsSearch": (["example.org"], DONE, ""),
    "ExtraHosts": (["name:127.0.0.1"], DONE, "`host-gateway` is refused: it needs a bridge"),
    "GroupAdd": (["0"], DONE, ""),
    "IOMaximumBandwidth": (1, REFUSED, "Windows"),
    "IOMaximumIOps": (1, REFUSED, "Windows"),
    "Init": (True, DONE, ""),
    "IpcMode": ("none", DONE, ""),
    "Isolation": ("process", INVALID, "Windows; `default` is taken"),
    "KernelMemoryTCP": (1 << 20, REFUSED, "gone from the API with 1.52"),
    "Links": (["x:y"], REFUSED, ""),
    "LogConfig": (
        {"Type": "json-file", "Config": {"max-size": "1m"}},
        DONE,
        "`json-file` and `none`; other drivers are refused",
    ),
    "MaskedPaths": (["/proc/kcore"], DONE, ""),
    "Memory": (64 << 20, DONE, ""),
    "MemoryReservation": (32 << 20, DONE, ""),
    "MemorySwap": (-1, DONE, "where the kernel limits swap; a warning otherwise"),
    "MemorySwappiness": (10, DONE, "cgroup v1"),
    "Mounts": (
        [{"Type": "tmpfs", "Target": "/mnt", "TmpfsOptions": {"Options": [["noexec"]]}}],
        DONE,
        "`bind`, `volume`, `tmpfs`; `image`, `npipe`, `cluster` are refused",
    ),
    "NanoCpus": (500000000, DONE, ""),
    "NetworkMode": ("host", DONE, "`bridge`, another network, `none`, `host`, `container:NAME`"),
    "OomKillDisable": (True, DONE, "cgroup v1; a warning on v2"),
    "OomScoreAdj": (500, DONE, ""),
    "PidMode": ("host", DONE, ""),
    "PidsLimit": (100, DONE, ""),
    "PortBindings": ({"80/tcp": [{"HostPort": "8080"}]}, DONE, "not in the networks `none` and `host`, where Docker overlooks them"),
    "Privileged": (True, DONE, ""),
    "PublishAllPorts": (True, DONE, ""),
    "ReadonlyPaths": (["/proc/sys"], DONE, ""),
    "ReadonlyRootfs": (True, DONE, ""),
    "RestartPolicy": ({"Name": "on-failure", "MaximumRetryCount": 2}, DONE, ""),
    "Runtime": ("crun", DONE, "one of those that `info` lists"),
    "SecurityOpt": (["no-new-privileges"], DONE, "`apparmor` and `label` profiles are refused"),
    "ShmSize": (1 << 20, DONE, ""),
    "StorageOpt": ({"size": "1G"}, REFUSED, ""),
    "Sysctls": ({"net.ipv4.ip_forward": "0"}, DONE, ""),
    "Tmpfs": ({"/run": "size=1m"}, DONE, ""),
    "UTSMode": ("host", DONE, ""),
    "Ulimits": ([{"Name": "nofile", "Soft": 64, "Hard": 128}], DONE, ""),
    "UsernsMode": ("private", REFUSED, "`host` is taken"),
    "VolumeDriver": ("local", DONE, "another one is refused (404) where a volume would be made with it"),
    "VolumesFrom": (["full:ro"], DONE, ""),
}
CONFIG = {
    "ArgsEscaped": (True, KEPT, "Windows"),
    "AttachStderr": (True, KEPT, "the client attaches"),
    "AttachStdin": (True, KEPT, "the client attaches"),
    "AttachStdout": (True, KEPT, "the client attaches"),
    "Cmd": (["true"], DONE, ""),
    "Domainname": ("example.org", DONE, ""),
    "Entrypoint": (["/bin/sh", "-c"], DONE, ""),
    "Env": (["A=1"], DONE, ""),
    "ExposedPorts": ({"80/tcp": {}}, KEPT, "for the list's filter, for images and for `PublishAllPorts`"),
    "Healthcheck": ({"Test": ["CMD", "true"], "Interval": 1000000000}, DONE, ""),
    "Hostname": ("name", DONE, ""),
    "Image": (None, DONE, ""),
    "Labels": ({"a": "b"}, DONE, ""),
    "MacAddress": ("02:00:00:00:00:01", DONE, "of the first network"),
    "NetworkDisabled": (True, DONE, "contradicts the network mode `host`"),
    "OnBuild": (["RUN true"], KEPT, "for `commit`"),
    "OpenStdin": (True, DONE, ""),
    "Shell": (["/bin/sh", "-c"], KEPT, "for `commit`; health checks in shell form use it"),
    "StdinOnce": (True, DONE, ""),
    "StopSignal": ("INT", DONE, ""),
    "StopTimeout": (3, DONE, ""),
    "Tty": (True, DONE, ""),
    "User": ("root", DONE, ""),
    "Volumes": ({"/mnt": {}}, DONE, ""),
    "WorkingDir": ("/tmp", DONE, ""),
}


def attempt(walk, image, table, where):
    """Makes a container with each setting alone; what was done or kept is shown by inspect."""
    definition = {"HostConfig": "HostConfig", "Config": "ContainerConfig"}[where]
    known = set(walk.contract.resolve({"$ref": f"#/definitions/{definition}"})["properties"])
    for name in sorted(known ^ set(table)):
        walk.expect(
            False,
            f"{where}.{name}: "
            + ("Tests/Conformance/settings.py does not know it" if name in known else "not in the document"),
        )
    for name, (value, outcome, _) in table.items():
        if value is None:
            continue
        # The walk's engine has none for containers that name no network.
        host = {"NetworkMode": "bridge"} if name in ("PortBindings", "PublishAllPorts", "MacAddress") else {}
        body = {"Image": image, "Cmd": ["true"], "HostConfig": host}
        (host if where == "HostConfig" else body)[name] = value
        status = 201 if outcome in (DONE, KEPT) else outcome
        answer = walk.call("POST", "/containers/create", status, body=body)
        if answer.status != 201:
            continue
        made = answer.json["Id"]
        shown = walk.call("GET", "/containers/{id}/json", 200, id=made).json[where].get(name)
        if isinstance(value, dict) and isinstance(shown, dict):
            shown = {key: shown.get(key) for key in value}
        walk.expect(shows(shown, value), f"{where}.{name}: {value!r} is shown as {shown!r}")
        walk.call("DELETE", "/containers/{id}", 204, id=made, query={"v": "1", "force": "1"})


def shows(shown, value):
    """Whether everything that was asked for is there; the image and the engine may have added to it."""
    if isinstance(value, list) and value and isinstance(value[0], str) and "=" in value[0]:
        return isinstance(shown, list) and set(value) <= set(shown)
    if isinstance(value, list) and value and isinstance(value[0], dict) and isinstance(shown, list):
        return len(shown) == len(value) and all(
            got.get(key) == each[key] for got, each in zip(shown, value) for key in each
        )
    return shown == value or isinstance(value, dict) and all(shown.get(key) == value[key] for key in value)
