import CLibYAML
import Diagnostics

extension YAMLParser {
  func range(of index: Int) -> SourceRange {
    let record = builder.nodes[index]
    return SourceRange(file: file, start: Int(record.start), end: Int(record.end))
  }

  mutating func reportDepth(at start: Int) {
    report(
      Diagnostic(
        YAMLRules.tooDeep, "collections are nested more than \(limits.depth) deep",
        at: SourceRange(file: file, start: start, end: start + 1), "the limit is reached here"))
    abandonDocument(at: start)
  }

  mutating func reportNodeCount(at place: Int) {
    report(
      Diagnostic(
        YAMLRules.fileTooLarge, "the file has more than \(limits.nodes) keys and values",
        at: SourceRange(file: file, start: place, end: place), "the limit is reached here",
        help: ["split it, or reduce it with 'linkwright record' or 'linkwright observe'"]))
    documentIsBroken = true
    stop()
  }

  mutating func report(unknownTag name: String, _ range: SourceRange) {
    let standard = "tag:yaml.org,2002:"
    let short = name.hasPrefix(standard) ? "!!" + name.dropFirst(standard.count) : name
    let message =
      switch short {
      case "!!int", "!!float", "!!bool", "!!null", "!!seq", "!!map", "!!str":
        "the tag '\(short)' does not fit this value"
      default: "the tag '\(short)' is not one that Linkwright reads"
      }
    documentIsBroken = true
    report(
      Diagnostic(
        YAMLRules.unknownTag, message, at: range, "tagged \(short)",
        help: ["remove the tag; quote the value if it must stay a string"]))
  }

  mutating func report(mergeOf range: SourceRange) {
    documentIsBroken = true
    report(
      Diagnostic(
        YAMLRules.unknownAnchor, "a merge key '<<' takes a mapping or a list of mappings", at: range,
        "neither of them",
        help: ["name mappings: '<<: *a' or '<<: [*a, *b]'; write '\"<<\"' for a key of that name"]))
  }

  mutating func report(collectionAsKey key: SkippedKey, _ bytes: UnsafeBufferPointer<UInt8>) {
    documentIsBroken = true
    var (start, end) = (key.start, key.end)
    let isPlaceholder =
      start > 0 && bytes[start] == UInt8(ascii: "{") && bytes[start - 1] == UInt8(ascii: "{")
    if isPlaceholder {
      start -= 1
      if end < bytes.count, bytes[end] == UInt8(ascii: "}") { end += 1 }
    }
    report(
      Diagnostic(
        YAMLRules.keyIsNotScalar, "a mapping's key must be a scalar, not \(key.kind.description)",
        at: SourceRange(file: file, start: start, end: end), "used as a key",
        help: [
          isPlaceholder
            ? "quote a '{{…}}' placeholder, or render the template before Linkwright reads it"
            : "write the key as a string"
        ]))
  }

  /// A key that is no string to Kubernetes' readers.
  mutating func report(key index: Int, _ text: String, _ kind: NodeKind) {
    let message =
      text.isEmpty
      ? "the key is empty, which is null to Kubernetes' readers"
      : kind == .integer || kind == .float
        ? "the key '\(text)' is \(kind.description) that Kubernetes' readers write in another form"
        : "the key '\(text)' is \(kind.description) to Kubernetes' readers"
    let place = range(of: index)
    report(
      Diagnostic(
        YAMLRules.keyIsNotString, message, at: place, "not a string", help: ["quote the key"],
        suggestion: Suggestion(replace: place, with: "\"\(text)\"")))
  }

  mutating func report(duplicate key: Int, of earlier: Int) {
    let place = range(of: key)
    let name = String(decoding: file.bytes[place.start..<place.end], as: UTF8.self)
    let help =
      if name == "<<" {
        "name several mappings in one list: '<<: [*a, *b]'"
      } else if frames.isEmpty, name == "apiVersion" || name == "kind" || name == "metadata" {
        "two documents need a line '---' between them; readers would keep only the last"
      } else {
        "readers keep only the last silently; remove one"
      }
    report(
      Diagnostic(
        YAMLRules.duplicateKey, "the key '\(name)' stands twice in one mapping", at: place, "again here",
        also: [Label(range(of: earlier), "first here")], help: [help]))
  }

  /// Reports what libyaml could not read; returns the place.
  mutating func report(
    syntaxErrorOf parser: yaml_parser_t, from base: Int, bytes: UnsafeBufferPointer<UInt8>
  ) -> Int {
    let error = YAMLSyntaxError(parser, base: base) { [file, offsets] codePoint in
      var offsets = offsets
      let start = offsets.byte(of: codePoint, in: bytes)
      let end = offsets.byte(of: codePoint + 1, in: bytes)
      return SourceRange(file: file, start: start, end: min(end, bytes.count))
    }
    report(error.diagnostic)
    return error.place
  }
}
