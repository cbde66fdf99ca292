import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What the link's emitted objects let through beyond the connections.
extension TetrateSystem {
  package func excesses(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [SystemExcess] {
    let own = crossings.over(Self.key)
    var targets: Set<ClusterService> = []
    for crossing in own {
      targets.insert(ClusterService(cluster: crossing.target.cluster, key: crossing.target.service.key))
    }
    let identities = admitted(own, fleet)
    guard let control else { return passedOn(targets, fleet) + identities }
    return exposed(control, targets, fleet) + joined(control, own, fleet) + identities + widened(fleet)
  }

  /// Emitted gateways of another type than EASTWEST: UNIFIED, which is the default, and INGRESS take clients at 80 and 443
  /// as well.
  private func widened(_ fleet: JudgedFleet) -> [SystemExcess] {
    fleet.clusters.sorted { $0.key < $1.key }.flatMap { name, cluster in
      cluster.objects(ofKind: "Gateway").compactMap { object -> SystemExcess? in
        let type = object.node.at("spec", "type")
        guard object.manifest.identity.group == "install.tetrate.io", object.evidence == .emitted,
          ["UNIFIED", "INGRESS"].contains(type?.text ?? "UNIFIED"),
          object.node.at("spec", "kubeSpec", "service", "ports") == nil
        else { return nil }
        return SystemExcess(
          JudgementRules.exposesServices, object, at: type ?? object.node["spec"], of: link, saidBy: [],
          "\(object.manifest.identity.description) in \(name) is of type \(type?.text ?? "UNIFIED"): it takes clients at ports 80 and 443, which no connection needs",
          remedy: "write 'type: EASTWEST'")
      }
    }
  }

  /// Identities that AuthorizationPolicies admit. A cluster's are judged once, whatever the number of links.
  private func admitted(_ own: [Crossing], _ fleet: JudgedFleet) -> [SystemExcess] {
    let byCluster = Dictionary(grouping: own) { $0.target.cluster }
    return byCluster.sorted { $0.key < $1.key }.flatMap { name, crossings in
      fleet.clusters[name].map { AuthorizationExcess($0, crossings, of: link).excesses() } ?? []
    }
  }

  struct ClusterService: Hashable {
    let cluster: String
    let key: NamespacedName
  }

  // MARK: TSB

  /// Services whose labels an emitted setting exposes.
  private func exposed(
    _ control: TetrateControl, _ targets: Set<ClusterService>, _ fleet: JudgedFleet
  ) -> [SystemExcess] {
    var found: [SystemExcess] = []
    for entry in control.entries {
      guard let object = entry.object.known else { continue }
      for (name, cluster) in fleet.clusters.sorted(by: { $0.key < $1.key })
      where TetrateWalk(control: control, section: link.section).hasGateway(entry, in: cluster) {
        let services = cluster.model.declared.services.values.filter {
          control.owns($0.key.namespace, of: cluster) && !Self.isGateway($0, entry.selector)
        }.sorted { $0.key < $1.key }
        let wanted = services.filter { targets.contains(ClusterService(cluster: name, key: $0.key)) }
        for service in services
        where entry.exposes(service.manifest.labels)
          && !targets.contains(ClusterService(cluster: name, key: service.key))
        {
          let item = entry.node["exposedServices"]?.elements.first { item in
            item.labels("serviceLabels").items.allSatisfy { service.manifest.labels[$0.key] == $0.value }
          }
          found.append(
            SystemExcess(
              JudgementRules.exposesServices, object, at: item ?? entry.node, of: link, saidBy: ["LW5058"],
              "\(object.manifest.identity.description) exposes Service \(service.key.description) of \(name), which no connection reaches",
              remedy: Self.remedy(wanted, services)))
        }
      }
    }
    return found
  }

  /// The gateway's own Service lies in the workspace as well.
  static func isGateway(_ service: Service, _ selector: EastWestSelector) -> Bool {
    service.key.namespace == selector.namespace && !service.selector.isEmpty
      && service.selector.items.allSatisfy { selector.labels[$0.key] == $0.value }
  }

  /// Labels that choose what connections reach and nothing else, where there are such.
  private static func remedy(_ wanted: [Service], _ all: [Service]) -> String {
    guard !wanted.isEmpty else { return "take the entry out: no connection reaches anything there" }
    var items: [String] = []
    for service in wanted {
      let others = all.filter { other in !wanted.contains { $0.key == other.key } }
      let own = service.manifest.labels
      let label = own.items.first { label in !others.contains { $0.manifest.labels[label.key] == label.value }
      }
      guard
        label != nil
          || !others.contains(where: { other in
            own.items.allSatisfy { other.manifest.labels[$0.key] == $0.value }
          })
      else {
        return "give Service \(service.key.description) a label of its own: these expose the other as well"
      }
      let chosen = label.map { [$0] } ?? own.items
      items.append("{serviceLabels: {\(chosen.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}}")
    }
    return "write 'exposedServices: [\(items.withoutRepetitions.joined(separator: ", "))]'"
  }

  /// Pairs of networks that an emitted setting joins. Several links may share it, so every link's crossings count.
  private func joined(
    _ control: TetrateControl, _ crossings: [Crossing], _ fleet: JudgedFleet
  ) -> [SystemExcess] {
    guard let object = control.reachObject?.known, let map = control.reachMap else { return [] }
    var needed: Set<[String]> = []
    for crossing in crossings {
      guard let client = crossing.client.cluster.flatMap({ fleet.clusters[$0] }),
        let target = fleet.clusters[crossing.target.cluster],
        let from = control.networks[TetrateControl.name(of: client)],
        let to = control.networks[TetrateControl.name(of: target)]
      else { continue }
      needed.insert([from, to])
    }
    return map.entries.flatMap { from, list in
      let all = list.text.split(separator: ",").map(String.init)
      return all.filter { !needed.contains([from.text, $0]) }.map { to in
        let rest = all.filter { needed.contains([from.text, $0]) }
        return SystemExcess(
          JudgementRules.joinsNetworks, object, at: list, of: link, saidBy: ["LW5062"],
          "\(object.manifest.identity.description) lets network \(from.text) reach \(to), which no connection needs",
          remedy: rest.isEmpty
            ? "take '\(from.text)' out of networkReachability"
            : "write '\(from.text): \(rest.joined(separator: ","))'")
      }
    }
  }

  // MARK: Istio alone

  /// Services whose hosts an emitted Gateway passes on.
  private func passedOn(_ targets: Set<ClusterService>, _ fleet: JudgedFleet) -> [SystemExcess] {
    var found: [SystemExcess] = []
    for (name, cluster) in fleet.clusters.sorted(by: { $0.key < $1.key }) {
      for object in cluster.objects(ofKind: "Gateway")
      where object.evidence == .emitted && object.manifest.identity.group == "networking.istio.io" {
        let own = targets.filter { $0.cluster == name }.map {
          "\($0.key.name).\($0.key.namespace).svc.cluster.local"
        }
        .sorted()
        if (object.node.at("spec", "selector")?.count ?? 0) == 0 {
          let labels = IstioGateways(link.section).selector.labels
          found.append(
            SystemExcess(
              JudgementRules.exposesServices, object, at: object.node["spec"], of: link, saidBy: [],
              "\(object.manifest.identity.description) in \(name) has no selector: every gateway of the cluster takes connections for its hosts, not the link's alone",
              remedy:
                "write 'selector: {\(labels.items.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}'"
            ))
        }
        for (index, server) in (object.node.at("spec", "servers")?.elements.map { $0 } ?? []).enumerated() {
          let isOwn =
            server.at("port", "number")?.integer == Self.port
            && server.at("tls", "mode")?.text == "AUTO_PASSTHROUGH"
          for host in server["hosts"]?.elements.map({ $0 }) ?? [] {
            let services = cluster.model.declared.services.values.filter { service in
              !targets.contains(ClusterService(cluster: name, key: service.key))
                && !Self.isGateway(service, IstioGateways(link.section).selector)
                && IstioWalk.matches(
                  "\(service.key.name).\(service.key.namespace).svc.cluster.local", host.text,
                  in: service.key.namespace, from: object.manifest.namespace)
            }.map(\.key).sorted()
            guard let first = services.first else { continue }
            let more = services.count > 1 ? " and \(services.count - 1) more" : ""
            found.append(
              SystemExcess(
                JudgementRules.exposesServices, object, at: host, of: link, saidBy: [],
                "\(object.manifest.identity.description) in \(name) passes \(host.text) on: Service \(first.description)\(more), which no connection reaches",
                remedy: isOwn
                  ? "write 'hosts: [\(own.joined(separator: ", "))]' in servers[\(index)]"
                  : "take servers[\(index)] out: the link needs port \(Self.port) with AUTO_PASSTHROUGH alone"
              ))
          }
        }
      }
    }
    return found
  }
}
