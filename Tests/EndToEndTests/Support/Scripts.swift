/// What the containers of the tests run.
enum Scripts {
    /// Handles TERM at once.
    static let handles = #"trap "echo saved; exit 0" TERM; echo ready; while :; do sleep 3600 & wait $!; done"#
    /// Ends with 3 when it is sent USR1.
    static let endsOnUser1 = #"trap "exit 3" USR1; echo ready; while :; do sleep 3600 & wait $!; done"#
    /// PID 1 has no handler and nobody else has one.
    static let deaf = "echo ready; sleep 3600; true"
    /// PID 1 ignores TERM on purpose, and so do its children.
    static let ignores = #"trap "" TERM; echo ready; while :; do sleep 3600; done"#
    /// PID 1 is a shell without a handler, its child handles TERM.
    static let childHandles =
        #"sh -c 'trap "echo saved; exit 0" TERM; echo ready; while :; do sleep 3600 & wait $!; done'; true"#
    /// A trap that runs only when the foreground command ends, which runs when `ready` is said.
    static let foreground = #"trap "echo saved; exit 0" TERM; sh -c "echo ready; exec sleep 3600""#
}
