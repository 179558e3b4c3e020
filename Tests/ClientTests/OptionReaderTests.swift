import Testing

@testable import quell

@Suite struct OptionReaderTests {
    private static let rm = Flag("rm", "")
    private static let tty = Flag("tty", short: "t", "")
    private static let interactive = Flag("interactive", short: "i", "")
    private static let proxy = Flag("sig-proxy", default: true, "")
    private static let env = Repeated("env", short: "e", "NAME=VALUE", "")
    private static let volume = Repeated("volume", short: "v", "VOLUME", "")
    private static let entrypoint = Option("entrypoint", aliases: ["ep"], "COMMAND", "")
    private static let count = Option("count", short: "c", "N", "", in: 1...9)
    private static let options: [any OptionSpec] = [rm, tty, interactive, proxy, env, volume, entrypoint, count]

    private func read(_ words: [String], stops: Bool = true) throws -> Arguments {
        var reader = OptionReader(Self.options, stopsAtOperand: stops)
        try reader.read(words)
        return reader.arguments
    }

    @Test(arguments: [
        ["-it", "-e", "A=1", "--env", "B=2", "-eC=3", "-e=D=4", "--env=E=", "img"],
        ["-i", "-t", "-eA=1", "-e", "B=2", "-e", "C=3", "-e", "D=4", "-e", "E=", "img"],
        ["-ite", "A=1", "--env=B=2", "-e=C=3", "-eD=4", "--env", "E=", "--", "img"],
    ])
    func spellingsMeanTheSame(_ words: [String]) throws {
        let arguments = try read(words)
        #expect(try arguments[Self.tty])
        #expect(try arguments[Self.interactive])
        #expect(try arguments[Self.env] == ["A=1", "B=2", "C=3", "D=4", "E="])
        #expect(arguments.operands == ["img"])
    }

    /// What follows the image is the command's, also what looks like an option, or like nothing.
    @Test(arguments: [["sh", "-c", "--rm"], ["--", "-x"], ["---"], ["-e"], ["--help"], ["", "-"]])
    func theCommandIsLeftAlone(_ command: [String]) throws {
        let arguments = try read(["--rm", "img"] + command)
        #expect(arguments.operands == ["img"] + command)
        #expect(try arguments[Self.rm])
        #expect(try arguments[Self.env].isEmpty)
    }

    @Test func optionsMayFollowOperandsElsewhere() throws {
        let arguments = try read(["web", "--rm", "db"], stops: false)
        #expect(arguments.operands == ["web", "db"])
        #expect(try arguments[Self.rm])
        #expect(try read(["web", "--", "--rm"], stops: false).operands == ["web", "--rm"])
    }

    @Test(arguments: [
        ("--rm=false", false), ("--rm=true", true), ("--rm=0", false), ("--rm=T", true), ("--rm", true),
    ])
    func flagsTakeATruthValue(_ word: String, _ expected: Bool) throws {
        #expect(try read([word])[Self.rm] == expected)
    }

    @Test func flagsMayBeOnByDefault() throws {
        #expect(try read([])[Self.proxy])
        #expect(try !read(["--sig-proxy=false"])[Self.proxy])
        #expect(try !read(["-t=false"])[Self.tty])
    }

    @Test func anEmptyValueIsAValue() throws {
        #expect(try read(["--entrypoint=", "img"])[Self.entrypoint] == "")
        #expect(try read(["--entrypoint", "", "img"])[Self.entrypoint] == "")
        #expect(try read(["--ep", "--rm", "img"])[Self.entrypoint] == "--rm")
        #expect(try read(["--entrypoint", "a", "--entrypoint", "b"])[Self.entrypoint] == "b")
        #expect(try read([])[Self.entrypoint] == nil)
    }

    @Test(arguments: [
        (["--nope"], "unknown option --nope"), (["-z"], "unknown option -z"), (["-iz"], "unknown option -z in -iz"),
        (["--env"], "option --env needs a value"), (["-e"], "option -e needs a value"),
        (["--rm=maybe"], #"invalid value "maybe" for --rm: it is no truth value; expected true or false"#),
        (["-c", "10"], #"invalid value "10" for --count: it is out of range; expected a whole number from 1 to 9"#),
        (["-c", "x"], #"invalid value "x" for --count: it is no whole number; expected a whole number from 1 to 9"#),
        (["--vol"], "unknown option --vol; did you mean --volume?"),
        (["--evn"], "unknown option --evn; did you mean --env?"),
    ])
    func faultsAreNamed(_ words: [String], _ message: String) {
        #expect(throws: UsageError(message)) { try read(words) }
    }

    @Test func helpIsSeen() throws {
        for words in [["--help"], ["-h"], ["--rm", "-ih"]] {
            var reader = OptionReader(Self.options, stopsAtOperand: true)
            try reader.read(words)
            #expect(reader.wantsHelp)
        }
    }
}
