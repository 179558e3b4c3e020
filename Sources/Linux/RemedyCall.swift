internal import CLinux

/// Calls that free others and may hang themselves, made by a disposable child of whoever wants them:
///
///     thaw-fs MAJOR MINOR PATH...    FITHAW by the first path that is on that device (0 0: by the first that can be opened)
///     unmount PATH [PID]             umount2 with MNT_FORCE; the mount may stay, in use. As the process sees the path
///     resume-dm NAME                 resumes a device of device-mapper
///
/// One line: `ok`; `nothing` where the file system was not frozen; `busy` where the mount is still there; or the errno and the
/// fault in words.
public enum RemedyCall {
    /// The exit status, 0 or 1. Nil: these are no such words.
    public static func run(_ words: [String]) -> Int32? {
        do throws(SystemError) {
            guard let answer = try answer(words) else { return nil }
            try say(answer)
            return 0
        } catch {
            // Nobody is left to tell when this fails.
            do throws(SystemError) { try say("\(error.errno) \(error)") } catch {}
            return 1
        }
    }

    private static func say(_ text: String) throws(SystemError) {
        try Descriptor.writeAll(1, Array((text + "\n").utf8))
    }

    private static func answer(_ words: [String]) throws(SystemError) -> String? {
        switch (words.first, words.count) {
        case ("thaw-fs", 4...):
            guard let major = UInt32(words[1]), let minor = UInt32(words[2]) else { return nil }
            return try thaw(DeviceNumber(major: major, minor: minor), by: words[3...])
        case ("unmount", 2): return try unmount(words[1])
        case ("unmount", 3):
            guard let pid = Int32(words[2]) else { return nil }
            try ProcessSelf.enterMountNamespace(of: pid)
            return try unmount(words[1])
        case ("resume-dm", 2):
            // SAFETY: the string lives through the call.
            try check(unsafe clinux_resume_mapper(words[1]), "resume device", words[1])
            return "ok"
        default: return nil
        }
    }

    /// A path may lead to another file system by now: the device decides. A path that cannot be opened is passed over.
    private static func thaw(_ device: DeviceNumber, by paths: ArraySlice<String>) throws(SystemError) -> String {
        var fault = SystemError("find a way to", "device \(device.major):\(device.minor)", errno: 2)
        for path in paths {
            do throws(SystemError) {
                let file = try File.open(path, [.readOnly, .nonBlocking, .noTerminal])
                if device.major | device.minor != 0, try File.status(of: file).device != device { continue }
                let result = clinux_thaw(file.raw)
                if result == -CLinux.EINVAL { return "nothing" }
                try check(result, "FITHAW", path)
                return "ok"
            } catch { fault = error }
        }
        throw fault
    }

    private static func unmount(_ path: String) throws(SystemError) -> String {
        do throws(SystemError) {
            try Mount.unmount(path, force: true)
            return "ok"
        } catch {
            // Calls that waited have failed, which is what was wanted.
            if error.isBusy { return "busy" }
            throw error
        }
    }
}
