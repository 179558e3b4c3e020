internal import Glibc
internal import Linux

/// The executables of this package, where the build put them: beside the test bundle, or in the directory QUELL_BIN.
public enum BuiltProduct {
    /// The machine is one of scripts/machine.sh, where time is not what it is elsewhere.
    public static let isEmulated = setting("QUELL_EMULATED") != nil

    public static func path(_ name: String) throws -> String {
        let own = try File.readLink("/proc/self/exe")
        let candidates = [setting("QUELL_BIN"), directory(of: own), directory(of: CommandLine.arguments[0])]
        for candidate in candidates.compactMap({ $0 }) where File.isExecutable(candidate + "/" + name) {
            return candidate + "/" + name
        }
        throw TestFailure("\(name) is not built: looked in \(candidates.compactMap { $0 })")
    }

    private static func directory(of path: String) -> String? {
        path.lastIndex(of: "/").map { String(path[..<$0]) }
    }

    private static func setting(_ name: String) -> String? {
        // SAFETY: a NUL-terminated string; tests do not change the environment.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }
}
