import Foundation
import TestSupport
import Testing
import YAMLTree

@Suite struct ScalarResolutionTests {
  static let kubectl = Program.find("kubectl")
  static let python = Program.python(importing: ["yaml", "ruamel.yaml"])

  /// Plain scalars in every notation that some YAML reader takes for something else than a string.
  static let corpus: [String] = {
    var words: [String] = []
    for word in [
      "null", "true", "false", "yes", "no", "on", "off", "y", "n", "t", "f", "nan", "inf", "none", "nil",
    ] {
      words += [
        word, word.uppercased(), word.capitalized, String(word.dropLast()) + word.suffix(1).uppercased(),
      ]
    }
    let integers = [
      "0", "-0", "+0", "00", "1", "-1", "+1", "01", "007", "010", "08", "09", "-010", "+010", "1_000", "1__0",
      "1_", "_1", "0_1", "0x1f", "0X1F", "0x1F", "-0x1f", "+0x1f", "0x", "0x_1", "0x1_f", "0xg", "0o17",
      "0O17",
      "0o8", "0o", "-0o17", "0b11", "0B11", "-0b11", "+0b11", "0b12", "0b", "0b-1", "0b+1", "65555",
      "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
      "18446744073709551615", "18446744073709551616", "0xFFFFFFFFFFFFFFFF", "0x1FFFFFFFFFFFFFFFF",
      "-0x8000000000000000", "123456789012345678901234567890", "+18446744073709551615", "0777", "0778", "-08",
    ]
    let floats = [
      "1.0", "1.", ".5", "+.5", "-.5", "-1.5", "+1.5", "1.5e3", "1e3", "1E3", "1e+3", "1e-3", "1.e5", ".5e1",
      "1e", "1e+", "e3", "1_000.5", "1._5", "1.2.3", "1.2.3.4", ".", "..", "-.", "+", "1e400", "-1e400",
      "1e-400",
      "0.1", "00.5", "08.5", "0x1p-2", "0x1.8", "1,000", "1e3e", "--1", "++1", "+-1", "1-", "1+1", "12e03",
      "1d",
      ".inf1", ".infinity", "inf", ".NaN1", "0e0", "-0.0", "3.14159", "6.02e+23", "4.9e-324",
    ]
    let times = [
      "12:30:45", "12:30", "22:22", "190:20:30", "190:20:30.15", "1:60", "12:30:", "2001-12-14", "2001-1-1",
      "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-14T21:59:43Z", "2001-12-14 ",
      "01-02-03",
      "2001-12", "80-90", "1.2.3-4", "12-34",
    ]
    let other = [
      "~", "~~", "=", "<", "<<", "<<<", "==", "a", "abc def", "/path", "a:b", "x#y", "8Gi", "100m", "5s",
      "1h", "@x1",
      "$x", "10.0.0.0/8", "fe80::1", "v1", "e1", "0", "a=b", "yess", "trueish", "nulls", "TRUEST", "onn",
      "True1",
    ]
    return words + integers + floats + times + other
  }()

  /// Plain scalars that start with an indicator cannot stand unquoted.
  static let plain = corpus.filter { word in
    !word.hasPrefix("@") && !word.hasSuffix(" ") && !word.hasSuffix(":")
      && parse("v: [\(word)]").findings.isEmpty
  }

