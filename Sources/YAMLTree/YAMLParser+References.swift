import CLibYAML
import Diagnostics

extension YAMLParser {
  // MARK: Aliases

  /// Adds an alias event.
  mutating func alias(_ event: yaml_event_t, _ bytes: UnsafeBufferPointer<UInt8>) {
    let name = String(cString: event.data.alias.anchor)
    let start = offsets.byte(of: event.start_mark.index, in: bytes)
    let end = offsets.byte(of: event.end_mark.index, in: bytes)
    let range = SourceRange(file: file, start: start, end: end)
    let isKey = frames.last.map { $0.isMapping && $0.expectsKey } ?? false
    guard let target = target(of: name, range), fits(target, in: range, isKey: isKey) else {
      // Something stands here, whatever it is: a key or a value that keeps the count right.
      documentIsBroken = true
      builder.scalar(
        .string, style: .plain, flags: [], start: start, end: end, sourceText: start, length: end - start,
        hash: 0)
      return nodeEnds(at: end)
    }
    if isKey {
      keys.append(builder.count)
    } else if frames.last?.mergeKey != nil {
      noteMerge(of: target)
    }
    builder.alias(to: target, start: start, end: end)
    nodeEnds(at: end)
  }

  /// The node that an alias names, itself no alias; nil after reporting that there is none.
  private mutating func target(of name: String, _ range: SourceRange) -> Int? {
    guard let target = anchors[name] else {
      report(
        Diagnostic(
          YAMLRules.unknownAnchor, "alias '*\(name)' names no anchor that stands before it", at: range,
          "not defined",
          help: [
            didYouMean(name, among: anchors.keys)
              ?? "write '&\(name)' at an earlier value of this document, or the value here"
          ]))
      return nil
    }
    if frames.contains(where: { $0.index == target }) {
      report(
        Diagnostic(
          YAMLRules.aliasExpansion, "alias '*\(name)' stands inside the node that it names", at: range,
          "an endless structure", help: ["write the value out where the alias stands"]))
      return nil
    }
    return target
  }

  /// True when the target can stand here; reports why not.
  private mutating func fits(_ target: Int, in range: SourceRange, isKey: Bool) -> Bool {
    let kind = builder.nodes[target].kind
    let isCollection = kind == .sequence || kind == .mapping
    if isKey {
      if isCollection {
        report(
          Diagnostic(
            YAMLRules.keyIsNotScalar, "a mapping's key must be a scalar, not \(kind.description)", at: range,
            "used as a key"))
      }
      return !isCollection
    }
    if frames.last?.mergeKey != nil {
      // kubectl takes a list of mappings only where it is written out.
      if kind != .mapping { report(mergeOf: range) }
      return kind == .mapping
    }
    return expands(target, at: builder.count, depth: frames.count, range)
  }

  /// Counts the nodes that an alias at index `alias` adds; false after reporting that they are too many.
  private mutating func expands(_ target: Int, at alias: Int, depth: Int, _ range: SourceRange) -> Bool {
    let extent = expansion.add(alias: alias, to: target, nodes: builder.nodes)
    guard expansion.total <= limits.expandedNodes else {
      report(
        Diagnostic(
          YAMLRules.aliasExpansion, "aliases expand to more than \(limits.expandedNodes) nodes", at: range,
          "the limit is reached here", help: ["write the values out, or split the file"]))
      documentIsBroken = true
      stop()
      return false
    }
    guard depth + extent.height <= limits.depth else {
      report(
        Diagnostic(
          YAMLRules.tooDeep, "collections are nested more than \(limits.depth) deep through aliases",
          at: range, "the limit is reached here"))
      return false
    }
    return true
  }

  // MARK: Merge keys (https://yaml.org/type/merge.html)

  /// Notes a key `<<`; its value comes next.
  mutating func noteMergeKey(_ index: Int) {
    let last = frames.count - 1
    if let earlier = frames[last].merges.last?.key { report(duplicate: index, of: earlier) }
    frames[last].mergeKey = index
  }

