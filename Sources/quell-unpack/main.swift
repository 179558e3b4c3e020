import CArchive

// quell-unpack: reads what strangers wrote (archives) and writes it where it may do no harm. Started by quelld, one
// process per archive; exit status 0, or 1 and one line on standard error.

private func run() throws(Fault) -> String {
    file_names_are_utf8()
    file_ignore_broken_pipes()
    let arguments = try Arguments(CommandLine.arguments.dropFirst())
    switch arguments.mode {
    case "unpack": return try unpack(arguments)
    case "pack": return try pack(arguments)
    case "decompress": return try decompress(arguments)
    case "status": return try status(arguments)
    case "list": return try list(arguments)
    case "probe": return try probe(arguments)
    default: throw Fault(.usage, "no such mode: \(arguments.mode). " + Arguments.usage)
    }
}

private func say(_ line: String) {
    unsafe Array(line.utf8).withUnsafeBytes { bytes in
        // SAFETY: the bytes of the array and their count. Nobody is left to tell if this fails.
        _ = unsafe file_write(2, bytes.baseAddress, bytes.count)
    }
}

do throws(Fault) {
    say(try run())
} catch {
    say(error.line)
    file_exit(1)
}