  @Test(.enabled(if: kubectl != nil, "kubectl is not installed")) func asKubectlReads() throws {
    let kubectl = try #require(Self.kubectl)
    var text = "apiVersion: example.dev/v1\nkind: Thing\nmetadata: {name: a}\nvalues:\n"
    for word in Self.plain { text += "- \(word)\n" }
    #expect(Self.plain.count > 190)
    let output = try kubectl.run(
      ["annotate", "--local", "-f", "-", "a=b", "-o", "json"], input: Array(text.utf8))
    try #require(output.status == 0, "\(output.errorText)")
    let theirs = try #require(Tree.parse(text: output.text, path: "kubectl.json").tree.root?["values"])
    let ours = try #require(parse(text).tree.root?["values"])
    try #require(theirs.count == Self.plain.count && ours.count == Self.plain.count)
    for (word, (mine, other)) in zip(Self.plain, zip(ours.elements, theirs.elements)) {
      #expect(
        Self.agree(mine, other), "\(word): \(mine.kind) \(mine.text) but kubectl says \(outline(other))")
    }
  }

  /// kubectl prints JSON, which has one kind of number, and rounds what does not fit 64 bits.
  private static func agree(_ mine: Node, _ theirs: Node) -> Bool {
    switch (mine.kind, theirs.kind) {
    case (.integer, .integer), (.integer, .float), (.float, .integer), (.float, .float):
      if let a = mine.integer, let b = theirs.integer { return a == b }
      return mine.number == theirs.number
    default: return mine.isEqual(to: theirs)
    }
  }

  /// Infinity and NaN have no JSON: kubectl refuses them, which shows that it reads them as floats.
  @Test(
    .enabled(if: kubectl != nil, "kubectl is not installed"),
    arguments: [".inf", "-.Inf", "+.INF", ".nan", ".NaN"])
  func specialFloats(_ word: String) throws {
    let kubectl = try #require(Self.kubectl)
    let text = "apiVersion: example.dev/v1\nkind: Thing\nmetadata: {name: a}\nvalue: \(word)\n"
    let output = try kubectl.run(
      ["annotate", "--local", "-f", "-", "a=b", "-o", "json"], input: Array(text.utf8))
    #expect(output.errorText.contains("unsupported value"))
    #expect(parse(text).tree.root?["value"]?.kind == .float)
  }

  @Test(arguments: [
    "65555", "-1", "1.5", "true", "null", "~", "abc", "1.2.3-4", "80-90", "12-34", "2001-12", "10.0.0.0/8",
    "8Gi",
    "fe80::1", "1.2.3.4", "5s",
  ]) func isNotAmbiguous(_ word: String) {
    #expect(parse("v: \(word)\n").tree.root?["v"]?.isAmbiguous == false)
  }

  /// A scalar is ambiguous when PyYAML (1.1) or ruamel.yaml (1.2) see another kind or value than we do.
  @Test(.enabled(if: python != nil, "no .venv with PyYAML and ruamel.yaml at the repository root"))
  func ambiguity() throws {
    let python = try #require(Self.python)
    let script = """
      import sys, json, yaml, ruamel.yaml
      def kind(v):
          if v is None: return 'null'
          if isinstance(v, bool): return 'boolean'
          if isinstance(v, int): return 'integer'
          if isinstance(v, float): return 'float'
          return 'string' if isinstance(v, str) else 'other'
      y12 = ruamel.yaml.YAML(typ='safe', pure=True)
      out = []
      for word in json.load(sys.stdin):
          row = []
          for load in (yaml.safe_load, y12.load):
              try: v = load('- ' + word)[0]; row.append([kind(v), str(v)])
              except Exception: row.append(['error', ''])
          out.append(row)
      json.dump(out, sys.stdout)
      """
    let input = try JSONSerialization.data(withJSONObject: Self.plain)
    let output = try python.run(["-c", script], input: Array(input))
    try #require(output.status == 0, "\(output.errorText)")
    let rows = try #require(try JSONSerialization.jsonObject(with: Data(output.stdout)) as? [[[String]]])
    for (word, row) in zip(Self.plain, rows) {
      let node = try #require(parse("- \(word)\n").tree.root.flatMap { Array($0.elements).first })
      let differs = row.contains {
        $0[0] != "\(node.kind)" || node.kind == .integer && $0[1] != node.integer.map(String.init)
      }
      if differs { #expect(node.isAmbiguous, "\(word): \(node.kind) here, \(row)") }
    }
  }
}
