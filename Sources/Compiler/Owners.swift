import Diagnostics
import FleetSpec
import YAMLTree

/// Who answers for what: the owners that Connection documents declare.
struct Owners {
  private struct Entry {
    let document: SourceRange
    let owner: String
  }

  private var entries: [String: [Entry]] = [:]

  /// Linear in the connections.
  init(_ connections: [Connection]) {
    for connection in connections {
      guard let owner = connection.owner?.value else { continue }
      let range = connection.node.range
      entries[range.file.path, default: []].append(Entry(document: range, owner: owner))
    }
  }

  /// The findings with their owners: that of the document a finding points into, else of the first that it
  /// mentions.
  func named(in findings: [Diagnostic]) -> [Diagnostic] {
    guard !entries.isEmpty else { return findings }
    return findings.map { finding in
      var finding = finding
      let labels = [finding.primary].compactMap { $0 } + finding.secondary
      finding.owner = labels.lazy.compactMap { owner(of: $0.range) }.first
      return finding
    }
  }

  private func owner(of range: SourceRange) -> String? {
    entries[range.file.path]?.first { $0.document.start <= range.start && range.start <= $0.document.end }?
      .owner
  }
}
