package import Diagnostics

/// A Corefile with the block in it: in the place of an earlier one, else at the end. Every other byte stays.
///
/// Merging the result again gives the same bytes.
package struct CorefileMerge: Sendable {
  /// Nil where the block cannot be put in; the findings say why.
  package let bytes: [UInt8]?
  package let findings: [Diagnostic]

  /// - Parameters:
  ///   - cause: who wants the zone, for findings.
  ///   - isServer: whether an address can be the zone's own DNS server, so that a block that forwards there is an
  ///     earlier form of this one. A block without marks that forwards elsewhere is somebody's, and stays.
  package init(
    _ document: CorefileDocument, _ block: StubBlock, cause: Label,
    isServer: @escaping (String) -> Bool = { _ in false }
  ) {
    var merge = Merging(document, block, cause, isServer)
    let place = merge.place()
    let isRefused = merge.findings.contains { $0.severity == .error }
    findings = merge.findings
    bytes = isRefused ? nil : place.map { merge.bytes(replacing: $0) }
  }
}

/// The work of one merge.
private struct Merging {
  private let document: CorefileDocument
  private let block: StubBlock
  private let cause: Label
  private let isServer: (String) -> Bool
  private let address: ZoneAddress
  private(set) var findings: [Diagnostic] = []

  init(
    _ document: CorefileDocument, _ block: StubBlock, _ cause: Label, _ isServer: @escaping (String) -> Bool
  ) {
    self.document = document
    self.block = block
    self.cause = cause
    self.isServer = isServer
    address = ZoneAddress(zone: block.zone, port: document.servingPort)
  }

  private var text: CorefileText { document.text }

  // MARK: Where the block goes

  /// The bytes that the block replaces, empty at the end of the text; nil after reporting why there is no place.
  mutating func place() -> Range<Int>? {
    guard !document.findings.contains(where: { $0.severity == .error }) else { return nil }
    guard let marked = markedPlace() else { return nil }
    let own = marked.isEmpty ? unmarkedPlace() : marked
    checkOthers(own)
    if let open = document.blocks.first(where: { !$0.hasBraces && $0.origin == .text }) {
      report(
        CorefileRules.withoutBraces, "the block of \(open.keys[0].text) has no braces",
        at: open.keys[0].range, "the rest of the file belongs to it",
        help: ["put its plugins into '{ … }': no second block can stand in the file otherwise"])
    }
    return own
  }

  /// What stands between the marks; empty at the end of the text where there are none.
  private mutating func markedPlace() -> Range<Int>? {
    let begins = document.comments.filter { isMark($0, StubBlock.beginMark) }
    let ends = document.comments.filter { isMark($0, StubBlock.endMark) }
    guard let begin = begins.first else {
      guard let end = ends.first else { return text.bytes.count..<text.bytes.count }
      report(
        CorefileRules.marks, "the mark at the end of the block has none before it", at: end, "no BEGIN",
        help: ["put '\(StubBlock.beginMark)' before the block, or remove this line"])
      return nil
    }
    if begins.count > 1 {
      report(
        CorefileRules.marks, "two blocks are marked as cross-cluster connectivity", at: begins[1],
        "the second",
        also: [Label(text.range(begin), "the first")],
        help: ["remove one of them with its marks: the project's own job would take all between them away"])
      return nil
    }
    guard ends.count == 1, let end = ends.first, end.lowerBound > begin.upperBound else {
      report(
        CorefileRules.marks,
        ends.isEmpty ? "the marked block has no end" : "the marks around the block are out of order",
        at: begin,
        ends.isEmpty ? "no END" : "BEGIN", also: ends.dropFirst(0).map { Label(text.range($0), "END") },
        help: ["put '\(StubBlock.endMark)' on a line of its own after the block, once"])
      return nil
    }
    let region = begin.lowerBound..<trimmedEnd(end)
    return isWhole(region) ? region : nil
  }

  private func isMark(_ comment: Range<Int>, _ mark: String) -> Bool {
    text.bytes[comment.lowerBound..<trimmedEnd(comment)].elementsEqual(mark.utf8)
  }

  /// The end of a comment without the white space at its end.
  private func trimmedEnd(_ comment: Range<Int>) -> Int {
    var end = comment.upperBound
    while end > comment.lowerBound, [0x20, 0x09, 0x0D].contains(text.bytes[end - 1]) { end -= 1 }
    return end
  }

