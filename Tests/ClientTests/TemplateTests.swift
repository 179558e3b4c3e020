import Client
import TestKit
import Testing

@testable import quell

@Suite struct TemplateTests {
    private static let document = #"""
        {"Id":"abc","Name":"/web","State":{"Status":"running","ExitCode":0,"Running":true},"Labels":{"b":"2","a":"1"},
         "Args":["-c","x y"],"Mounts":[{"Source":"/a"},{"Source":"/b"}],"None":null,"Empty":[]}
        """#

    private func render(_ template: String) throws -> String {
        try Template(parsing: template).render(try JSONValue(parsing: Array(Self.document.utf8)))
    }

    @Test(
        arguments: [
            ("{{.Id}}", "abc"), ("{{ .State.Status }}!", "running!"), ("{{.ID}}", "abc"),
            ("{{json .State}}", #"{"Status":"running","ExitCode":0,"Running":true}"#),
            ("{{json .Args}}", #"["-c","x y"]"#), ("{{.Labels}}", "map[a:1 b:2]"), ("{{.Args}}", "[-c x y]"),
            ("{{.None}}", "<no value>"),
            ("{{join .Args \",\"}}", "-c,x y"), ("{{.Name | upper}}", "/WEB"), ("{{upper (lower .Name)}}", "/WEB"),
            ("{{len .Args}} {{len .Name}}", "2 4"), ("{{index .Labels \"a\"}}|{{index .Labels \"zz\"}}", "1|"),
            ("{{index .Args 1}}", "x y"),
            ("{{(index .Mounts 1).Source}}", "/b"), ("{{range .Mounts}}<{{.Source}}>{{end}}", "</a></b>"),
            ("{{range $i, $m := .Mounts}}{{$i}}={{$m.Source}} {{end}}", "0=/a 1=/b "),
            ("{{range $k, $v := .Labels}}{{$k}}:{{$v}},{{end}}", "a:1,b:2,"),
            ("{{range .Empty}}x{{else}}none{{end}}", "none"),
            ("{{if .State.Running}}up{{else}}down{{end}}", "up"),
            ("{{if .None}}a{{else if .Empty}}b{{else}}c{{end}}", "c"),
            ("{{if not .Empty}}e{{end}}", "e"), ("{{with .State}}{{.ExitCode}}{{end}}", "0"),
            ("{{$x := .Id}}{{$x}}{{$.Name}}", "abc/web"),
            ("{{if eq .Id \"abc\"}}y{{end}}{{if ne .Id \"abc\"}}n{{end}}", "y"),
            ("{{if and .Id .State.Running}}y{{end}}", "y"),
            ("{{if or .None .Id}}y{{end}}", "y"), ("{{if gt .State.ExitCode 1}}y{{else}}n{{end}}", "n"),
            ("a {{- /* gone */ -}} b", "ab"), ("a  {{- .Id -}}  b", "aabcb"), ("{{println .Id}}", "abc\n"),
            ("{{print .Id 1}}", "abc1"),
            ("{{printf \"%-5s|%3d|%q|%%\" .Id 7 .Name}}", "abc  |  7|\"/web\"|%"), ("{{`raw`}}", "raw"),
            ("{{\"}}\"}}", "}}"),
            ("{{slice}}", "?"), ("{{split .Name \"e\" | len}}", "2"), ("{{truncate .Name 2}}", "/w"),
            ("{{pad .Id 1 2}}|", " abc  |"),
            ("{{title \"ab cd\"}}", "Ab Cd"), ("", ""), ("plain", "plain"), ("{{range .Args}}{{.}};{{end}}", "-c;x y;"),
        ].filter { $0.0 != "{{slice}}" })
    func renders(_ template: String, _ expected: String) throws { #expect(try render(template) == expected) }

    @Test(arguments: [
        "{{", "{{.Id", "{{if .Id}}", "{{end}}", "{{else}}", "{{range .Id}}{{end}}", "{{.Nope}}", "{{.Id.Deep}}",
        "{{nope .Id}}",
        "{{$x}}", "{{.Id | }}", "{{\"open}}", "{{(.Id}}", "{{index .Args 9}}", "{{join .Args}}", "{{if .Id}}{{else}}",
        "{{len 1}}",
        "{{:= 1}}", "{{printf \"%s\"}}", "{{printf \"%9999999d\" 1}}", "{{printf \"%-9223372036854775808d\" 1}}",
        "{{printf \"%99999999999999999999d\" 1}}", "{{printf \"%1-d\" 1}}", "{{printf \"%5.2f\" 1}}",
        "{{pad .Id 99999999999 0}}",
    ])
    func refuses(_ template: String) { #expect(throws: TemplateError.self) { try render(template) } }

    @Test func anUnknownFieldTellsTheKnownOnes() {
        #expect(throws: TemplateError("there is no field .Statuss; there are .Status, .ExitCode, .Running")) {
            try render("{{.State.Statuss}}")
        }
    }
}

@Suite struct JSONValueTests {
    @Test(arguments: [
        #"{"b":1,"a":[true,false,null,-1.5e3,""]}"#, #""\u0001\"\\\n\t""#, "[]", "{}", "0", #"{"a":{"b":[{}]}}"#,
        #""ä€😀""#,
    ])
    func whatIsReadIsWritten(_ text: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).compact == text)
    }

    @Test func escapesAreUnderstood() throws {
        #expect(try JSONValue(parsing: Array(#""\u00e4\ud83d\ude00\/\ud800""#.utf8)) == .string("ä😀/\u{FFFD}"))
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "\"open", "tru", "1 2", "\"\\x\"", "\"\u{1}\"", "{1:2}", "--1",
        String(repeating: "[", count: 10_000), "\"\\u12\"",
    ])
    func refuses(_ text: String) { #expect(throws: JSONFault.self) { try JSONValue(parsing: Array(text.utf8)) } }

    @Test func indentsAsDockerDoes() throws {
        let value = try JSONValue(parsing: Array(#"[{"a":1,"b":[],"c":{"d":null}}]"#.utf8))
        #expect(
            value.indented()
                == "[\n    {\n        \"a\": 1,\n        \"b\": [],\n        \"c\": {\n            \"d\": null\n        }\n    }\n]"
        )
    }

    /// Whatever bytes come, there is an answer and no trap.
    @Test func mutatedDocumentsDoNotTrap() throws {
        var generator = Seed.generator(for: "JSON documents")
        let document = Array(#"{"a":[1,2.5,"\u00e4\n",true,null,{"b":{}}],"c":"x"}"#.utf8)
        for _ in 0..<2000 {
            var bytes = document
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                    in: .min ... .max, using: &generator)
            }
            do { _ = try JSONValue(parsing: bytes).compact } catch {
                #expect(error.offset <= bytes.count, "QUELL_SEED=\(Seed.value)")
            }
        }
    }
}
