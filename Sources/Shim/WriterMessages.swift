internal import Lifecycle
internal import Linux

/// What a shim tells its writer. In order: a record comes after all output before it.
enum WriterOrder: Hashable {
    /// Output of the container, for the log.
    case log(OutputStream, WallTime, [UInt8])
    /// Output is missing here: the lines begun are over.
    case gap
    /// Asks where the log stands after all output before it.
    case mark(UInt32)
    /// Everything was said. The writer ends when it has written this.
    case save(ExitRecord)
}

/// What a writer answers.
enum WriterWord: Hashable {
    /// There is room on the disk for the record, or why not.
    case ready(refusal: String?)
    /// The record is on the disk with the log before it, or why not.
    case saved(refusal: String?)
    /// The answer to `mark`.
    case stands(UInt32, at: LogPosition)
}

extension WriterOrder: WireCodable {
    func encode(to writer: inout WireWriter) {
        switch self {
        case .log(let stream, let time, let bytes):
            writer.write(stream.rawValue)
            writer.write(time.seconds)
            writer.write(time.nanoseconds)
            writer.write(bytes: bytes)
        case .gap: writer.write(3 as UInt8)
        case .save(let record):
            writer.write(4 as UInt8)
            record.encode(to: &writer)
        case .mark(let number):
            writer.write(5 as UInt8)
            writer.write(number)
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1: self = .log(.output, try WriterOrder.time(&reader), try reader.data())
        case 2: self = .log(.error, try WriterOrder.time(&reader), try reader.data())
        case 3: self = .gap
        case 4: self = .save(try ExitRecord(from: &reader))
        case 5: self = .mark(try reader.integer())
        case let other: throw .unknown("order", UInt64(other))
        }
    }

    private static func time(_ reader: inout WireReader) throws(WireError) -> WallTime {
        WallTime(seconds: try reader.integer(), nanoseconds: try reader.integer())
    }
}

extension WriterWord: WireCodable {
    func encode(to writer: inout WireWriter) {
        switch self {
        case .ready(let refusal):
            writer.write(1 as UInt8)
            writer.write(optional: refusal) { $0.write($1) }
        case .saved(let refusal):
            writer.write(2 as UInt8)
            writer.write(optional: refusal) { $0.write($1) }
        case .stands(let number, let position):
            writer.write(3 as UInt8)
            writer.write(number)
            position.encode(to: &writer)
        }
    }

    init(from reader: inout WireReader) throws(WireError) {
        switch try reader.byte() {
        case 1: self = .ready(refusal: try WriterWord.refusal(&reader))
        case 2: self = .saved(refusal: try WriterWord.refusal(&reader))
        case 3: self = .stands(try reader.integer(), at: try LogPosition(from: &reader))
        case let other: throw .unknown("word", UInt64(other))
        }
    }

    private static func refusal(_ reader: inout WireReader) throws(WireError) -> String? {
        try reader.optional { (reader) throws(WireError) in try reader.text() }
    }
}
