import Glibc
import Linux

/// A file that becomes a blob: one being written, or one that is there already.
final class BlobFile {
    let path: String
    private let file: OwnedDescriptor
    private let isWritten: Bool
    private var (written, begun): (Int64, Int64) = (0, 0)
    private static let writebackStep: Int64 = 8 << 20

    init(creating path: String) throws(ImageError) {
        self.path = path
        file = try mapping { () throws(SystemError) in try File.open(path, [.writeOnly, .create, .exclusive]) }
        isWritten = true
    }

    init(existing path: String) throws(ImageError) {
        self.path = path
        file = try mapping { () throws(SystemError) in try File.open(path, [.readOnly, .noFollow]) }
        isWritten = false
    }

    /// Writes nothing into a file that is there already. What is large begins to go to the disk while it comes.
    func append(_ bytes: ArraySlice<UInt8>) throws(ImageError) {
        guard isWritten else { return }
        try mapping("write \(path)") { () throws(SystemError) in try file.writeAll(bytes) }
        written += Int64(bytes.count)
        guard written - begun >= BlobFile.writebackStep else { return }
        file.startWriteback(from: begun, count: written - begun)
        begun = written
    }

    func sync() throws(ImageError) { try mapping("sync \(path)") { () throws(SystemError) in try file.sync() } }
}

/// A second name for a file; within one file system.
func hardLink(_ path: String, _ name: String) throws(ImageError) {
    // SAFETY: strings that live through the call.
    guard unsafe link(path, name) == 0 else {
        throw ImageError(SystemError("link", "\(path) to \(name)", errno: errno))
    }
}
