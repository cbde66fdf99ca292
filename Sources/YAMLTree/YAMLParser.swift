import CLibYAML
import Diagnostics

/// libyaml's events into a flat tree.
///
/// libyaml counts code points, reports no duplicate keys and no unknown anchors, and takes quadratic time
/// over deeply nested flow collections: positions are converted, keys and anchors checked, and the parser
/// stops at the depth limit.
struct YAMLParser: ~Copyable {
  /// An open collection.
  private struct Frame {
    let index: Int
    let isMapping: Bool
    var count = 0
    /// The byte after the last finished child.
    var end = 0
    /// Mappings: true when the next node is a key.
    var expectsKey = true
    /// The next value belongs to a merge key.
    var mergesNext = false
    /// What merge keys named, in order.
    var merges: [Int] = []
  }

  private let file: SourceFile
  private let limits: TreeLimits
  private var builder: TreeBuilder
  private var offsets: CodePointOffsets
  private var frames: [Frame] = []
  private var anchors: [String: Int] = [:]
  private var expansion = AliasExpansion()
  private var completeDocuments = 0
  private(set) var findings: [Diagnostic] = []

  init(file: SourceFile, isASCII: Bool, limits: TreeLimits) {
    self.file = file
    self.limits = limits
    builder = TreeBuilder(file: file, capacity: file.bytes.count / 14 + 8)
    offsets = CodePointOffsets(isASCII: isASCII)
  }

  consuming func finish() -> Tree { builder.finish() }

  /// Parses the whole file, or up to the first thing that cannot be understood.
  mutating func run() {
    let file = file
    file.bytes.withUnsafeBufferPointer { bytes in
      var parser = yaml_parser_t()
      guard yaml_parser_initialize(&parser) == 1 else { return }
      defer { yaml_parser_delete(&parser) }
      yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
      yaml_parser_set_input_string(&parser, bytes.baseAddress, bytes.count)
      var event = yaml_event_t()
      while true {
        guard yaml_parser_parse(&parser, &event) == 1 else {
          report(syntaxErrorOf: parser, bytes: bytes)
          break
        }
        let isEnd = event.type == YAML_STREAM_END_EVENT
        let understood = take(event, bytes)
        yaml_event_delete(&event)
        if isEnd || !understood { break }
      }
      builder.dropDocuments(after: completeDocuments)
    }
  }

  /// Adds one event. False when the rest of the file must be left.
  private mutating func take(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    switch event.type {
    case YAML_DOCUMENT_START_EVENT:
      anchors.removeAll(keepingCapacity: true)
      builder.beginDocument()
      return true
    case YAML_DOCUMENT_END_EVENT:
      completeDocuments += 1
      return true
    case YAML_SCALAR_EVENT: return scalar(event, bytes)
    case YAML_ALIAS_EVENT: return alias(event, bytes)
    case YAML_SEQUENCE_START_EVENT:
      return open(.sequence, event, event.data.sequence_start.anchor, event.data.sequence_start.tag, bytes)
    case YAML_MAPPING_START_EVENT:
      return open(.mapping, event, event.data.mapping_start.anchor, event.data.mapping_start.tag, bytes)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: return close(event, bytes)
    default: return true
    }
  }

  // MARK: Collections

  private mutating func open(
    _ kind: NodeKind, _ event: yaml_event_t, _ anchor: UnsafeMutablePointer<yaml_char_t>?,
    _ tag: UnsafeMutablePointer<yaml_char_t>?, _ bytes: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    let start = offsets.byte(of: event.start_mark.index, in: bytes)
    let range = SourceRange(file: file, start: start, end: start + 1)
    guard frames.count < limits.depth else {
      findings.append(
        Diagnostic(
          YAMLRules.tooDeep, "collections are nested more than \(limits.depth) deep", at: range,
          "the limit is reached here"))
      return false
    }
    if let frame = frames.last, frame.isMapping, frame.expectsKey {
      findings.append(
        Diagnostic(
          YAMLRules.keyIsNotScalar, "a mapping's key must be a scalar, not \(kind.description)", at: range,
          "used as a key",
          help: ["quote a '{{…}}' placeholder, or render the template before Linkwright reads it"]
        ))
      return false
    }
    guard tagIsDefault(tag, kind == .sequence ? "seq" : "map", range) else { return false }
    let index = builder.open(kind, start: start, end: start)
    nodeBegins(index)
    if let anchor { anchors[String(cString: anchor)] = index }
    frames.append(Frame(index: index, isMapping: kind == .mapping))
    return true
  }

