internal import CLinux

/// A system call that failed: which one, on what, and why.
public struct SystemError: Error, Hashable, Sendable {
    /// The call as its manual page names it, or a phrase for a composite step: `openat2`, `mount overlay`.
    public let call: String
    /// What it was asked to act on: a path, `pid 42`, `descriptor 7`. Empty where there is nothing to name.
    public let subject: String
    /// The kernel's number, positive.
    public let errno: Int32

    public init(_ call: String, _ subject: String = "", errno: Int32) {
        (self.call, self.subject, self.errno) = (call, subject, errno)
    }
}

extension SystemError: CustomStringConvertible {
    /// `mount overlay on /x: Permission denied (EACCES)`.
    public var description: String {
        let place = subject.isEmpty ? call : "\(call) \(subject)"
        return "\(place): \(SystemError.text(of: errno)) (\(SystemError.name(of: errno)))"
    }

    /// `EACCES`; `errno 4711` for a number that has no name.
    public static func name(of errno: Int32) -> String {
        // SAFETY: a static NUL-terminated string of the C library, or NULL.
        guard let name = unsafe clinux_error_name(errno) else { return "errno \(errno)" }
        return unsafe String(cString: name)
    }

    /// `Permission denied`.
    public static func text(of errno: Int32) -> String {
        // SAFETY: a static NUL-terminated string, never NULL.
        unsafe String(cString: clinux_error_text(errno))
    }
}

extension SystemError {
    /// ENOENT: a part of the path does not exist.
    public var isNotFound: Bool { errno == 2 }
    /// ESRCH: no such process.
    public var isNoSuchProcess: Bool { errno == 3 }
    /// EEXIST.
    public var isAlreadyThere: Bool { errno == 17 }
    /// EACCES or EPERM.
    public var isDenied: Bool { errno == 13 || errno == 1 }
    /// EBUSY.
    public var isBusy: Bool { errno == 16 }
    /// ECONNREFUSED: the socket file is there, nobody listens.
    public var isRefused: Bool { errno == 111 }
    /// ENOSYS or EOPNOTSUPP: this kernel, or this object, cannot do it.
    public var isUnsupported: Bool { errno == 38 || errno == 95 }
}

/// The result of a `clinux_` call, or the error it carries.
@discardableResult
func check<Number: SignedInteger>(
    _ result: Number, _ call: String, _ subject: @autoclosure () -> String = ""
) throws(SystemError) -> Number {
    if result >= 0 { return result }
    throw SystemError(call, subject(), errno: Int32(-result))
}

/// As `check`, and called again when a signal handler interrupted it.
@discardableResult
func checkRetrying<Number: SignedInteger>(
    _ call: String, _ subject: @autoclosure () -> String = "", _ body: () -> Number
) throws(SystemError) -> Number {
    while true {
        let result = body()
        if result == -4 { continue }
        return try check(result, call, subject())
    }
}