  /// The marks hold one server block and nothing else that would be lost.
  private mutating func isWhole(_ region: Range<Int>) -> Bool {
    var inside: [CorefileBlock] = []
    for block in document.blocks where block.origin == .text && block.range.overlaps(region) {
      guard region.contains(block.range.lowerBound), block.range.upperBound <= region.upperBound else {
        report(
          CorefileRules.marks, "the marks stand inside the block of \(block.keys[0].text)", at: region,
          "not around it",
          also: [Label(text.range(block.keys[0].range), "this block")],
          help: ["remove the marks, or put them around a block of their own"])
        return false
      }
      inside.append(block)
    }
    if inside.count > 1 {
      report(
        CorefileRules.marks, "\(inside.count) blocks stand between the marks", at: inside[1].keys[0].range,
        "would be removed", also: [Label(text.range(inside[0].keys[0].range), "the marked block")],
        help: ["move it behind the line '\(StubBlock.endMark)'"])
      return false
    }
    if let lost = document.imports.first(where: { region.contains($0.pattern.range.lowerBound) }) {
      report(
        CorefileRules.marks, "an import stands between the marks", at: lost.pattern.range, "would be removed",
        help: ["move it behind the line '\(StubBlock.endMark)'"])
      return false
    }
    for plugin in inside.flatMap(\.plugins) where !["forward", "reload"].contains(plugin.name.text) {
      report(
        CorefileRules.editedBlock, "'\(plugin.name.text)' stands in the marked block", at: plugin.range,
        "is removed when the block is written",
        help: [
          "remove it, or serve the zone by a block of your own and set 'resolver: unmanaged' in the Cluster"
        ])
    }
    return true
  }

  /// A block that already does what is wanted, perhaps with an older address; else the end of the text.
  private func unmarkedPlace() -> Range<Int> {
    let own = document.blocks.first { candidate in
      guard candidate.origin == .text, candidate.hasBraces, candidate.addresses == [address] else {
        return false
      }
      let forwards = candidate.plugins(named: "forward")
      guard forwards.count == 1, let forward = forwards.first, !forward.hasBody, forward.arguments.count == 2,
        forward.arguments[0].text == ".", leadsToServer(forward.arguments[1].text)
      else { return false }
      return candidate.plugins.allSatisfy {
        $0.name.text == "forward" || $0.name.text == "reload" && !$0.hasBody
      }
        && !document.imports.contains { candidate.range.contains($0.pattern.range.lowerBound) }
    }
    return own?.range ?? text.bytes.count..<text.bytes.count
  }

  private func leadsToServer(_ upstream: String) -> Bool {
    let server = Upstream.address(upstream)
    return server == Upstream.address(block.upstream) || isServer(server)
  }

  // MARK: Who else serves the zone

  private mutating func checkOthers(_ own: Range<Int>) {
    for other in document.blocks where other.origin == .snippet || !own.contains(other.range.lowerBound) {
      for (taken, key) in zip(other.addresses, other.keys) {
        if key.hasVariable {
          report(
            CorefileRules.unknownZone, "a zone is an environment variable: it could be \(block.zone)",
            at: key.range,
            "known only in the pod", also: [cause], help: ["write the zone itself"])
        } else if taken == address {
          let forward = other.plugins(named: "forward").first
          report(
            CorefileRules.zoneServed, "another block serves \(block.zone)", at: key.range,
            "already served here",
            also: [cause]
              + (forward.map { [Label(text.range($0.range), "not the link's DNS server, \(block.upstream)")] }
                ?? []),
            help: [
              "remove the block if it was written for this link; otherwise use another zone, or set 'resolver: unmanaged' in the Cluster if it forwards to the right server"
            ])
        } else if taken.isBelow(address.zone), taken.port == address.port, taken.scheme == "dns" {
          report(
            CorefileRules.zoneShadowed,
            "names below \(taken.zone) never reach the DNS server of \(block.zone)",
            at: key.range, "the longer zone wins", also: [cause],
            help: ["remove the block, or use another zone"])
        }
      }
    }
  }

  private mutating func report(
    _ rule: Rule, _ message: String, at part: Range<Int>, _ label: String, also: [Label] = [], help: [String]
  ) {
    let line = text.line(of: part.lowerBound).map { ", \($0)" } ?? ""
    findings.append(
      Diagnostic(rule, message, at: text.range(part), label + line, also: also, help: help))
  }

  // MARK: Writing

  func bytes(replacing place: Range<Int>) -> [UInt8] {
    let old = text.bytes
    let lineEnd = usesCarriageReturns ? "\r\n" : "\n"
    let new = Array(block.text(port: address.port, lineEnd: lineEnd).utf8)
    if place.isEmpty {
      let needsLineEnd = old.last.map { $0 != UInt8(ascii: "\n") } ?? false
      return old + (needsLineEnd ? Array(lineEnd.utf8) : []) + new + Array(lineEnd.utf8)
    }
    return Array(old[..<place.lowerBound]) + new + Array(old[place.upperBound...])
  }

  private var usesCarriageReturns: Bool {
    guard let first = text.bytes.firstIndex(of: UInt8(ascii: "\n")), first > 0 else { return false }
    return text.bytes[first - 1] == UInt8(ascii: "\r")
  }
}
