import Diagnostics
import FleetSpec
import Linker
import YAMLTree

/// Links that carry the connections of one workspace: TSB keeps one WorkspaceSetting, so what it holds once they must say
/// alike.
struct WorkspaceChecks {
  private let links: [TetrateLink]

  init(_ traffic: [TetrateTraffic]) {
    links = traffic.map(\.link).sorted { $0.name < $1.name }
  }

  func findings() -> [Diagnostic] {
    guard links.count > 1 else { return [] }
    let fields: [(name: String, node: (TetrateLink) -> Node?)] =
      [
        ("form", { $0.settings.node["form"] }), ("configCluster", { $0.settings.node["configCluster"] }),
        ("workspaceSetting", { $0.settings.node["workspaceSetting"] }),
        ("failoverSettings", { $0.settings.failover }),
        ("workspace.namespaces", { $0.settings.workspace?.node["namespaces"] }),
      ]
      + ["defaultTrafficSetting", "defaultSecuritySetting", "hostsReachability"].map { field in
        ("workspaceDefaults.\(field)", { $0.settings.defaults?[field] })
      }
    return fields.compactMap { name, node in
      let said = links.compactMap { link in node(link).map { (link, $0) } }
      guard let (first, place) = said.first,
        let (other, differing) = said.first(where: { !$0.1.isEqual(to: place) })
      else { return nil }
      return Diagnostic(
        TetrateRules.workspaceLinksDiffer,
        "links '\(first.name)' and '\(other.name)' of one workspace say different things of \(name)",
        at: differing.range, "of '\(other.name)'", also: [Label(place.range, "of '\(first.name)'")],
        help: ["write it alike, or in one of them only"])
    }
  }
}
