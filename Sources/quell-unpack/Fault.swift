import CArchive

/// Why the helper gives up. It ends as one line on standard error: `error TAB kind TAB errno TAB entry TAB message`.
struct Fault: Error {
    /// The first word is what the reader of the line decides by.
    enum Kind: String {
        /// Wrong arguments: a mistake of the caller.
        case usage
        /// Truncated, corrupt, or of an unknown format.
        case archive
        /// An entry that reaches for something outside the target.
        case hostile
        /// Larger than the caller allows.
        case limit
        /// ENOSPC, EDQUOT: no room on the target's file system.
        case space
        /// The path asked for is not there.
        case missing
        /// A directory where a file is asked for, or the other way round.
        case conflict
        /// Any other system call that failed.
        case system
    }

    var kind: Kind
    var errno: Int32 = 0
    /// Name in the archive, or path in the target. Empty: none.
    var entry: Bytes = []
    var message: String

    /// A failed system call; `result` is -errno.
    init(_ call: String, _ entry: Bytes, result: Int) {
        errno = Int32(-result)
        kind = [28, 122].contains(errno) ? .space : .system
        self.entry = entry
        // SAFETY: a static C string, copied.
        message = unsafe "\(call): \(String(cString: file_error_text(errno)))"
    }

    init(_ kind: Kind, _ message: String, entry: Bytes = []) {
        self.kind = kind
        self.message = message
        self.entry = entry
    }

    /// Without line breaks or tabs of its own, whatever the archive says.
    var line: String { "error\t\(kind.rawValue)\t\(errno)\t\(printable(entry))\t\(printable(Array(message.utf8)))\n" }
}

/// File names are bytes, not text.
typealias Bytes = [UInt8]

/// Control characters, and bytes that are not ASCII, as `\xNN`; UTF-8 is kept. At most 512 bytes of the original.
func printable(_ bytes: Bytes) -> String {
    let hex = Array("0123456789abcdef".unicodeScalars)
    var text = ""
    for scalar in String(decoding: bytes.prefix(512), as: UTF8.self).unicodeScalars {
        if scalar.value < 32 || scalar.value == 127 || scalar == "\\" {
            text += "\\x"
            text.unicodeScalars.append(hex[Int(scalar.value >> 4)])
            text.unicodeScalars.append(hex[Int(scalar.value & 15)])
        } else {
            text.unicodeScalars.append(scalar)
        }
    }
    return text
}

/// Turns `-errno` into a fault.
@discardableResult
func checked(_ result: Int, _ call: String, _ entry: Bytes) throws(Fault) -> Int {
    guard result >= 0 else { throw Fault(call, entry, result: result) }
    return result
}
