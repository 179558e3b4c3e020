"""What docs/docker-api.md says in words, beside what `walk.py` saw."""

# Why a documented member is never sent. The longest beginning that fits counts; `*` stands for any call.
ABSENT = {
    "ImageManifestDescriptor": "an image has one platform here",
    "Descriptor": "an image has one platform here",
    "Manifests": "an image has one platform here",
    "NetworkSettings.Networks": "while it runs in a network with addresses; inspect fills the rest with zero",
    "NetworkSettings.Ports": "while its ports are published",
    "NetworkSettings.Secondary": "a container has one address of each family in a network",
    "Ports[]": "while ports are published",
    "HostConfig.": "shown where it was set",
    "Config.": "shown where it was set",
    "ClusterVolume": "there is no cluster",
    "Status": "the local driver has none",
    "UsageData": "only in `GET /system/df`",
    "Swarm.": "there is no cluster",
    "Peers": "there is no cluster",
    "BuildCache[]": "there is no builder",
    "Containerd": "there is no containerd",
    "blkio_stats": "on cgroup v1 an I/O scheduler must count it, on v2 the lists beside bytes are `null`",
    "storage_stats": "Windows",
    "memory_stats.commit": "Windows",
    "memory_stats.privateworkingset": "Windows",
    "memory_stats.failcnt": "cgroup v1",
    "memory_stats.max_usage": "cgroup v1",
    "networks": "not counted yet",
    "percpu_usage": "cgroup v1",
    "IPAM.": "they are refused",
    "Containers.*": "filled while a container is in the network",
    "Error": "only where the exit code was not observed",
    "Warnings": "only where there are some",
    "Variant": "where the image says so",
    "OsVersion": "Windows",
    "BuildTime": "builds are reproducible",
}

# What a call does otherwise than Docker's engine, in words.
CALLS = {
    "GET /containers/json": [
        "`name` is a regular expression without counts (`{2}`) and flags; one with them is compared as text.",
        "`publish` and `expose` look at the ports that creation named; `isolation` fits everything.",
        "`status` also knows `stopping`, `stuck` and `quarantined`.",
    ],
    "POST /containers/create": [
        "What the document knows and Quell does not do is refused by name: see the tables below."
    ],
    "GET /containers/{id}/json": [
        "Lists and maps that are not set are empty, as the document has it, where Docker says `null`.",
        "`State.ExitCodeObserved` is false where nobody saw the exit code; `State.Error` says why.",
    ],
    "GET /containers/{id}/top": [
        "A `ps` that hangs is left alone after 5 seconds; the answer has the columns that cannot hang."
    ],
    "POST /containers/{id}/update": ["What an update cannot change is refused by name; Docker overlooks most of it."],
    "POST /containers/{id}/stop": [
        "Answers by its deadline. A container that does not end is a 500 with the verdict in one line; it stays `running`, "
        "its `Status` says stuck and since when, and its late end is told by `die` and `stop`.",
        "A client that hangs up cancels nothing.",
    ],
    "POST /containers/{id}/restart": [
        "As `stop`, then `start`; a container that is stuck is a 500 and is not started."
    ],
    "POST /containers/{id}/kill": ["KILL waits for the end, as `stop`; other signals are sent, and that is all."],
    "POST /containers/{id}/wait": ["Where the exit code was not observed, `Error` says why and `StatusCode` is 255."],
    "DELETE /containers/{id}": [
        "`link=1` is refused: there are no links.",
        "A container that cannot be killed is a 500 with the verdict.",
    ],
    "PUT /containers/{id}/archive": [
        "Owners are those of the archive; with `copyUIDGID` everything belongs to the user of the container, where it names "
        "one, by the container's own `/etc/passwd` (Docker looks on the host)."
    ],
    "GET /images/{name}/json": ["`manifests` changes nothing; `platform` must be the image's own (404)."],
    "DELETE /images/{name}": [
        "`platforms` must be the image's own (404).",
    ],
    "POST /images/{name}/push": ["`platform` must be the image's own (404)."],
    "POST /images/load": [
        "Of an image for several platforms one is taken: that of `platform`, or the host's. An archive without it is an error "
        "in the stream.",
    ],
    "POST /images/prune": ["Also deletes what pulls that broke off have left, unless labels choose."],
    "GET /info": ["`QuellContainersStuck` counts those that are running to Docker and stuck to Quell."],
    "GET /events": ["A reader that falls 4096 events behind is cut off."],
    "POST /networks/create": [
        "Drivers: `bridge`, `macvlan`, `ipvlan`. A driver's option without effect is refused by name; Docker overlooks it.",
        "The bridge is made when the first container starts in it.",
    ],
    "POST /networks/{id}/connect": ["`Links` are refused: containers of a network find each other by name."],
    "POST /volumes/create": ["Drivers other than `local` are refused by name."],
    "POST /containers/{id}/attach": [
        "With `logs` and `stream` nothing is missing or repeated between the log and what comes after it, and lines that are "
        "begun are shown; Docker takes the two one after another.",
        "A client that reads nothing holds the container's output back once about a megabyte waits for it, as in Docker. The "
        "end, the next start and the removal do not wait for it: the engine keeps what it has not taken, until it leaves.",
    ],
    "GET /containers/{id}/attach/ws": ["Called here without an upgrade; tests of its own open the web socket."],
    "POST /build": ["Build with another tool (buildah, kaniko, docker itself) and load or pull the result."],
}

# Differences between versions of the API: since or until when, what.
VERSIONS = [
    ("before 1.25", "`AutoRemove` is not there: the client removes. `SecurityOptions` of `info` are bare names."),
    ("before 1.28", "`GET /networks` lists the containers in each network."),
    ("before 1.30", "`wait` has no conditions, and sends nothing before the end."),
    (
        "before 1.40",
        "`IpcMode` is `shareable` by default; `KernelMemoryTCP`, `BindOptions.NonRecursive` and `PidsLimit` of an update are not there.",
    ),
    ("before 1.41", "`one-shot` of stats and `platform` of create are not there; `GET /images/json` takes `filter`."),
    (
        "before 1.42",
        "Streams of output are `raw-stream` whatever they are. `signal` of stop and restart, `type` of `system/df`, `shared-size`, "
        "`ConsoleSize`, `CreateMountpoint` are not there; `BuilderSize` is. `volumes/prune` takes named volumes too. "
        "Options of another type of mount are overlooked.",
    ),
    ("before 1.43", "`Annotations` are not there. Images without a name have `<none>:<none>`."),
    (
        "before 1.44",
        "`VirtualSize` is there; an image without a date was made in the year 1. `StartInterval`, `MacAddress` of an endpoint, "
        "several networks at creation, `ReadOnlyForceRecursive` and `CDISpecDirs` are not there.",
    ),
    (
        "before 1.45",
        "`Container` and `ContainerConfig` of an image are there: of the container it was committed from, or else empty and as `Config`. `VolumeOptions.Subpath` is refused.",
    ),
    ("before 1.46", "`platform` of push is not there. `Annotations` are not in the list. `TmpfsOptions.Options` are overlooked."),
    ("before 1.48", "`platform` of history and get is not there; mounts of type `image` have another error."),
    ("before 1.49", "`platform` of image inspect is not there; the commits of `info` have `Expected`."),
    (
        "before 1.50",
        "`platforms` of image removal is not there. `BridgeNfIptables`, `BridgeNfIp6tables` and members of containers in an image's `Config` are.",
    ),
    ("before 1.51", "`Containers` of an image in the list is -1."),
]
