import CLibYAML
import Diagnostics

/// libyaml's events into a flat tree.
///
/// libyaml counts code points, reports no duplicate keys and no unknown anchors, and takes quadratic time
/// over deeply nested flow collections: positions are converted, keys and anchors checked, and a document is
/// left at the depth limit. After a document that cannot be read the parser goes on at the next line `---`,
/// so that one broken document hides nothing in the others.
struct YAMLParser: ~Copyable {
  /// An open collection.
  struct Frame {
    let index: Int
    let isMapping: Bool
    /// Where the mapping's keys begin in `keys`.
    let firstKey: Int
    var count = 0
    /// The byte after the last finished child.
    var end = 0
    /// Mappings: true when the next node is a key.
    var expectsKey = true
    /// The merge key whose value comes next.
    var mergeKey: Int?
    /// What merge keys named, in order.
    var merges: [(key: Int, target: Int)] = []
  }

  /// A collection in the place of a key: read over, then reported as a whole.
  struct SkippedKey {
    let start: Int
    let kind: NodeKind
    var depth = 1
    var end: Int
  }

  let file: SourceFile
  let limits: TreeLimits
  var builder: TreeBuilder
  var offsets: CodePointOffsets
  var frames: [Frame] = []
  /// The keys of all open mappings.
  var keys: [Int] = []
  var anchors: [String: Int] = [:]
  var expansion = AliasExpansion()
  private(set) var findings: [Diagnostic] = []
  /// True where `y` and `n` are text, as they are in YAML 1.2.
  let lettersAreText: Bool
  /// Where they stand, if so.
  var letters: [SourceRange] = []
  private let isASCII: Bool
  private var skipped: SkippedKey?
  private var documentIsOpen = false
  /// The open document holds something that has no value; it is dropped when it ends.
  var documentIsBroken = false
  /// Where reading a document was given up.
  private var abandonedAt: Int?
  /// Nothing more is read.
  private var isStopped = false

  init(file: SourceFile, isASCII: Bool, limits: TreeLimits, lettersAreText: Bool = false) {
    self.file = file
    self.lettersAreText = lettersAreText
    self.limits = limits
    self.isASCII = isASCII
    builder = TreeBuilder(file: file, capacity: min(file.bytes.count / 14 + 8, limits.nodes))
    offsets = CodePointOffsets(isASCII: isASCII)
  }

  consuming func finish() -> Tree { builder.finish() }

  /// Parses the whole file.
  mutating func run() {
    let file = file
    file.bytes.withUnsafeBufferPointer { bytes in
      var start: Int? = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
      while let from = start, from < bytes.count, !isStopped {
        start = parse(from: from, bytes)
      }
    }
  }

  /// Parses from a byte on; returns where to go on after a document that was given up, nil at the end.
  private mutating func parse(from base: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var parser = yaml_parser_t()
    guard let first = bytes.baseAddress, yaml_parser_initialize(&parser) == 1 else {
      report(
        Diagnostic(YAMLRules.syntax, "not enough memory to read the file", at: SourceRange(wholeFile: file)))
      return nil
    }
    defer { yaml_parser_delete(&parser) }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(&parser, first + base, bytes.count - base)
    offsets = CodePointOffsets(isASCII: isASCII, from: base)
    var event = yaml_event_t()
    while true {
      guard yaml_parser_parse(&parser, &event) == 1 else {
        abandonedAt = report(syntaxErrorOf: parser, from: base, bytes: bytes)
        break
      }
      let isEnd = event.type == YAML_STREAM_END_EVENT
      take(event, bytes)
      yaml_event_delete(&event)
      if isEnd || isStopped || abandonedAt != nil { break }
    }
    if documentIsOpen { endDocument(isWhole: false) }
    guard let place = abandonedAt else { return nil }
    abandonedAt = nil
    return Self.documentMarker(from: max(place, base + 1), bytes)
  }

