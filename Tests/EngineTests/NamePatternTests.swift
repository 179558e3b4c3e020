import TestKit
import Testing

@testable import Engine

/// Filters by name are regular expressions to Docker.
struct NamePatternTests {
    @Test(arguments: [
        ("web", "my-web-1", true), ("^web", "my-web", false), ("^web$", "web", true), ("^web$", "web1", false),
        ("web$", "my-web", true), ("w.b", "wxb", true), ("^w.*b$", "w--b", true), ("^(web|db)$", "db", true),
        ("^(web|db)$", "dbx", false), ("web|db", "xdb", true), ("^web-[0-9]+$", "web-12", true),
        ("^web-[0-9]+$", "web-", false), ("^a?b$", "b", true), ("[^a-z]", "abc", false), ("[^a-z]", "ab1", true),
        ("a\\.b", "axb", false), ("a\\.b", "a.b", true), ("\\d", "a1", true), ("^\\w+$", "a-b", false), ("", "x", true),
        ("(a*)*b", "aaab", true), ("()*", "x", true), ("^(a|b)*c", "ababc", true), ("[]]", "]", true),
        ("a|", "x", true),
    ])
    func finds(pattern: String, name: String, found: Bool) throws {
        #expect(try #require(NamePattern(pattern)).matches(name) == found)
    }

    @Test(arguments: ["(", ")", "[", "[z-a]", "*", "{", "(?i)a", "\\", "\\b", "[\\"])
    func knowsWhatItDoesNot(pattern: String) {
        #expect(NamePattern(pattern) == nil)
    }

    /// No pattern makes it slow, however many ways there are to fit.
    @Test func takesNoLongerThanItsLength() throws {
        let pattern = try #require(NamePattern(String(repeating: "(a*)*", count: 100) + "b"))
        let started = ContinuousClock.now
        #expect(!pattern.matches(String(repeating: "a", count: 255)))
        #expect(started.duration(to: .now) < .seconds(5))
    }

    @Test func anythingIsReadOrRefused() {
        var random = Seed.generator(for: "name patterns")
        let alphabet = Array("ab.*+?()[]^$|\\-{}0")
        for _ in 0..<5000 {
            let text = String(
                (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                    alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
                })
            _ = NamePattern(text)?.matches("ab0-a")
        }
    }
}
