// quell-shim: supervises one container. Started by quelld as `quell-shim CONFIGURATION`; descriptor 3 is told `R` when
// the shim serves its socket, or why it cannot. With more than one argument it looks at what may hang:
// at a path of the host (HostLook), or with `probe` at a process's memory (HangingLook).

internal import Lifecycle
internal import Linux
internal import Shim

/// Looked at before anything is opened: started by hand, descriptor 3 would soon be something else.
let isAwaited = Descriptor.isPipe(3)

func announce(_ text: String) {
    guard isAwaited else { return }
    do throws(SystemError) {
        let ready = OwnedDescriptor(adopting: 3)
        try ready.writeAll(Array(text.utf8))
    } catch {
        // The engine is gone: serve all the same.
    }
}

func fail(_ message: String, code: Int32) -> Never {
    announce(message)
    ProcessSelf.exit(code)
}

if CommandLine.arguments.count > 2, CommandLine.arguments[1] == "probe" {
    ProcessSelf.exit(HangingLook.run(Array(CommandLine.arguments.dropFirst(2))))
}
if CommandLine.arguments.count > 2 { ProcessSelf.exit(HostLook.run(Array(CommandLine.arguments.dropFirst()))) }
guard CommandLine.arguments.count == 2 else { fail("usage: quell-shim CONFIGURATION (quelld starts it)", code: 2) }
let path = CommandLine.arguments[1]
let shim: Shim
do {
    shim = try Shim(try ShimConfiguration(wireBytes: try File.read(path)))
} catch {
    fail("quell-shim \(path): \(error)", code: 1)
}
announce("R")
do throws(SystemError) {
    try shim.run()
} catch {
    shim.end(because: error)
    ProcessSelf.exit(1)
}
