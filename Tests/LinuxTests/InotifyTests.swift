import Lifecycle
import Linux
import TestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct InotifyTests {
    @Test func tellsOfChangesOnce() throws {
        let directory = try TemporaryDirectory("inotify")
        let inotify = try Inotify()
        let watch = try inotify.watch(directory.path)
        #expect(try inotify.watch(directory.path) == watch)
        var set = PollSet()
        set.add(inotify.descriptor.raw, .readable)
        #expect(try set.wait(until: MonotonicClock.now()) == 0)
        #expect(try inotify.read() == Inotify.News())
        try directory.write("x", to: "file")
        try directory.write("x", to: "a file with a longer name")
        #expect(try set.wait(until: MonotonicClock.now() + .seconds(20)) == 1)
        #expect(try inotify.read().changed == [watch])
        #expect(try inotify.read() == Inotify.News())
    }

    @Test func tellsWhichOfManyHasChangedAndWhichHasEnded() throws {
        let directory = try TemporaryDirectory("inotify")
        let inotify = try Inotify()
        var watches: [Inotify.Watch] = []
        for name in ["a", "b", "c"] {
            try File.makeDirectory(directory(name))
            watches.append(try inotify.watch(directory(name)))
        }
        try directory.write("x", to: "b/file")
        try inotify.forget(watches[0])
        try inotify.forget(watches[0])
        try directory.write("x", to: "a/file")
        try File.removeTree(directory("c"))
        let news = try inotify.read()
        #expect(news.changed.subtracting([watches[2]]) == [watches[1]])
        #expect(news.ended == [watches[0], watches[2]])
    }

    @Test func whatIsNotThereCannotBeWatched() throws {
        let inotify = try Inotify()
        let error = #expect(throws: SystemError.self) { _ = try inotify.watch("/no/such") }
        #expect(error?.isNotFound == true)
    }
}
