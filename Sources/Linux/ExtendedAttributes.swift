internal import CLinux

extension File {
    /// Gives a directory the users' own extended attributes (`user.`, xattr(7)) of another one. Those of overlayfs stay where they
    /// are. A file system that has none, or takes none, is no fault.
    public static func copyUserAttributes(from source: String, to target: String) throws(SystemError) {
        for name in try attributeNames(of: source) where name.hasPrefix("user.") && !name.hasPrefix("user.overlay.") {
            guard let value = try attribute(name, of: source) else { continue }
            let result = unsafe value.withUnsafeBytes { bytes in
                // SAFETY: the array and its size; the strings live through the call.
                unsafe clinux_setxattr(target, name, bytes.baseAddress, bytes.count)
            }
            if result == -CLinux.EOPNOTSUPP || result == -CLinux.EPERM { continue }
            try check(result, "setxattr \(name)", target)
        }
    }

    private static func attributeNames(of path: String) throws(SystemError) -> [String] {
        let list = unsafe try filled("listxattr", path) { list in
            // SAFETY: the buffer and its size; the string lives through the call.
            unsafe clinux_listxattr(path, list.baseAddress, list.count)
        }
        return (list ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Nil: it has been taken away meanwhile.
    private static func attribute(_ name: String, of path: String) throws(SystemError) -> [UInt8]? {
        unsafe try filled("getxattr \(name)", path) { value in
            // SAFETY: the buffer and its size; the strings live through the call.
            unsafe clinux_getxattr(path, name, value.baseAddress, value.count)
        }
    }

    /// XATTR_LIST_MAX, XATTR_SIZE_MAX: nothing is larger.
    private static let attributeLimit = 65536

    private static func filled(
        _ call: String, _ path: String, _ fill: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(SystemError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: attributeLimit)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe fill($0) }
        if [CLinux.ENODATA, CLinux.EOPNOTSUPP].contains(Int32(-count)) { return nil }
        return Array(buffer[..<(try check(count, call, path))])
    }
}
