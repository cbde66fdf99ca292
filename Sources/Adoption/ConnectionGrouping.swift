import Kubernetes

/// Connections that are the same in several environments, as one document: what most have stands in it, what the others
/// have differently becomes overrides.
struct ConnectionGroup: Sendable {
  let link: String
  let name: String
  private(set) var namespaces: [String]
  let spec: SpecMap
  let overrides: [SpecValue]
  let comment: [String]
  /// Clusters in which no manifest makes the targets' pods.
  let withoutPods: [String]

  /// Words that end the names of one product's namespaces.
  private static let environments = [
    "tools", "dev", "test", "qa", "uat", "stage", "staging", "prod", "production",
  ]

  /// The directory of its document: the owner's, or what the namespaces have in common.
  var directory: String {
    let product = Self.product(namespaces[0])
    return namespaces.allSatisfy { Self.product($0) == product } ? product : namespaces[0]
  }

  /// `c6af30` for `c6af30-dev`; a namespace that names no environment is its own product.
  static func product(_ namespace: String) -> String {
    guard let dash = namespace.lastIndex(of: "-"),
      environments.contains(String(namespace[namespace.index(after: dash)...]))
    else { return namespace }
    return String(namespace[..<dash])
  }

  private static func rank(_ namespace: String) -> Int {
    let word = namespace.split(separator: "-").last.map(String.init) ?? ""
    return environments.firstIndex(of: word) ?? -1
  }

  /// Groups candidates by link, name and product, in the order of their names.
  static func grouping(_ candidates: [ConnectionCandidate]) -> [ConnectionGroup] {
    let byKey = Dictionary(grouping: candidates) { "\($0.link)\n\($0.name)\n\(product($0.namespace))" }
    return byKey.sorted { $0.key < $1.key }.flatMap { _, members in
      groups(members.sorted { (rank($0.namespace), $0.namespace) < (rank($1.namespace), $1.namespace) })
    }
  }

  /// One group, or several where no common form has overrides for all.
  private static func groups(_ members: [ConnectionCandidate]) -> [ConnectionGroup] {
    guard let base = base(of: members) else { return [] }
    var rest: [ConnectionCandidate] = []
    var taken: [(member: ConnectionCandidate, overlay: SpecMap)] = []
    for member in members {
      if let overlay = base.spec.overlay(to: member.spec) {
        taken.append((member, overlay))
      } else {
        rest.append(member)
      }
    }
    let shared =
      Set(taken.map { $0.member.overrides.map(\.cluster) }).count == 1
      && taken.allSatisfy { $0.member.overrides == taken[0].member.overrides }
    var overrides: [SpecValue] = []
    for (overlay, namespaces) in collected(taken.map { ($0.overlay, $0.member.namespace) })
    where !overlay.isEmpty {
      overrides.append(.map(SpecMap([SpecMap.Entry("namespaces", .texts(namespaces))] + overlay.entries)))
    }
    if shared {
      for override in taken[0].member.overrides {
        overrides.append(
          .map(SpecMap([SpecMap.Entry("clusters", .texts([override.cluster]))] + override.spec.entries)))
      }
    } else {
      for (member, _) in taken {
        for override in member.overrides {
          overrides.append(
            .map(
              SpecMap(
                [
                  SpecMap.Entry("namespaces", .texts([member.namespace])),
                  SpecMap.Entry("clusters", .texts([override.cluster])),
                ] + override.spec.entries)))
        }
      }
    }
    let group = ConnectionGroup(
      link: base.link, name: base.name, namespaces: taken.map(\.member.namespace), spec: base.spec,
      overrides: overrides, comment: base.comment,
      withoutPods: Set(taken.flatMap(\.member.withoutPods)).sorted())
    return [group] + (rest.isEmpty ? [] : groups(rest))
  }

  /// The form that most namespaces have; among equals the last, which is the nearest to production.
  private static func base(of members: [ConnectionCandidate]) -> ConnectionCandidate? {
    var best: (count: Int, member: ConnectionCandidate)?
    for member in members {
      let count = members.count { $0.spec == member.spec }
      if count >= best?.count ?? 0 { best = (count, member) }
    }
    return best?.member
  }

  /// Equal overlays with all their namespaces, in the order of the first.
  private static func collected(_ overlays: [(SpecMap, String)]) -> [(SpecMap, [String])] {
    var result: [(SpecMap, [String])] = []
    for (overlay, namespace) in overlays {
      if let index = result.firstIndex(where: { $0.0 == overlay }) {
        result[index].1.append(namespace)
      } else {
        result.append((overlay, [namespace]))
      }
    }
    return result
  }
}
