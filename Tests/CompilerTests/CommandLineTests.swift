import Foundation
import TestSupport
import Testing

/// The program at a terminal and in a pipeline: words, exit codes, streams.
@Suite struct CommandLineTests {
  static let commands = [
    "init", "adopt", "fmt", "validate", "build", "check", "observe", "record", "schema", "rules",
    "completion", "version",
  ]

  static let example = Repository.path("Tests/CompilerTests/Fleets/porter-pair")

  // MARK: Words

  @Test(arguments: [
    ["vlidate"], ["--nothing"], ["validate", "--nothing"], ["validate", "--strct"],
    ["build", "--color", "sometimes"], ["graph", "--format", "pdf", "/no/such/place"],
    ["validate", "--format", "xml"], ["validate", "--format"], ["validate", "a", "b"], ["rules", "LW0000"],
    ["schema", "Nothing"], ["completion", "tcsh"], ["completion"], ["help", "nothing"],
    ["validate", "/no/such/place"],
    ["validate", "--strict=yes"], ["build", "--cluster", "bronze", example],
    ["validate", "--workloads", "gold", example],
    ["validate", "--workloads", "gold=/no/such/file", example],
    ["validate", "--format", "json=/no/such/place/a", example],
  ])
  func wrongUsageIsExplained(_ arguments: [String]) throws {
    let output = try Linkwright.program.run(arguments)
    #expect(output.status == 2, "\(output.errorText)")
    #expect(output.text.isEmpty)
    #expect(output.errorText.hasPrefix("linkwright: "), "\(output.errorText)")
    #expect(output.errorText.split(separator: "\n").count <= 3)
  }

  @Test(arguments: [("vlidate", "validate"), ("biuld", "build"), ("schemas", "schema")])
  func nearestCommandIsSuggested(_ word: String, _ command: String) throws {
    #expect(try Linkwright.run(word).errorText.contains("did you mean '\(command)'"))
  }

