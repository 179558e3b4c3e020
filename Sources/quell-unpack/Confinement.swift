import CArchive

/// Takes from this process everything its task does not need. To be called once, before the first byte is read.
enum Confinement {
    /// What a task keeps. uid 0 stays, without the powers that make it root.
    struct Needs {
        var capabilities: UInt64
        var writes: Bool

        /// Unpacking with owners, devices, set-user-ID bits and file capabilities.
        static let restoring = Needs(
            capabilities: CONFINE_CAP_CHOWN | CONFINE_CAP_DAC_OVERRIDE | CONFINE_CAP_FOWNER | CONFINE_CAP_FSETID
                | CONFINE_CAP_MKNOD | CONFINE_CAP_SETFCAP, writes: true)
        /// And trusted.overlay.opaque, which the kernel ties to CAP_SYS_ADMIN; the system call filter takes the rest of
        /// that capability away.
        static let restoringLayer = Needs(
            capabilities: restoring.capabilities | CONFINE_CAP_SYS_ADMIN, writes: true)
        /// Unpacking plain files that belong to us.
        static let plain = Needs(capabilities: 0, writes: true)
        static let reading = Needs(
            capabilities: CONFINE_CAP_DAC_READ_SEARCH | CONFINE_CAP_DAC_OVERRIDE | CONFINE_CAP_FOWNER, writes: false)
        /// And trusted.* attributes.
        static let readingLayer = Needs(capabilities: reading.capabilities | CONFINE_CAP_SYS_ADMIN, writes: false)
        static let nothing = Needs(capabilities: 0, writes: false)
    }

    /// `seesMounts`: what is mounted below the root is seen, as a container sees it; otherwise what it covers.
    static func enter(_ root: String, _ needs: Needs, seesMounts: Bool = false) throws(Fault) {
        try ownNamespaces()
        try makeRoot(Array(root.utf8), writable: needs.writes, seesMounts)
        try checked(confine_limit(CONFINE_RLIMIT_CORE, 0), "setrlimit", Array("core".utf8))
        try checked(confine_limit(CONFINE_RLIMIT_NOFILE, 64), "setrlimit", Array("nofile".utf8))
        try checked(confine_limit(CONFINE_RLIMIT_DATA, 2 << 30), "setrlimit", Array("data".utf8))
        try checked(confine_capabilities(needs.capabilities), "capset", [])
        try checked(confine_system_calls(), "seccomp", [])
    }

    static func ownNamespaces() throws(Fault) {
        let kinds = CONFINE_CLONE_NEWNS | CONFINE_CLONE_NEWNET | CONFINE_CLONE_NEWIPC
        try checked(confine_unshare(kinds), "unshare", [])
        // SAFETY: constant strings; no data.
        let result = unsafe confine_mount("none", "/", nil, CONFINE_MS_REC | CONFINE_MS_PRIVATE, nil)
        try checked(result, "make mounts private", [])
    }

    /// Makes `root` the only file system this process sees. A directory of another mount namespace (a container's,
    /// through /proc/PID/root) cannot be bound, only entered: there chroot does it, and CAP_SYS_CHROOT is dropped next.
    private static func makeRoot(_ root: Bytes, writable: Bool, _ seesMounts: Bool) throws(Fault) {
        let flags = Int32(FILE_O_PATH) | Int32(FILE_O_DIRECTORY)
        let directory = Int32(try checked(Files.open(root, flags), "open", root))
        // SAFETY: paths that outlive the calls.
        let kind = CONFINE_MS_BIND | (seesMounts ? CONFINE_MS_REC : 0)
        let bound = unsafe Files.withPath(root) { unsafe confine_mount($0, $0, nil, kind, nil) }
        if bound == -22 {
            try checked(confine_fchdir(directory), "fchdir", root)
            try checked(unsafe confine_chroot("."), "chroot", root)
        } else {
            try checked(bound, "bind", root)
            let restricted =
                CONFINE_MS_REMOUNT | CONFINE_MS_BIND | CONFINE_MS_NOSUID | CONFINE_MS_NODEV | CONFINE_MS_NOEXEC
                | (writable ? 0 : CONFINE_MS_RDONLY)
            try checked(
                unsafe Files.withPath(root) { unsafe confine_mount(nil, $0, nil, restricted, nil) }, "remount", root)
            let new = Int32(try checked(Files.open(root, flags), "open", root))
            try checked(confine_fchdir(new), "fchdir", root)
            _ = file_close(new)
            try checked(unsafe confine_pivot_root(".", "."), "pivot_root", root)
            try checked(unsafe confine_unmount(".", CONFINE_MNT_DETACH), "umount", root)
        }
        _ = file_close(directory)
        let top = Int32(try checked(Files.open([slash], flags), "open", [slash]))
        try checked(confine_fchdir(top), "fchdir", [slash])
        _ = file_close(top)
    }
}