  /// The next line that starts a document: `---`, then white space or the end.
  private static func documentMarker(from start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    var index = start
    while index < bytes.count {
      if index == 0 || bytes[index - 1] == 0x0A || bytes[index - 1] == 0x0D,
        bytes[index] == UInt8(ascii: "-"), index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "-"),
        bytes[index + 2] == UInt8(ascii: "-"), index + 3 == bytes.count || bytes[index + 3] <= 0x20
      {
        return index
      }
      index += 1
    }
    return nil
  }

  private mutating func take(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) {
    if skipped != nil {
      skip(event, bytes)
      return
    }
    switch event.type {
    case YAML_SCALAR_EVENT: scalar(event, bytes)
    case YAML_MAPPING_START_EVENT:
      open(.mapping, event, event.data.mapping_start.anchor, event.data.mapping_start.tag, bytes)
    case YAML_SEQUENCE_START_EVENT:
      open(.sequence, event, event.data.sequence_start.anchor, event.data.sequence_start.tag, bytes)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: close(event, bytes)
    case YAML_ALIAS_EVENT: alias(event, bytes)
    case YAML_DOCUMENT_START_EVENT:
      anchors.removeAll(keepingCapacity: true)
      expansion.endDocument()
      documentIsOpen = true
      builder.beginDocument()
    case YAML_DOCUMENT_END_EVENT: endDocument(isWhole: true)
    default: break
    }
  }

  private mutating func endDocument(isWhole: Bool) {
    if documentIsBroken || !isWhole { builder.discardDocument() }
    documentIsOpen = false
    documentIsBroken = false
    skipped = nil
    frames.removeAll(keepingCapacity: true)
    keys.removeAll(keepingCapacity: true)
  }

  // MARK: Giving up

  /// Adds a finding; stops the file at the limit of findings.
  mutating func report(_ finding: Diagnostic) {
    guard !isStopped else { return }
    findings.append(finding)
    guard findings.count >= limits.findings else { return }
    isStopped = true
    findings[findings.count - 1].notes.append(
      "the file has \(limits.findings) findings; nothing after this place was read")
  }

  /// Leaves the open document and goes on at the next one.
  mutating func abandonDocument(at place: Int) { abandonedAt = place }

  /// Leaves the file.
  mutating func stop() { isStopped = true }

  // MARK: Collections

  private mutating func open(
    _ kind: NodeKind, _ event: yaml_event_t, _ anchor: UnsafeMutablePointer<yaml_char_t>?,
    _ tag: UnsafeMutablePointer<yaml_char_t>?, _ bytes: UnsafeBufferPointer<UInt8>
  ) {
    var start = offsets.byte(of: event.start_mark.index, in: bytes)
    if anchor != nil || tag != nil { start = Self.contentStart(after: start, bytes) }
    guard frames.count < limits.depth else { return reportDepth(at: start) }
    if let frame = frames.last, frame.isMapping, frame.expectsKey {
      skipped = SkippedKey(start: start, kind: kind, end: start + 1)
      return
    }
    checkCollectionTag(tag, kind, at: start)
    let index = builder.open(kind, start: start, end: start)
    noteMerge(of: index)
    if let anchor { anchors[String(cString: anchor)] = index }
    frames.append(Frame(index: index, isMapping: kind == .mapping, firstKey: keys.count))
  }

  private mutating func close(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard let frame = frames.popLast() else { return }
    builder.close(frame.index, count: frame.count)
    // A block collection ends where its last own value ends; libyaml's mark is at the next token.
    let end =
      event.start_mark.index < event.end_mark.index
      ? offsets.byte(of: event.end_mark.index, in: bytes)
      : max(frame.end, Int(builder.nodes[frame.index].start))
    builder.nodes[frame.index].end = UInt32(clamping: end)
    if frame.isMapping {
      for repeated in DuplicateKeys.find(
        among: keys[frame.firstKey...], in: builder.nodes, text: builder.ownText, source: bytes)
      {
        report(duplicate: repeated.key, of: repeated.earlier)
      }
      if !frame.merges.isEmpty {
        let merged = mergeEntries(of: frame, bytes)
        builder.close(frame.index, count: frame.count + merged)
      }
      keys.removeSubrange(frame.firstKey...)
    }
    nodeEnds(at: end)
  }

  /// Counts a finished node in its parent.
  mutating func nodeEnds(at end: Int) {
    if builder.count > limits.nodes { return reportNodeCount(at: end) }
    guard let last = frames.indices.last else { return }
    frames[last].end = end
    if !frames[last].isMapping {
      frames[last].count += 1
    } else if frames[last].expectsKey {
      frames[last].expectsKey = false
    } else {
      frames[last].expectsKey = true
      if frames[last].mergeKey == nil { frames[last].count += 1 }
      frames[last].mergeKey = nil
    }
  }

  /// Reads over a collection in the place of a key.
  private mutating func skip(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) {
    guard var key = skipped else { return }
    switch event.type {
    case YAML_MAPPING_START_EVENT, YAML_SEQUENCE_START_EVENT:
      key.depth += 1
      if frames.count + key.depth > limits.depth {
        reportDepth(at: offsets.byte(of: event.start_mark.index, in: bytes))
      }
    case YAML_SCALAR_EVENT, YAML_ALIAS_EVENT:
      if event.start_mark.index < event.end_mark.index {
        key.end = max(key.end, offsets.byte(of: event.end_mark.index, in: bytes))
      }
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
      key.depth -= 1
      if event.start_mark.index < event.end_mark.index {
        key.end = offsets.byte(of: event.end_mark.index, in: bytes)
      }
    default: break
    }
    skipped = key.depth > 0 ? key : nil
    guard key.depth == 0 else { return }
    report(collectionAsKey: key, bytes)
    let index = builder.count
    builder.scalar(
      .string, style: .plain, flags: [], start: key.start, end: key.end, sourceText: key.start,
      length: key.end - key.start, hash: 0)
    keys.append(index)
    nodeEnds(at: key.end)
  }

  /// The first byte of a node after its anchor and tag.
  static func contentStart(after start: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var index = start
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: " "), 0x09, 0x0A, 0x0D: index += 1
      case UInt8(ascii: "#"):
        while index < bytes.count, bytes[index] != 0x0A, bytes[index] != 0x0D { index += 1 }
      case UInt8(ascii: "&"), UInt8(ascii: "!"):
        let isVerbatim = index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "<")
        while index < bytes.count, bytes[index] > 0x20, isVerbatim || !",[]{}".utf8.contains(bytes[index]) {
          index += 1
        }
      default: return index
      }
    }
    return index
  }
}
