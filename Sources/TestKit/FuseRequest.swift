/// One request of the FUSE protocol (linux/fuse.h, 7.31), as far as a directory with one file needs it.
struct FuseRequest {
    private enum Operation: UInt32 {
        case lookup = 1, forget = 2, getAttributes = 3, open = 14, read = 15, write = 16, statfs = 17, release = 18
        case fsync = 20, flush = 25, initialise = 26, openDirectory = 27, readDirectory = 28, releaseDirectory = 29
        case interrupt = 36, batchForget = 42
    }
    private let operation: Operation?
    private let unique: UInt64
    private let node: UInt64
    private let name: [UInt8]

    private static let headerSize = 40
    private static let rootNode: UInt64 = 1
    private static let fileNode: UInt64 = 2
    private static let noEntry: Int32 = 2
    private static let notImplemented: Int32 = 38

    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count >= FuseRequest.headerSize else { return nil }
        let start = bytes.startIndex
        func number(_ offset: Int, _ width: Int) -> UInt64 {
            (0..<width).reversed().reduce(0) { $0 << 8 | UInt64(bytes[start + offset + $1]) }
        }
        operation = Operation(rawValue: UInt32(number(4, 4)))
        unique = number(8, 8)
        node = number(16, 8)
        name = Array(bytes[(start + FuseRequest.headerSize)...].prefix { $0 != 0 })
    }

    /// It is one of those that are never answered.
    var hangs: Bool { operation == .read || operation == .write || isSilentLookup }

    private var isSilentLookup: Bool { operation == .lookup && name == Array("silent".utf8) }

    /// Nil: no answer, ever, or none is expected.
    func answer() -> [UInt8]? {
        switch operation {
        case .read, .write, .forget, .batchForget, .interrupt: return nil
        case .initialise: return reply(initialisation)
        case .lookup where isSilentLookup: return nil
        case .lookup:
            guard node == FuseRequest.rootNode, name == Array("file".utf8) else { return failure(FuseRequest.noEntry) }
            return reply(entry)
        case .getAttributes: return reply(numbers((3600, 8), (0, 4), (0, 4)) + attributes(of: node))
        // Direct I/O: every read becomes a request, and its caller waits in request_wait_answer.
        case .open: return reply(numbers((1, 8), (1, 4), (0, 4)))
        case .openDirectory: return reply(numbers((1, 8), (0, 4), (0, 4)))
        case .statfs: return reply([UInt8](repeating: 0, count: 80))
        case .readDirectory, .release, .releaseDirectory, .flush, .fsync: return reply([])
        case nil: return failure(FuseRequest.notImplemented)
        }
    }

    private var initialisation: [UInt8] {
        // major minor readahead flags, background congestion, max_write granularity, pages alignment, the rest unused
        let head = numbers((7, 4), (31, 4), (65536, 4), (0, 4), (16, 2), (12, 2), (65536, 4), (1, 4), (16, 2), (0, 2))
        return head + [UInt8](repeating: 0, count: 64 - head.count)
    }

    private var entry: [UInt8] {
        numbers((FuseRequest.fileNode, 8), (0, 8), (3600, 8), (3600, 8), (0, 4), (0, 4))
            + attributes(of: FuseRequest.fileNode)
    }

    private func attributes(of node: UInt64) -> [UInt8] {
        let isRoot = node == FuseRequest.rootNode
        let mode: UInt64 = isRoot ? 0o040755 : 0o100666
        // ino size blocks, atime mtime ctime and their fractions, mode nlink uid gid rdev blksize flags
        return numbers((node, 8), (isRoot ? 0 : 4096, 8), (8, 8), (0, 8), (0, 8), (0, 8), (0, 4), (0, 4), (0, 4))
            + numbers((mode, 4), (isRoot ? 2 : 1, 4), (0, 4), (0, 4), (0, 4), (4096, 4), (0, 4))
    }

    private func reply(_ body: [UInt8]) -> [UInt8] { numbers((UInt64(16 + body.count), 4), (0, 4), (unique, 8)) + body }

    private func failure(_ errno: Int32) -> [UInt8] {
        numbers((16, 4), (UInt64(UInt32(bitPattern: -errno)), 4), (unique, 8))
    }

    /// Little endian.
    private func numbers(_ values: (UInt64, Int)...) -> [UInt8] {
        values.flatMap { value, width in (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) } }
    }
}
