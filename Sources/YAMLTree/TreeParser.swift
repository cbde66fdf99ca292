package import Diagnostics

extension Tree {
  /// What a file gave: the documents before the first syntax error, and what is wrong.
  package struct Parsed: Sendable {
    package let tree: Tree
    package let findings: [Diagnostic]
    /// Values `y` and `n` that were taken for text.
    package var letters: [SourceRange] = []
  }

  /// Parses YAML or JSON. Never throws: a file that cannot be read gives an empty tree and findings.
  ///
  /// JSON (first character `{` or `[`) goes to a parser of its own, which is exact about JSON's strings and
  /// linear in nested brackets; what is not JSON after all goes to libyaml.
  ///
  /// - Parameter lettersAreText: takes plain `y` and `n` for text, as YAML 1.2 and PyYAML do, where Kubernetes' own
  ///   readers take them for true and false.
  package static func parse(
    _ file: SourceFile, limits: TreeLimits = TreeLimits(), lettersAreText: Bool = false
  ) -> Parsed {
    let checks = TextChecks.run(file, limits: limits)
    if checks.isText, JSONParser.looksLikeJSON(file.bytes), let tree = JSONParser.parse(file, limits: limits)
    {
      return Parsed(tree: tree, findings: [])
    }
    guard checks.findings.isEmpty else {
      return Parsed(tree: TreeBuilder(file: file).finish(), findings: checks.findings)
    }
    var parser = YAMLParser(
      file: file, isASCII: checks.isASCII, limits: limits, lettersAreText: lettersAreText)
    parser.run()
    let (findings, letters) = (parser.findings, parser.letters)
    return Parsed(tree: parser.finish(), findings: findings, letters: letters)
  }

  /// Parses a text that is not a file of the fleet: an embedded schema, a template, standard input.
  package static func parse(text: String, path: String) -> Parsed {
    parse(SourceFile(path: path, bytes: Array(text.utf8)))
  }
}
