/// All verbs and nouns.
enum CommandTree {
    static let about = About(
        "quell", "Runs containers, and stops them truthfully",
        examples: [
            ("quell pull busybox", "fetch an image from a registry"),
            ("quell run -d --name web busybox httpd -f", "start a container in the background"),
            ("quell stop web", "stop it, and see how it ended"),
        ])

    static let nodes: [CommandNode] = [
        .command(RunCommand.self), .command(CreateCommand.self), .command(StartCommand.self),
        .command(StopCommand.self), .command(KillCommand.self), .command(RestartCommand.self),
        .command(RmCommand.self), .alias("ps", PsCommand.self), .command(InspectCommand.self),
        .command(LogsCommand.self), .command(ExecCommand.self), .command(AttachCommand.self),
        .command(WaitCommand.self), .command(PauseCommand.self), .command(UnpauseCommand.self),
        .command(TopCommand.self), .command(StatsCommand.self), .command(PortCommand.self),
        .command(RenameCommand.self), .command(UpdateCommand.self), .command(CpCommand.self),
        .command(ExportCommand.self),
        .command(DiffCommand.self), .command(CommitCommand.self), .command(EventsCommand.self),
        .command(WatchCommand.self), .command(JobsCommand.self), .command(InfoCommand.self),
        .command(WhyCommand.self), .command(ReleaseCommand.self), .command(DoctorCommand.self),
        .command(VersionCommand.self), .alias("images", ImageLsCommand.self), .alias("rmi", ImageRmCommand.self),
        .alias("tag", ImageTagCommand.self), .alias("save", ImageSaveCommand.self),
        .command(PullCommand.self), .command(PushCommand.self), .command(LoginCommand.self),
        .command(LogoutCommand.self), .alias("load", ImageLoadCommand.self), .alias("import", ImageImportCommand.self),
        .alias("history", ImageHistoryCommand.self), .command(CompletionCommand.self), image, container, volume,
        network, pod, quarantine, system,
    ]

    private static let image = CommandNode.group(
        About(
            "image", "Commands about images",
            examples: [("quell image pull busybox", "the same as quell pull busybox")]),
        [
            .command(PullCommand.self), .command(PushCommand.self),
            .command(ImageImportCommand.self), .command(ImageLoadCommand.self), .command(ImageSaveCommand.self),
            .command(ImageLsCommand.self), .command(ImageTagCommand.self), .command(ImageInspectCommand.self),
            .command(ImageRmCommand.self), .command(ImagePruneCommand.self), .command(ImageHistoryCommand.self),
        ])

    private static let container = CommandNode.group(
        About(
            "container", "Commands about containers", examples: [("quell container ls -a", "the same as quell ps -a")]),
        [
            .command(RunCommand.self), .command(CreateCommand.self), .command(StartCommand.self),
            .command(StopCommand.self), .command(KillCommand.self), .command(RestartCommand.self),
            .command(RmCommand.self), .alias("ls", PsCommand.self), .alias("list", PsCommand.self),
            .alias("ps", PsCommand.self), .command(ContainerInspectCommand.self), .command(LogsCommand.self),
            .command(ExecCommand.self), .command(AttachCommand.self), .command(WaitCommand.self),
            .command(PauseCommand.self), .command(UnpauseCommand.self), .command(TopCommand.self),
            .command(StatsCommand.self), .command(PortCommand.self), .command(RenameCommand.self),
            .command(UpdateCommand.self),
            .command(CpCommand.self), .command(ExportCommand.self), .command(DiffCommand.self),
            .command(CommitCommand.self), .command(ContainerPruneCommand.self),
        ])

    private static let volume = CommandNode.group(
        About(
            "volume", "Commands about volumes",
            examples: [("quell volume create data", "room that outlives containers")]),
        [
            .command(VolumeCreateCommand.self), .command(VolumeLsCommand.self), .command(VolumeInspectCommand.self),
            .command(VolumeRmCommand.self), .command(VolumePruneCommand.self),
        ])

    private static let network = CommandNode.group(
        About("network", "Commands about networks", examples: [("quell network create app", "one for an application")]),
        [
            .command(NetworkCreateCommand.self), .command(NetworkLsCommand.self),
            .command(NetworkInspectCommand.self), .command(NetworkConnectCommand.self),
            .command(NetworkDisconnectCommand.self), .command(NetworkRmCommand.self),
            .command(NetworkPruneCommand.self), .command(NetworkExistsCommand.self),
        ])

    private static let pod = CommandNode.group(
        About(
            "pod", "Commands about pods: containers that share network, process ids and IPC",
            examples: [("quell pod create -p 8080:80 shop", "a pod without members yet")]),
        [
            .command(PodCreateCommand.self), .command(PodRunCommand.self), .command(PodStartCommand.self),
            .command(PodStopCommand.self), .command(PodRmCommand.self), .command(PodLsCommand.self),
            .command(PodExistsCommand.self),
        ])

    private static let quarantine = CommandNode.group(
        About(
            "quarantine", "Commands about containers that could not be killed and were set aside",
            examples: [("quell rm --quarantine web", "set one aside")]),
        [.command(QuarantineLsCommand.self), .command(QuarantineInspectCommand.self)])

    private static let system = CommandNode.group(
        About("system", "Commands about the engine", examples: [("quell system df", "what takes the space")]),
        [
            .command(SystemDfCommand.self), .command(SystemPruneCommand.self), .command(InfoCommand.self),
            .command(EventsCommand.self),
        ])
}
