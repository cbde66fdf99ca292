import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// A fault in a template shows at every object that it makes: it is said once, with the number of the others.
enum RepeatedFindings {
  private static let rules = Set(
    [
      TemplateRules.renderingFailed, TemplateRules.unannotated, TemplateRules.invalidName,
      TemplateRules.extraObject, CompilerRules.wrongIdentity, CompilerRules.invalidObject,
    ].map(\.id))

  private struct Place: Hashable {
    let rule: String
    let file: String
    let start: Int
    let end: Int
  }

  /// The findings in their order, the first of those about one place of a template. Linear.
  static func merged(_ findings: [Diagnostic]) -> [Diagnostic] {
    var kept: [Diagnostic] = []
    var first: [Place: (index: Int, others: Int)] = [:]
    for finding in findings {
      guard rules.contains(finding.rule.id), let range = finding.primary?.range,
        range.file.path.hasPrefix("templates/")
      else {
        kept.append(finding)
        continue
      }
      let place = Place(rule: finding.rule.id, file: range.file.path, start: range.start, end: range.end)
      if first[place] == nil {
        first[place] = (kept.count, 0)
        kept.append(finding)
      } else {
        first[place]?.others += 1
      }
    }
    for (index, others) in first.values where others > 0 {
      kept[index].notes.append("and \(others) more \(others == 1 ? "object" : "objects")")
    }
    return kept
  }

  /// The findings without those about emitted objects that only follow from a Service which no API server takes: its
  /// name and ports stand in them. Linear where there are none.
  static func withoutFollowers(_ findings: [Diagnostic], of connections: [BoundConnection]) -> [Diagnostic] {
    let refused = findings.filter { $0.rule.id == CompilerRules.invalidManifest.id }.compactMap(
      \.primary?.range)
    guard !refused.isEmpty, findings.contains(where: { $0.rule.id == CompilerRules.invalidObject.id }) else {
      return findings
    }
    func holds(_ outer: SourceRange, _ inner: SourceRange) -> Bool {
      outer.file.path == inner.file.path && outer.start <= inner.start && inner.end <= outer.end
    }
    let affected = connections.filter { connection in
      connection.targets.contains { target in
        refused.contains { holds(target.service.manifest.node.range, $0) }
      }
    }.map(\.connection.node.range)
    return findings.filter { finding in
      guard finding.rule.id == CompilerRules.invalidObject.id else { return true }
      let places = ([finding.primary].compactMap { $0 } + finding.secondary).map(\.range)
      return !affected.contains { document in places.contains { holds(document, $0) } }
    }
  }
}
