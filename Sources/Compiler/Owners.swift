import Diagnostics
import FleetSpec
import YAMLTree

/// Who answers for what: the owners that Connection documents declare.
struct Owners {
  private struct Entry {
    let document: SourceRange
    let namespaces: Set<String>
    let owner: String?
  }

  private var entries: [String: [Entry]] = [:]
  private var isEmpty: Bool { entries.isEmpty }

  /// Linear in the connections.
  init(_ connections: [Connection]) {
    guard connections.contains(where: { $0.owner != nil }) else { return }
    for connection in connections {
      let range = connection.node.range
      entries[range.file.path, default: []].append(
        Entry(
          document: range, namespaces: Set(connection.namespaces.map(\.value)),
          owner: connection.owner?.value))
    }
  }

  /// The findings with their owners, where they have none yet: that of the document a finding points into, else of
  /// the first that it mentions.
  func named(in findings: [Diagnostic]) -> [Diagnostic] {
    guard !isEmpty else { return findings }
    return findings.map { finding in
      guard finding.owner == nil else { return finding }
      var finding = finding
      let labels = [finding.primary].compactMap { $0 } + finding.secondary
      finding.owner = labels.lazy.compactMap { owner(of: $0.range) }.first
      return finding
    }
  }

  /// The owner of a place in a document, of what concerns one of its namespaces where that is known; nil where
  /// overrides give the namespaces different owners and it is not.
  func owner(of range: SourceRange, in namespace: String? = nil) -> String? {
    let found = (entries[range.file.path] ?? []).filter {
      $0.document.start <= range.start && range.start <= $0.document.end
        && (namespace.map($0.namespaces.contains) ?? true)
    }
    let owners = Set(found.map(\.owner))
    return owners.count == 1 ? found.first?.owner : nil
  }
}
