import Testing

@testable import quell

@Suite struct PrintableTests {
    @Test(arguments: [
        ("web\tup\n", "web\tup\n"), ("\u{1B}]0;owned\u{7}", "\\x1b]0;owned\\x07"), ("a\rb", "a\\rb"),
        ("\u{9B}2J", "\\u009b2J"), ("\u{7F}", "\\x7f"), ("a\u{202E}b", "a\\u202eb"),
        ("ä€ → 日本 \u{1F600}", "ä€ → 日本 \u{1F600}"),
        ("\r\n", "\\r\n"),
    ])
    func controlCharactersAreShown(text: String, shown: String) {
        #expect(Printable.text(text) == shown)
        #expect(Printable.text(shown) == shown)
    }

    @Test func aLineHasNoEndInside() { #expect(Printable.line("a\nb\tc") == "a\\nb\\tc") }
}
