/// What changes between two sides, and what a reviewer should look at first: a value, of which there are several reports.
package struct Review: Sendable {
  /// What a side is, for people.
  package struct Side: Sendable {
    /// `main`, `the index`, `the working tree`, `the output on record of main`.
    package let name: String
    /// The commit's id; nil for what is none.
    package let commit: String?

    package init(name: String, commit: String?) {
      self.name = name
      self.commit = commit
    }

    /// `main (1a2b3c4d5e6f)`.
    package var text: String {
      guard let commit, !name.contains(commit.prefix(12)) else { return name }
      return "\(name) (\(commit.prefix(12)))"
    }
  }

  package let fleet: String
  package let base: Side
  package let head: Side
  package let paths: [PathChange]
  /// All that differs, but for what only follows a renamed source file.
  package let objects: [ObjectChange]
  package let risks: [Risk]
  /// Objects in which only the annotation that names their source file differs.
  package let provenanceOnly: Int
  /// Files that both sides have alike.
  package let unchanged: Int
  /// What could not be compared, and why: a line each.
  package let limits: [String]
  /// True when verdicts of the judge were compared, not only what is declared.
  package let isJudged: Bool

  package init(
    fleet: String, base: Side, head: Side, paths: [PathChange], objects: ObjectComparison, limits: [String],
    isJudged: Bool
  ) {
    self.fleet = fleet
    self.base = base
    self.head = head
    self.paths = paths
    self.objects = objects.changes.filter { !$0.isProvenanceOnly }
    provenanceOnly = objects.changes.count { $0.isProvenanceOnly }
    unchanged = objects.unchanged
    risks = RiskAssessment.risks(paths, self.objects)
    var limits = limits
    if objects.incomparable > 0 {
      limits.append(
        "\(objects.incomparable) \(objects.incomparable == 1 ? "object" : "objects") of connections or links that one side could not compile"
      )
    }
    self.limits = limits
    self.isJudged = isJudged
  }

  /// True when nothing differs and everything could be compared.
  package var isEmpty: Bool { paths.isEmpty && objects.isEmpty && provenanceOnly == 0 && limits.isEmpty }

  /// The clusters with changes, in order, with their objects.
  package var clusters: [(name: String, objects: [ObjectChange])] {
    var groups: [(name: String, objects: [ObjectChange])] = []
    for object in objects {
      if groups.last?.name == object.key.cluster {
        groups[groups.count - 1].objects.append(object)
      } else {
        groups.append((object.key.cluster, [object]))
      }
    }
    return groups
  }

  /// `2 paths appear, 1 vanishes; 3 objects added, 1 changed, 2 removed in 2 clusters`.
  package var summary: String {
    var parts: [String] = []
    let appeared = paths.count { $0.kind == .appeared }
    let vanished = paths.count { $0.kind == .vanished }
    let changed = paths.count { $0.kind == .changed }
    var ways: [String] = []
    if appeared > 0 { ways.append("\(appeared) appear\(appeared == 1 ? "s" : "")") }
    if vanished > 0 { ways.append("\(vanished) vanish\(vanished == 1 ? "es" : "")") }
    if changed > 0 { ways.append("\(changed) change\(changed == 1 ? "s" : "")") }
    parts.append("paths: " + (ways.isEmpty ? "none changes" : ways.joined(separator: ", ")))
    let counts = [ObjectChange.Kind.added, .changed, .removed].compactMap { kind -> String? in
      let count = objects.count { $0.kind == kind }
      return count > 0 ? "\(count) \(kind.rawValue)" : nil
    }
    let places = clusters.count
    parts.append(
      "objects: "
        + (counts.isEmpty
          ? "none changes"
          : counts.joined(separator: ", ") + " in \(places) cluster\(places == 1 ? "" : "s")"))
    if provenanceOnly > 0 { parts.append("\(provenanceOnly) only name another source file") }
    return parts.joined(separator: "; ")
  }
}
