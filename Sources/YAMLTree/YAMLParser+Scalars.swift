import CLibYAML
import Diagnostics
import Glibc

extension YAMLParser {
  /// Adds a scalar event.
  mutating func scalar(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) {
    let data = event.data.scalar
    let text = UnsafeBufferPointer(start: data.value, count: data.length)
    let style = ScalarStyle(data.style)
    let (start, end) = scalarRange(event, style, bytes)
    let isKey = frames.last.map { $0.isMapping && $0.expectsKey } ?? false
    let isMergeKey =
      isKey && style == .plain && data.tag == nil && text.count == 2
      && text.allSatisfy { $0 == UInt8(ascii: "<") }
    var (kind, isAmbiguous) = style == .plain ? ScalarResolution.resolve(text) : (.string, false)
    if let tag = data.tag {
      kind = kindOf(text, tagged: String(cString: tag), SourceRange(file: file, start: start, end: end))
      isAmbiguous = false
    }
    if lettersAreText, kind == .boolean, isAmbiguous, text.count == 1, !isKey {
      kind = .string
      letters.append(SourceRange(file: file, start: start, end: end))
    }
    var flags: NodeRecord.Flags = isAmbiguous ? .ambiguous : []
    if isMergeKey { flags = .hidden }
    let index = builder.count
    append(text, kind, style, flags, start, end, bytes)
    if let anchor = data.anchor { anchors[String(cString: anchor)] = index }
    if isMergeKey {
      noteMergeKey(index)
    } else if isKey {
      keys.append(index)
      if kind != .string { checkKey(index, text, kind, isEmpty: end == start) }
    } else if frames.last?.mergeKey != nil {
      report(mergeOf: SourceRange(file: file, start: start, end: end))
    }
    nodeEnds(at: end)
  }

  /// The bytes of a scalar without its anchor and tag, and without what follows a block scalar.
  private mutating func scalarRange(
    _ event: yaml_event_t, _ style: ScalarStyle, _ bytes: UnsafeBufferPointer<UInt8>
  ) -> (Int, Int) {
    let data = event.data.scalar
    var start = offsets.byte(of: event.start_mark.index, in: bytes)
    var end = offsets.byte(of: event.end_mark.index, in: bytes)
    if style == .plain, data.length == 0 { return emptyValueRange(start) }
    if data.anchor != nil || data.tag != nil { start = min(end, Self.contentStart(after: start, bytes)) }
    if style == .literal || style == .folded {
      while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D || bytes[end - 1] == 0x20 {
        end -= 1
      }
    }
    return (start, end)
  }

  /// An empty value is shown at its key; in a list, and in the place of a key, where it would stand.
  private func emptyValueRange(_ start: Int) -> (Int, Int) {
    guard let frame = frames.last, frame.isMapping, !frame.expectsKey, builder.count > 0 else {
      return (start, start)
    }
    let key = builder.nodes[builder.count - 1]
    return (Int(key.start), Int(key.end))
  }

  private mutating func append(
    _ text: UnsafeBufferPointer<UInt8>, _ kind: NodeKind, _ style: ScalarStyle, _ flags: NodeRecord.Flags,
    _ start: Int, _ end: Int, _ bytes: UnsafeBufferPointer<UInt8>
  ) {
    let first = style == .plain ? start : start + 1
    if style != .literal, style != .folded, first + text.count <= end, Self.equal(text, bytes, from: first) {
      builder.scalar(
        kind, style: style, flags: flags, start: start, end: end, sourceText: first, length: text.count,
        hash: textHash(text))
    } else {
      builder.scalar(kind, style: style, flags: flags, start: start, end: end, copying: text)
    }
  }

  @inline(__always)
  private static func equal(
    _ text: UnsafeBufferPointer<UInt8>, _ bytes: UnsafeBufferPointer<UInt8>, from first: Int
  ) -> Bool {
    guard let a = text.baseAddress, let b = bytes.baseAddress else { return text.isEmpty }
    return memcmp(a, b + first, text.count) == 0
  }

  // MARK: Tags

  /// The kind of a tagged scalar; a tag that cannot be read is reported.
  private mutating func kindOf(
    _ text: UnsafeBufferPointer<UInt8>, tagged name: String, _ range: SourceRange
  ) -> NodeKind {
    let resolved = ScalarResolution.resolve(text).kind
    switch name {
    case "!", "tag:yaml.org,2002:str": return .string
    case "tag:yaml.org,2002:int" where resolved == .integer: return .integer
    case "tag:yaml.org,2002:float" where resolved == .float || resolved == .integer: return .float
    case "tag:yaml.org,2002:bool" where resolved == .boolean: return .boolean
    case "tag:yaml.org,2002:null" where resolved == .null: return .null
    default:
      report(unknownTag: name, range)
      return .string
    }
  }

  mutating func checkCollectionTag(
    _ tag: UnsafeMutablePointer<yaml_char_t>?, _ kind: NodeKind, at start: Int
  ) {
    guard let tag else { return }
    let name = String(cString: tag)
    if name == "!" || name == "tag:yaml.org,2002:\(kind == .sequence ? "seq" : "map")" { return }
    report(unknownTag: name, SourceRange(file: file, start: start, end: start + 1))
  }

  // MARK: Keys

  /// Reports a key that reaches Kubernetes as another text than the one written.
  private mutating func checkKey(
    _ index: Int, _ text: UnsafeBufferPointer<UInt8>, _ kind: NodeKind, isEmpty: Bool
  ) {
    if kind == .integer, ScalarResolution.isDecimalInteger(text) { return }
    if kind == .float, ScalarResolution.isShortestFloat(text) { return }
    report(key: index, String(decoding: text, as: UTF8.self), kind)
  }
}

extension ScalarStyle {
  init(_ style: yaml_scalar_style_t) {
    self =
      switch style {
      case YAML_SINGLE_QUOTED_SCALAR_STYLE: .singleQuoted
      case YAML_DOUBLE_QUOTED_SCALAR_STYLE: .doubleQuoted
      case YAML_LITERAL_SCALAR_STYLE: .literal
      case YAML_FOLDED_SCALAR_STYLE: .folded
      default: .plain
      }
  }
}