  private mutating func close(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let frame = frames.popLast() else { return false }
    var count = frame.count
    if frame.isMapping {
      for (key, earlier) in DuplicateKeys.find(
        in: builder.nodes, text: builder.ownText, source: bytes, mapping: closed(frame.index))
      {
        report(duplicate: key, of: earlier)
      }
      for target in frame.merges { count += merge(target, into: frame.index, bytes) }
    }
    builder.close(frame.index, count: count)
    // A block collection ends where its last own value ends; libyaml's mark is at the next token.
    let end =
      event.start_mark.index < event.end_mark.index
      ? offsets.byte(of: event.end_mark.index, in: bytes)
      : max(frame.end, Int(builder.nodes[frame.index].start))
    builder.nodes[frame.index].end = UInt32(end)
    return nodeEnds(at: end)
  }

  /// Makes an unfinished mapping readable for the duplicate check.
  private mutating func closed(_ index: Int) -> Int {
    builder.close(index, count: 0)
    return index
  }

  private mutating func nodeBegins(_ index: Int) {
    guard let last = frames.indices.last, frames[last].isMapping, frames[last].mergesNext else { return }
    frames[last].merges.append(index)
  }

  /// Counts a finished node in its parent.
  private mutating func nodeEnds(at end: Int) -> Bool {
    guard let last = frames.indices.last else { return true }
    frames[last].end = end
    if !frames[last].isMapping {
      frames[last].count += 1
    } else if frames[last].expectsKey {
      frames[last].expectsKey = false
    } else {
      frames[last].expectsKey = true
      if !frames[last].mergesNext { frames[last].count += 1 }
      frames[last].mergesNext = false
    }
    return true
  }

  // MARK: Scalars

  private mutating func scalar(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let data = event.data.scalar
    let text = UnsafeBufferPointer(start: data.value, count: data.length)
    var start = offsets.byte(of: event.start_mark.index, in: bytes)
    var end = offsets.byte(of: event.end_mark.index, in: bytes)
    let style: ScalarStyle =
      switch data.style {
      case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
      case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
      case YAML_LITERAL_SCALAR_STYLE: .literal
      case YAML_FOLDED_SCALAR_STYLE: .folded
      default: .plain
      }
    while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D || bytes[end - 1] == 0x20 { end -= 1 }
    if text.isEmpty, style == .plain { (start, end) = emptyValueRange(start, bytes) }
    let range = SourceRange(file: file, start: start, end: end)
    let isKey = frames.last.map { $0.isMapping && $0.expectsKey } ?? false
    var flags: NodeRecord.Flags = []
    if isKey, style == .plain, data.tag == nil, text.count == 2, text.allSatisfy({ $0 == UInt8(ascii: "<") })
    {
      flags.insert(.hidden)
      frames[frames.count - 1].mergesNext = true
    }
    guard let (kind, ambiguous) = resolve(text, style, data.tag, range) else { return false }
    if ambiguous { flags.insert(.ambiguous) }
    if isKey, kind == .boolean || kind == .null || kind == .sequence, !flags.contains(.hidden) {
      findings.append(
        Diagnostic(
          YAMLRules.keyIsNotString,
          "the key \(text.isEmpty ? "is empty" : "'\(String(decoding: text, as: UTF8.self))' is \(kind.description) to Kubernetes' readers")",
          at: range, "not a string", help: ["quote the key"],
          suggestion: Suggestion(replace: range, with: "\"\(String(decoding: text, as: UTF8.self))\"")))
    }
    let index = builder.count
    append(text, kind, style, flags, start, end, bytes)
    if let anchor = data.anchor { anchors[String(cString: anchor)] = index }
    if let frame = frames.last, frame.isMapping, frame.mergesNext, !isKey {
      report(mergeOf: range)
      return false
    }
    return nodeEnds(at: end)
  }

