import Diagnostics
import TestSupport
import Testing
import YAMLTree

@testable import Templates

/// No value breaks out of its place: whatever a text holds, readers get that very text.
@Suite struct HostileValueTests {
  static let values = [
    "two\nlines", "ends with a newline\n", "\nstarts with one", "'single' and \"double\"", "---",
    "...\n---\nb: 2",
    "${service.name}", "$${service.name}", "${", "}", "a: b", "- a", "# comment", "a #b", "[1, 2]", "{a: b}",
    "&a *b",
    "!tag x", "| \n  x", ">-", "%YAML 1.1", "? x", "@x", "`x`", "yes", "null", "~", "1e3", "0x1f", "12:30:45",
    "2024-01-01", "0o17", " lead", "trail ", "\ttab", "a\r\nb", "\u{1}\u{7f}\u{85}\u{2028}\u{feff}",
    "ключ 鍵 🔑",
    "e\u{301}", String(repeating: "long ", count: 80), "", "\\", "\\n", "=", "<<",
  ]

  static let template = """
    whole: ${text}
    inside: x${text}y
    computed: "${text + ''}"
    list: ["${text}", {"k": "${text}"}]
    merged: {$merge: "{text: text}"}
    ${text}.: key
    """

  private func document(_ value: String) throws -> (root: Node, text: [UInt8]) {
    let file = SourceFile(path: "templates/test.yaml", bytes: Array(Self.template.utf8))
    let template = try #require(Template.compile(file, as: declaration).template)
    let tree = try #require(try template.render([variables, ["text": .string(value)]]))
    let text = YAMLWriter.write(try #require(tree.root), rank: { _ in 0 })
    let parsed = Tree.parse(SourceFile(path: "out.yaml", bytes: text))
    #expect(parsed.findings.isEmpty && parsed.tree.documents.count == 1)
    return (try #require(parsed.tree.root), text)
  }

  private func sameBytes(_ text: String?, _ other: String) -> Bool {
    text.map { $0.utf8.elementsEqual(other.utf8) } ?? false
  }

  @Test(arguments: values)
  func comesBackAsItWas(_ value: String) throws {
    let root = try document(value).root
    #expect(root.count == 6)
    #expect(sameBytes(root["whole"]?.string, value))
    #expect(sameBytes(root["inside"]?.string, "x\(value)y"))
    #expect(sameBytes(root["computed"]?.string, value))
    let items = try #require(root["list"]?.elements.map { $0 })
    #expect(sameBytes(items.first?.string, value) && sameBytes(items.last?["k"]?.string, value))
    #expect(
      root["merged"]?.entries.contains { sameBytes($0.key.text, value) && sameBytes($0.value.string, value) }
        == true)
    #expect(root.entries.contains { sameBytes($0.key.text, value + ".") })
  }

  static let python = Program.python(importing: ["yaml"])

  /// Another reader: PyYAML.
  @Test(.enabled(if: python != nil, "no .venv with PyYAML at the repository root"))
  func otherReadersAgree() throws {
    let script = """
      import json, sys, yaml
      for line in sys.stdin:
          case = json.loads(line)
          loaded = list(yaml.safe_load_all(bytes.fromhex(case["text"]).decode()))
          value = bytes.fromhex(case["value"]).decode()
          wanted = {"whole": value, "inside": "x" + value + "y", "computed": value,
                    "list": [value, {"k": value}], "merged": {value: value}, value + ".": "key"}
          assert loaded == [wanted], (value, loaded)
      print("fine")
      """
    var input = ""
    func hex(_ bytes: some Sequence<UInt8>) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    for value in Self.values {
      input += "{\"value\": \"\(hex(value.utf8))\", \"text\": \"\(hex(try document(value).text))\"}\n"
    }
    let output = try #require(Self.python).run(["-c", script], input: Array(input.utf8))
    #expect(output.text == "fine\n", "\(output.errorText)")
  }
}
