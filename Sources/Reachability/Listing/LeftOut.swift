import Diagnostics
import Kubernetes
import YAMLTree

extension ManifestNetwork {
  /// What the conventions of np-guard have no words for: ranges of IPv6. One finding per policy, at its first range.
  ///
  /// The policies count all the same: pods that they select are isolated.
  func leftOut() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for manifest in network.policies {
      let ranges = Self.ranges(of: manifest).filter { IPNetwork($0.text)?.address.isIPv6 ?? false }
      guard let first = ranges.first else { continue }
      let more = ranges.count == 1 ? "" : " and \(ranges.count - 1) more of \(manifest.identity.description)"
      findings.append(
        Diagnostic(
          ReachabilityRules.rangeLeftOut,
          "\(first.text)\(more) is not listed: the profile '\(network.profile.name)' lists IPv4 alone",
          at: first.range, "a range of IPv6",
          help: ["choose the profile of your network plugin: it lists both families"]))
    }
    return findings
  }

  /// Every range that a policy names, in the order of its rules, whatever its kind.
  private static func ranges(of manifest: Manifest) -> [Node] {
    guard PolicyKind(manifest) != nil else { return [] }
    let specs =
      [manifest.node["spec"]].compactMap { $0 } + (manifest.node["specs"]?.elements.map { $0 } ?? [])
    var ranges: [Node] = []
    for spec in specs {
      for (section, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec[section]?.elements.map({ $0 }) ?? [] {
          for peer in rule[peers]?.elements.map({ $0 }) ?? [] {
            if let range = peer.at("ipBlock", "cidr") { ranges.append(range) }
            ranges += peer["networks"]?.elements.map { $0 } ?? []
          }
        }
      }
    }
    return ranges
  }
}
