import APITypes
import Client
import Lifecycle

enum CompletionCommand: Command {
    static let about = About(
        "completion", "Print the script that completes command lines in a shell", usage: "bash|zsh|fish",
        examples: [
            ("quell completion bash > /etc/bash_completion.d/quell", "for every user of bash"),
            ("quell completion fish | source", "for this fish"),
        ])
    static let options: [any OptionSpec] = []
    static let operands = Operands.atLeast(1, .words(["bash", "zsh", "fish"]), stopsOptions: true)

    static func run(_ arguments: Arguments, _ session: Session) async throws -> Int32 {
        switch arguments.operands[0] {
        case "bash": try session.out.write(bash)
        case "zsh": try session.out.write(zsh)
        case "fish": try session.out.write(fish)
        // What the scripts call: the words typed so far, the last one unfinished.
        case "candidates":
            let words = Array(arguments.operands.dropFirst())
            for candidate in try await candidates(words, session) { try session.print(candidate) }
        case let other: throw UsageError("invalid shell \"\(other)\": expected bash, zsh or fish")
        }
        return 0
    }

    private static func candidates(_ words: [String], _ session: Session) async throws -> [String] {
        let query = CompletionQuery(words)
        return try await known(query.answer, session).map { query.lead + $0 }
    }

    private static func known(_ answer: CompletionQuery.Answer, _ session: Session) async throws -> [String] {
        switch answer {
        case .words(let words): return words
        case .names(.containers, let prefix): return try await containers(all: true, prefix, session)
        case .names(.copyPlaces, let prefix):
            return try await containers(all: true, prefix, session).map { $0 + ":" }
        case .names(.runningContainers, let prefix): return try await containers(all: false, prefix, session)
        case .names(.images, let prefix):
            return try await session.client.listImages().flatMap(\.repoTags).filter { $0.hasPrefix(prefix) }
        case .names(.volumes, let prefix):
            return try await session.client.listVolumes().volumes.map(\.name).filter { $0.hasPrefix(prefix) }
        // The shell completes these itself.
        case .names: return []
        }
    }

    private static func containers(all: Bool, _ prefix: String, _ session: Session) async throws -> [String] {
        try await session.client.listContainers(all: all).flatMap(\.names).map(withoutSlash).filter {
            $0.hasPrefix(prefix)
        }
    }

    // bash cuts words at : and = too (COMP_WORDBREAKS) and replaces only what follows the last of them.
    private static let bash = """
        # bash completion for quell
        _quell() {
            local line=${COMP_LINE:0:COMP_POINT} breaks=${COMP_WORDBREAKS//[^:=]/} words current tail
            read -ra words <<<"$line"
            [[ $line == *[[:space:]] ]] && words+=('')
            current=${words[${#words[@]}-1]}
            tail=$current
            [ -z "$breaks" ] || tail=${current##*[$breaks]}
            local IFS=$'\\n'
            COMPREPLY=($(quell --deadline 2s completion candidates "${words[@]:1}" 2>/dev/null))
            if [ ${#COMPREPLY[@]} -gt 0 ]; then
                COMPREPLY=("${COMPREPLY[@]#"${current%"$tail"}"}")
                [[ ${COMPREPLY[0]} != *: ]] || compopt -o nospace
            else
                COMPREPLY=($(compgen -f -- "$tail"))
            fi
        }
        complete -o filenames -F _quell quell

        """

    private static let zsh = """
        #compdef quell
        _quell() {
            local -a candidates
            candidates=("${(@f)$(quell --deadline 2s completion candidates "${(@)words[2,CURRENT]}" 2>/dev/null)}")
            if [[ -z "$candidates" ]]; then _files
            elif [[ "$candidates[1]" = *: ]]; then compadd -S '' -a candidates
            else compadd -a candidates; fi
        }
        if [ "$funcstack[1]" = "_quell" ]; then _quell "$@"; else compdef _quell quell; fi

        """

    private static let fish = """
        # fish completion for quell
        function __quell_candidates
            set -l words (commandline -opc) (commandline -ct)
            set -l candidates (quell --deadline 2s completion candidates $words[2..-1] 2>/dev/null)
            if set -q candidates[1]
                printf '%s\\n' $candidates
            else
                __fish_complete_path (commandline -ct)
            end
        end
        complete -c quell -f -a '(__quell_candidates)'

        """
}

/// What may follow the words typed so far, of which the last is unfinished (and may be empty). Pure.
struct CompletionQuery {
    enum Answer: Hashable {
        case words([String])
        /// Names the daemon knows, or files, that begin so.
        case names(Completion, prefix: String)
    }

    let answer: Answer
    /// What stands before every answer: `--restart=` of `--restart=al`.
    let lead: String

    init(_ words: [String]) {
        var words = words
        if let last = words.last, last.hasPrefix("--"), let cut = last.firstIndex(of: "=") {
            // As if option and value were words of their own.
            words[(words.count - 1)...] = [String(last[..<cut]), String(last[last.index(after: cut)...])]
            lead = String(last[...cut])
        } else {
            lead = ""
        }
        let prefix = words.last ?? ""
        var nodes = CommandTree.nodes
        var rest = words.dropLast()[...]
        while let word = rest.popFirst() {
            if let option = Global.options.first(where: { "--\($0.name)" == word || $0.short.map { "-\($0)" } == word })
            {
                if option.placeholder != nil { _ = rest.popFirst() }
                continue
            }
            switch nodes.first(where: { $0.isNamed(word) }) {
            case .group(_, let children): nodes = children
            case .command(let command), .alias(_, let command):
                answer = CompletionQuery.inside(command, rest, prefix)
                return
            case nil:
                answer = .words([])
                return
            }
        }
        let options = prefix.hasPrefix("-") ? Global.options.map { "--\($0.name)" } + ["--help"] : []
        answer = .words((options + (options.isEmpty ? nodes.map(\.name) : [])).filter { $0.hasPrefix(prefix) }.sorted())
    }

    private static func inside(_ command: any Command.Type, _ words: ArraySlice<String>, _ prefix: String) -> Answer {
        let options = command.options + [Global.deadline]
        var operands = 0
        var rest = words
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                operands += 1
                continue
            }
            guard let option = option(word, options), option.placeholder != nil, !word.contains("=") else { continue }
            if rest.isEmpty { return complete(option.completion, prefix) }
            _ = rest.popFirst()
        }
        if command.operands.stopsOptions && operands > 0 { return .names(.files, prefix: prefix) }
        if prefix.hasPrefix("-") {
            return .words((options.map { "--\($0.name)" } + ["--help"]).filter { $0.hasPrefix(prefix) }.sorted())
        }
        guard operands < command.operands.count.upperBound else { return .words([]) }
        return complete(command.operands.completion, prefix)
    }

    private static func option(_ word: String, _ options: [any OptionSpec]) -> (any OptionSpec)? {
        if word.hasPrefix("--") {
            return options.first { "--\($0.name)" == word || $0.aliases.contains(String(word.dropFirst(2))) }
        }
        // The last letter of a cluster may take a value.
        return options.first { $0.short == word.last }
    }

    private static func complete(_ completion: Completion, _ prefix: String) -> Answer {
        if case .words(let words) = completion { return .words(words.filter { $0.hasPrefix(prefix) }) }
        return .names(completion, prefix: prefix)
    }
}