  private mutating func append(
    _ text: UnsafeBufferPointer<UInt8>, _ kind: NodeKind, _ style: ScalarStyle, _ flags: NodeRecord.Flags,
    _ start: Int, _ end: Int, _ bytes: UnsafeBufferPointer<UInt8>
  ) {
    let first = style == .plain ? start : start + 1
    if style != .literal, style != .folded, first + text.count <= bytes.count,
      UnsafeBufferPointer(rebasing: bytes[first..<first + text.count]).elementsEqual(text)
    {
      builder.scalar(
        kind, style: style, flags: flags, start: start, end: end, sourceText: first, length: text.count,
        hash: textHash(text))
    } else {
      builder.scalar(kind, style: style, flags: flags, start: start, end: end, copying: text)
    }
  }

  /// An empty value is shown at its key's colon rather than at the next token.
  private func emptyValueRange(_ start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> (Int, Int) {
    guard frames.last?.isMapping == true, let key = builder.nodes.last, frames.last?.expectsKey == false
    else {
      return (start, start)
    }
    return (Int(key.start), Int(key.end))
  }

  /// Kind by tag and style; nil after reporting a tag that cannot be read.
  private mutating func resolve(
    _ text: UnsafeBufferPointer<UInt8>, _ style: ScalarStyle, _ tag: UnsafeMutablePointer<yaml_char_t>?,
    _ range: SourceRange
  ) -> (NodeKind, Bool)? {
    guard let tag else {
      if style != .plain { return (.string, false) }
      let resolved = ScalarResolution.resolve(text)
      return (resolved.kind, resolved.isAmbiguous)
    }
    let name = String(cString: tag)
    let resolved = ScalarResolution.resolve(text).kind
    switch name {
    case "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary": return (.string, false)
    case "tag:yaml.org,2002:int" where resolved == .integer: return (.integer, false)
    case "tag:yaml.org,2002:float" where resolved == .float || resolved == .integer: return (.float, false)
    case "tag:yaml.org,2002:bool" where resolved == .boolean: return (.boolean, false)
    case "tag:yaml.org,2002:null" where resolved == .null: return (.null, false)
    default:
      report(unknownTag: name, range)
      return nil
    }
  }

  private mutating func tagIsDefault(
    _ tag: UnsafeMutablePointer<yaml_char_t>?, _ name: String, _ range: SourceRange
  ) -> Bool {
    guard let tag else { return true }
    let text = String(cString: tag)
    if text == "!" || text == "tag:yaml.org,2002:\(name)" { return true }
    report(unknownTag: text, range)
    return false
  }

  // MARK: Aliases and merge keys

  private mutating func alias(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let name = String(cString: event.data.alias.anchor)
    let start = offsets.byte(of: event.start_mark.index, in: bytes)
    let end = offsets.byte(of: event.end_mark.index, in: bytes)
    let range = SourceRange(file: file, start: start, end: end)
    guard let target = anchors[name] else {
      findings.append(
        Diagnostic(
          YAMLRules.unknownAnchor, "alias '*\(name)' names no anchor that stands before it", at: range,
          "not defined",
          help: didYouMean(name, among: anchors.keys).map { [$0] } ?? []))
      return false
    }
    let flags: NodeRecord.Flags = []
    if frames.contains(where: { $0.index == target }) {
      findings.append(
        Diagnostic(
          YAMLRules.aliasExpansion, "alias '*\(name)' stands inside the node that it names", at: range,
          "an endless structure"))
      return false
    }
    expansion.add(alias: builder.count, to: target, nodes: builder.nodes)
    guard expansion.total <= limits.expandedNodes else {
      findings.append(
        Diagnostic(
          YAMLRules.aliasExpansion, "aliases expand to more than \(limits.expandedNodes) nodes", at: range,
          "the limit is reached here", help: ["write the values out, or split the file"]))
      return false
    }
    let resolved = builder.nodes[target].kind == .alias ? Int(builder.nodes[target].first) : target
    let isKey = frames.last.map { $0.isMapping && $0.expectsKey } ?? false
    if isKey, builder.nodes[resolved].kind == .sequence || builder.nodes[resolved].kind == .mapping {
      findings.append(
        Diagnostic(YAMLRules.keyIsNotScalar, "a mapping's key must be a scalar", at: range, "used as a key"))
      return false
    }
    if let frame = frames.last, frame.isMapping, frame.mergesNext, !isKey {
      let kind = builder.nodes[resolved].kind
      guard kind == .mapping || kind == .sequence else {
        report(mergeOf: range)
        return false
      }
      nodeBegins(resolved)
    }
    builder.alias(to: resolved, flags: flags, start: start, end: end)
    return nodeEnds(at: end)
  }

  /// Appends the entries of `target` that the mapping does not have; returns how many.
  private mutating func merge(_ target: Int, into mapping: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    let isMapping = builder.nodes[target].kind == .mapping
    var added = 0
    var index = target + 1
    let end = Int(builder.nodes[target].link)
    while index < end {
      let here = builder.nodes[index].kind == .alias ? Int(builder.nodes[index].first) : index
      if isMapping {
        let value = index + 1
        let after = next(value)
        if !builder.nodes[index].flags.contains(.hidden) {
          added += adopt(key: here, value: value, into: mapping, bytes)
        }
        index = after
      } else {
        if builder.nodes[here].kind == .mapping { added += merge(here, into: mapping, bytes) }
        index = next(index)
      }
    }
    return added
  }

  private mutating func adopt(
    key: Int, value: Int, into mapping: Int, _ bytes: UnsafeBufferPointer<UInt8>
  ) -> Int {
    let before = builder.count
    let source = builder.nodes[value].kind == .alias ? Int(builder.nodes[value].first) : value
    let place = builder.nodes[mapping]
    builder.alias(to: key, flags: .merged, start: Int(place.start), end: Int(place.start))
    builder.alias(to: source, flags: .merged, start: Int(place.start), end: Int(place.start))
    let known = DuplicateKeys.find(
      in: builder.nodes, text: builder.ownText, source: bytes, mapping: closed(mapping)
    ).contains { $0.key == key || $0.earlier == key }
    expansion.add(alias: before + 1, to: source, nodes: builder.nodes)
    guard !known else {
      builder.discard(from: before)
      return 0
    }
    return 1
  }

  private func next(_ index: Int) -> Int {
    switch builder.nodes[index].kind {
    case .sequence, .mapping: Int(builder.nodes[index].link)
    default: index + 1
    }
  }

  // MARK: Reports

  private mutating func report(unknownTag name: String, _ range: SourceRange) {
    let short =
      name.hasPrefix("tag:yaml.org,2002:") ? "!!" + name.dropFirst("tag:yaml.org,2002:".count) : name
    findings.append(
      Diagnostic(
        YAMLRules.unknownTag,
        "the tag '\(short)' does not fit this value, or is not one that Kubernetes reads",
        at: range, "tagged \(short)", help: ["remove the tag; quote the value if it must stay a string"]))
  }

  private mutating func report(mergeOf range: SourceRange) {
    findings.append(
      Diagnostic(
        YAMLRules.unknownAnchor, "a merge key '<<' takes a mapping or a list of mappings", at: range,
        "neither of them"))
  }

  private mutating func report(duplicate key: Int, of earlier: Int) {
    let range = { [file, nodes = builder.nodes] (index: Int) in
      SourceRange(file: file, start: Int(nodes[index].start), end: Int(nodes[index].end))
    }
    let name = String(decoding: file.bytes[range(key).start..<range(key).end], as: UTF8.self)
    let isDocument = frames.isEmpty && (name == "apiVersion" || name == "kind" || name == "metadata")
    findings.append(
      Diagnostic(
        YAMLRules.duplicateKey, "the key '\(name)' stands twice in one mapping", at: range(key), "again here",
        also: [Label(range(earlier), "first here")],
        help: [
          isDocument
            ? "two documents need a line '---' between them; readers would keep only the last"
            : "readers keep only the last silently; remove one"
        ]))
  }

  private mutating func report(syntaxErrorOf parser: yaml_parser_t, bytes: UnsafeBufferPointer<UInt8>) {
    findings.append(
      YAMLSyntaxError(parser) { [file, offsets] codePoint in
        var offsets = offsets
        return SourceRange(
          file: file, start: offsets.byte(of: codePoint, in: bytes),
          end: min(offsets.byte(of: codePoint, in: bytes) + 1, bytes.count))
      }.diagnostic)
  }
}
