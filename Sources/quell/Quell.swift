import Client
import Lifecycle
import Linux

/// The program. The main thread takes signals; everything else happens in tasks.
@main
enum Quell {
    static let version = "0.1.0"
    /// Makes this program a disposable child of itself that reads what may hang (`HangingLook`).
    static let probeWord = "__probe"

    static func main() {
        do {
            let words = Array(CommandLine.arguments.dropFirst())
            if words.first == probeWord { ProcessSelf.exit(HangingLook.run(Array(words.dropFirst()))) }
            let signals = try SignalDescriptor(SignalHub.caught)
            try ProcessSelf.ignoreBrokenPipes()
            // Detached: this thread, which the main actor would be, waits for signals.
            Task.detached { leave(await CommandLineRun(words).status()) }
            try SignalHub.shared.serve(signals)
        } catch {
            Output.say("quell: \(error)")
            leave(125)
        }
    }

    /// Ends the program, with the terminal as it was found.
    static func leave(_ status: Int32) -> Never {
        RawMode.leave()
        ProcessSelf.exit(status)
    }
}

extension Output {
    /// The last words of a program: nothing can be done when they do not get through.
    static func say(_ text: String) { try? Output(2).write(text + "\n") }

    /// The same without ever waiting for a reader that does not read.
    static func sayIfRoom(_ text: String) {
        var set = PollSet()
        let place = set.add(2, .writable)
        // A failure of poll(2) itself leaves nothing but to say nothing.
        guard (try? set.wait(until: MonotonicClock.now())) != nil, set.found(at: place).contains(.writable) else {
            return
        }
        say(text)
    }
}