  @Test(arguments: commands)
  func everyCommandHasHelpWithAnExample(_ command: String) throws {
    let output = try Linkwright.run(command, "--help")
    #expect(output.status == 0 && output.errorText.isEmpty)
    #expect(output.text.contains("Usage: linkwright \(command)"))
    let last = output.text.split(separator: "\n").suffix(2)
    #expect(
      last.first == "Example:" && last.last?.contains("linkwright \(command)") == true, "\(output.text)")
    #expect(try Linkwright.run("help", command).text == output.text)
    #expect(try Linkwright.run("help").text.contains("  \(command) "))
  }

  @Test func helpNeedsNoFleet() throws {
    for arguments in [[], ["help"], ["--help"], ["-h"]] {
      let output = try Linkwright.program.run(arguments, in: "/")
      #expect(output.status == 0 && output.text.contains("Usage: linkwright COMMAND"))
    }
  }

  @Test func versionInBothForms() throws {
    let text = try Linkwright.run("version").text
    #expect(text.hasPrefix("linkwright "))
    #expect(try Linkwright.run("--version").text == text)
    let json = try JSONSerialization.jsonObject(with: Data(Linkwright.run("version", "-o", "json").stdout))
    #expect((json as? [String: String])?["version"].map { "linkwright \($0)\n" } == text)
  }

  @Test(arguments: [
    ("porter", "gold"), ("static", "silver"), ("gateway-dns", "cluster-a"), ("tetrate", "cluster-1"),
    ("cluster-mesh", "cluster01"),
  ])
  func newFleetIsValid(_ link: String, _ cluster: String) throws {
    let scratch = try ScratchDirectory("new")
    #expect(try Linkwright.run("init", "--link", link, scratch.root).status == 0)
    let valid = try Linkwright.run("validate", "--format", "json", scratch.root)
    #expect(valid.status == 0, "\(valid.errorText)")
    #expect(!valid.text.contains("\"error\""))
    let sample = scratch.path("connections/example.yaml")
    try FileManager.default.moveItem(atPath: sample + ".sample", toPath: sample)
    let used = try Linkwright.run("validate", "--color", "never", scratch.root)
    #expect(used.status == 1 && used.errorText.contains("workloads of \(cluster)"), "\(used.errorText)")
    #expect(try Linkwright.run("init", scratch.root).status == 2)
  }

  // MARK: Exit codes and streams

  @Test func exitCodes() throws {
    let right = try Linkwright.run("validate", Self.example)
    #expect(right.status == 0 && right.text.isEmpty && right.errorText.hasPrefix("valid: "))
    let scratch = try BadInputTests.scratch([BadInputTests.connection: Array("kind: Nothing\n".utf8)])
    #expect(try Linkwright.run("validate", scratch.root).status == 1)
    #expect(try Linkwright.run("validate", "/no/such/place").status == 2)
    let old = try BadInputTests.scratch()
    #expect(try Linkwright.run("check", old.root).status == 1)
    #expect(try Linkwright.run("build", "--dry-run", old.root).status == 0)
    #expect(try old.files()["rendered/gold/manifests/kustomization.yaml"] == nil)
    #expect(try Linkwright.run("build", old.root).status == 0)
    #expect(try Linkwright.run("check", old.root).status == 0)
    let pending = try BadInputTests.scratch([
      "observed/gold/a1b2c3-dev.yaml": [], "observed/golddr/a1b2c3-dev.yaml": [],
    ])
    #expect(try Linkwright.run("validate", pending.root).status == 0)
    #expect(try Linkwright.run("validate", "--strict", pending.root).status == 1)
  }

  @Test func fleetIsFoundUpwards() throws {
    let output = try Linkwright.run("validate", in: Self.example + "/workloads/gold")
    #expect(output.status == 0, "\(output.errorText)")
  }

  @Test func severalFormatsInOneRun() throws {
    let scratch = try BadInputTests.scratch([BadInputTests.connection: Array("kind: Nothing\n".utf8)])
    let report = scratch.path("report.sarif")
    let output = try Linkwright.run(
      "validate", "--format", "text", "--format", "json", "--format", "sarif=\(report)", "--format",
      "github=-", scratch.root)
    #expect(output.status == 1)
    #expect(output.errorText.contains("error[LW1103]"), "\(output.errorText)")
    #expect(output.text.hasPrefix("{") && output.text.contains("::error"))
    let sarif =
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: report))) as? [String: Any]
    #expect(sarif?["version"] as? String == "2.1.0")
  }

  @Test(arguments: ["json", "sarif", "gitlab"])
  func dataFormatsAreJSONOnStandardOutput(_ format: String) throws {
    let output = try Linkwright.run("validate", "--format", format, Self.example)
    #expect(output.status == 0)
    _ = try JSONSerialization.jsonObject(with: Data(output.stdout))
  }

  @Test func quietAndVerbose() throws {
    let quiet = try Linkwright.run("validate", "-q", Self.example)
    #expect(quiet.status == 0 && quiet.text.isEmpty && quiet.errorText.isEmpty)
    let directory = Repository.path("Tests/CompilerTests/Cases/porter-existing-objects/input")
    let plain = try Linkwright.run("validate", directory)
    let verbose = try Linkwright.run("validate", "-v", directory)
    #expect(!plain.errorText.contains("satisfied: ") && verbose.errorText.contains("satisfied: "))
    let notes = Repository.path("Tests/CompilerTests/Cases/porter-random-port/input")
    #expect(try !Linkwright.run("validate", notes).errorText.contains("note[LW2138]"))
    #expect(try Linkwright.run("validate", "-v", notes).errorText.contains("note[LW2138]"))
    let broken = try BadInputTests.scratch([BadInputTests.connection: Array("kind: Nothing\n".utf8)])
    #expect(try Linkwright.run("validate", "-q", broken.root).errorText.contains("error["))
  }

  @Test func colour() throws {
    let scratch = try BadInputTests.scratch([BadInputTests.connection: Array("kind: Nothing\n".utf8)])
    let isColoured = { (arguments: [String], environment: [String: String]) in
      let output = try Linkwright.program.run(
        ["validate"] + arguments + [scratch.root], environment: environment)
      return output.errorText.contains("\u{1B}[")
    }
    let none = ["NO_COLOR": "", "CLICOLOR_FORCE": "", "FORCE_COLOR": "", "LINKWRIGHT_COLOR": ""]
    #expect(try !isColoured([], none))
    #expect(try isColoured(["--color", "always"], none))
    #expect(try isColoured(["--color=always"], none.merging(["NO_COLOR": "1"]) { $1 }))
    #expect(try isColoured([], none.merging(["CLICOLOR_FORCE": "1"]) { $1 }))
    #expect(try !isColoured([], none.merging(["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]) { $1 }))
    #expect(try !isColoured(["--color", "never"], none.merging(["CLICOLOR_FORCE": "1"]) { $1 }))
  }

  // MARK: Streams that end

  private func shell(_ script: String) throws -> Program.Output {
    try Program(path: "/bin/bash").run(
      ["-c", "set -o pipefail; " + script],
      environment: ["LW": Linkwright.program.path, "SWIFT_BACKTRACE": "enable=no"])
  }

  @Test func readerThatGoesAwayIsNoFailure() throws {
    let output = try shell(#""$LW" rules -o markdown | head -1 >/dev/null; echo "${PIPESTATUS[0]}""#)
    #expect(output.text == "0\n" && output.errorText.isEmpty, "\(output.errorText)")
  }

  @Test func standardOutputThatCannotBeWrittenIsAFailure() throws {
    let full = try shell(#""$LW" rules >/dev/full"#)
    #expect(full.status == 2 && full.errorText.contains("the disk is full"), "\(full.errorText)")
    let closed = try shell(#""$LW" rules >&-"#)
    #expect(
      closed.status == 2 && closed.errorText.contains("cannot write standard output"), "\(closed.errorText)")
    let report = try shell(#""$LW" validate --format json=/dev/full '\#(Self.example)'"#)
    #expect(report.status == 2 && report.errorText.contains("/dev/full"), "\(report.errorText)")
  }

  @Test func closedStreamsDoNotReachFiles() throws {
    let scratch = try BadInputTests.scratch()
    let output = try shell(#""$LW" build '\#(scratch.root)' <&- >&- 2>&-"#)
    #expect(output.status == 0)
    let expected = try BadInputTests.scratch()
    #expect(try Linkwright.run("build", expected.root).status == 0)
    #expect(try scratch.files() == expected.files())
  }

  // MARK: Completion

  static let shells = ["bash", "zsh", "fish"]

  @Test(arguments: shells) func completionScriptHasEveryCommand(_ shell: String) throws {
    let script = try Linkwright.run("completion", shell)
    #expect(script.status == 0)
    for command in Self.commands { #expect(script.text.contains(command)) }
  }

  @Test func bashScriptParses() throws { try checkGrammar("bash") }

  @Test(.enabled(if: Program.find("zsh") != nil, "zsh is not installed"))
  func zshScriptParses() throws { try checkGrammar("zsh") }

  @Test(.enabled(if: Program.find("fish") != nil, "fish is not installed"))
  func fishScriptParses() throws { try checkGrammar("fish") }

  private func checkGrammar(_ shell: String) throws {
    let scratch = try ScratchDirectory("completion")
    try scratch.write(Linkwright.run("completion", shell).text, to: "script")
    let checked = try #require(Program.find(shell)).run(["-n", scratch.path("script")])
    #expect(checked.status == 0 && checked.errorText.isEmpty, "\(checked.errorText)")
  }

  @Test func bashCompletesCommandsOptionsAndValues() throws {
    let script = try Linkwright.run("completion", "bash").text
    func complete(_ words: String...) throws -> [String] {
      let list = words.map { "'\($0)'" }.joined(separator: " ")
      let output = try shell(
        script
          + "\nCOMP_WORDS=(linkwright \(list)); COMP_CWORD=\(words.count); _linkwright; printf '%s\\n' \"${COMPREPLY[@]}\""
      )
      return output.text.split(separator: "\n").map(String.init)
    }
    #expect(try complete("val") == ["validate"])
    #expect(try complete("build", "--dr") == ["--dry-run"])
    #expect(try complete("validate", "--color", "al") == ["always"])
    #expect(try complete("completion", "z") == ["zsh"])
    // The same option takes other values at another command, also after a '=', which bash makes a word of its own.
    #expect(try complete("graph", "--format", "me") == ["mermaid"])
    #expect(try complete("diff", "--format", "m") == ["markdown"])
    #expect(try complete("validate", "--format", "=", "sa") == ["sarif"])
    #expect(try complete("validate", "--format", "=").contains("gitlab"))
    #expect(try complete("rules", "-o", "ma") == ["markdown"])
    #expect(try complete("rules", "LW120").contains("LW1203"))
    #expect(try complete("rules", "unknown-po") == ["unknown-port"])
    #expect(try complete("schema", "con") == ["connection"])
  }
}
