import Lifecycle
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct InotifyTests {
    @Test func tellsOfChangesOnce() throws {
        let directory = try TemporaryDirectory("inotify")
        let inotify = try Inotify(watching: directory.path)
        var set = PollSet()
        set.add(inotify.descriptor.raw, .readable)
        #expect(try set.wait(until: MonotonicClock.now()) == 0)
        #expect(try !inotify.drain())
        try directory.write("x", to: "file")
        #expect(try set.wait(until: MonotonicClock.now() + .seconds(20)) == 1)
        #expect(try inotify.drain() && !inotify.drain())
    }

    @Test func whatIsNotThereCannotBeWatched() {
        let error = #expect(throws: SystemError.self) { _ = try Inotify(watching: "/no/such").descriptor.raw }
        #expect(error?.isNotFound == true)
    }
}