  /// Notes a collection that begins as the value of a merge key.
  mutating func noteMerge(of index: Int) {
    guard let last = frames.indices.last, let key = frames[last].mergeKey else { return }
    frames[last].merges.append((key, index))
  }

  /// Appends what merge keys bring to a closed mapping: own keys win, then the first merge. Returns how many
  /// entries were added.
  mutating func mergeEntries(of frame: Frame, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var known: [[UInt8]: Int] = [:]
    for key in keys[frame.firstKey...] { known[text(of: key, bytes)] = key }
    var added = 0
    for (key, target) in frame.merges {
      if builder.nodes[target].kind == .mapping {
        added += merge(target, by: key, depth: frames.count + 1, &known, bytes)
        continue
      }
      var index = target + 1
      let end = Int(builder.nodes[target].link)
      while index < end {
        let record = builder.nodes[index]
        let element = record.kind == .alias ? Int(record.first) : index
        if builder.nodes[element].kind == .mapping {
          added += merge(element, by: key, depth: frames.count + 1, &known, bytes)
        } else {
          report(mergeOf: SourceRange(file: file, start: Int(record.start), end: Int(record.end)))
        }
        index = next(index)
      }
    }
    return added
  }

  private mutating func merge(
    _ target: Int, by mergeKey: Int, depth: Int, _ known: inout [[UInt8]: Int],
    _ bytes: UnsafeBufferPointer<UInt8>
  ) -> Int {
    var added = 0
    var index = target + 1
    let end = Int(builder.nodes[target].link)
    while index < end {
      let key = index
      let value = key + 1
      index = next(value)
      if builder.nodes[key].flags.contains(.hidden) { continue }
      let text = text(of: key, bytes)
      if let own = known[text] {
        if own >= 0, own < mergeKey { report(ownKey: own, before: mergeKey, merging: value, bytes) }
        continue
      }
      known[text] = -1
      let source = resolved(value)
      let place = builder.nodes[mergeKey]
      let range = SourceRange(file: file, start: Int(place.start), end: Int(place.end))
      guard expands(source, at: builder.count + 1, depth: depth, range) else {
        documentIsBroken = true
        return added
      }
      // The key's record is copied, so that readers see where it was written and that it was merged.
      var record = builder.nodes[resolved(key)]
      record.flags.insert(.merged)
      builder.append(record)
      builder.alias(to: source, start: Int(place.start), end: Int(place.end))
      added += 1
    }
    return added
  }

  private func resolved(_ index: Int) -> Int {
    builder.nodes[index].kind == .alias ? Int(builder.nodes[index].first) : index
  }

  /// The text of a key, an alias resolved.
  func text(of key: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    let record = builder.nodes[resolved(key)]
    let range = Int(record.first)..<Int(record.first) + Int(record.length)
    return record.flags.contains(.ownText) ? Array(builder.ownText[range]) : Array(bytes[range])
  }

  private func next(_ index: Int) -> Int {
    switch builder.nodes[index].kind {
    case .sequence, .mapping: Int(builder.nodes[index].link)
    default: index + 1
    }
  }

  /// kubectl lets a merge key replace what stands before it; YAML and most readers do not.
  private mutating func report(
    ownKey own: Int, before mergeKey: Int, merging value: Int, _ bytes: UnsafeBufferPointer<UInt8>
  ) {
    let mine = builder.nodes[resolved(own + 1)]
    let theirs = builder.nodes[resolved(value)]
    if mine.kind != .sequence, mine.kind != .mapping, mine.kind == theirs.kind, mine.link == theirs.link,
      text(of: own + 1, bytes) == text(of: value, bytes)
    {
      return
    }
    let name = String(decoding: text(of: own, bytes), as: UTF8.self)
    report(
      Diagnostic(
        YAMLRules.mergeAfterKey, "the key '\(name)' stands before '<<', which kubectl lets replace it",
        at: range(of: mergeKey), "brings another '\(name)'",
        also: [Label(range(of: own), "kept by YAML's rule, replaced by kubectl")],
        help: ["write '<<' as the first key of the mapping"]))
  }
}
