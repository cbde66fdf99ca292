import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What concerns GatewayDNS in the fleet as a whole: registrations, links beside each other, manifests written by hand.
struct FleetChecks {
  private let model: FleetModel
  private let fleet: GatewayFleet

  init(_ model: FleetModel) {
    self.model = model
    fleet = GatewayFleet(model)
  }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var managements = Set(fleet.links.map(\.settings.managementCluster.value))
    for name in model.clusterNames {
      guard let cluster = model.clusters[name], let registration = ClusterAPIRegistration(cluster.cluster)
      else {
        continue
      }
      let management = registration.managementCluster
      managements.insert(management.value)
      if model.clusters[management.value] == nil, !model.specification.isInvalid("Cluster", management.value)
      {
        findings.append(LinkChecks.unknownCluster(management, model))
      }
    }
    for name in managements.sorted() {
      guard let cluster = model.clusters[name] else { continue }
      let manifests = HandWrittenGatewayDNS(cluster, model)
      findings += manifests.findings()
      findings += overlaps(on: name, manifests)
    }
    return findings + controllers()
  }

  // MARK: One cluster, one GatewayDNS

  /// A GatewayDNS, as a Link or as a manifest.
  private struct Claim {
    let name: String
    let node: Node
    let selector: LabelSelector
    let namespace: String
    let isManifest: Bool
  }

  private func overlaps(on management: String, _ manifests: HandWrittenGatewayDNS) -> [Diagnostic] {
    var claims = fleet.links.filter { $0.settings.managementCluster.value == management }.map { entry in
      Claim(
        name: entry.link.name.value, node: entry.link.name.node, selector: entry.settings.selector,
        namespace: entry.settings.namespace.value, isManifest: false)
    }
    for manifest in manifests.objects {
      // A manifest with a link's own name is that link's object.
      guard let namespace = manifest.namespace,
        !claims.contains(where: { $0.name == manifest.name && $0.namespace == namespace })
      else { continue }
      claims.append(
        Claim(
          name: manifest.name, node: manifest.nameNode,
          selector: LabelSelector(manifest.node.at("spec", "clusterSelector")), namespace: namespace,
          isManifest: true))
    }
    guard claims.count > 1 else { return [] }
    var findings: [Diagnostic] = []
    for name in model.clusterNames {
      guard let cluster = model.clusters[name], let registration = ClusterAPIRegistration(cluster.cluster),
        registration.managementCluster.value == management
      else { continue }
      let labels = GatewayFleet.labels(of: registration, in: model)
      let selecting = claims.filter {
        $0.namespace == registration.namespace.value && $0.selector.matches(labels)
      }
      guard selecting.count > 1, let first = selecting.first else { continue }
      for second in selecting.dropFirst() {
        findings.append(
          Diagnostic(
            GatewayDNSRules.selectedTwice,
            "\(first.name) and \(second.name) both select cluster '\(name)'", at: second.node.range,
            second.isManifest ? "a GatewayDNS among the manifests" : "the second",
            also: [
              Label(first.node.range, "the first"),
              Label((registration.labelsNode ?? registration.node).range, "the cluster's labels"),
            ],
            help: [
              "narrow one of the selectors: both write the same EndpointSlice, and each takes it from the other at every poll"
            ]))
      }
    }
    return findings
  }

  // MARK: One controller, one zone

  /// A management cluster has one controller: one DOMAIN_SUFFIX, one generation.
  private func controllers() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var first: [String: (link: Link, settings: GatewayDNSSettings)] = [:]
    for entry in fleet.links {
      let management = entry.settings.managementCluster.value
      guard let other = first[management] else {
        first[management] = entry
        continue
      }
      if other.settings.zone.value != entry.settings.zone.value {
        findings.append(
          Diagnostic(
            GatewayDNSRules.oneController,
            "the links of \(management) have the zones \(other.settings.zone.value) and \(entry.settings.zone.value)",
            at: entry.settings.zone.node.range, "another zone",
            also: [Label(other.settings.zone.node.range, "the zone of \(other.link.name.value)")],
            help: ["use one zone: the controller of a management cluster has one DOMAIN_SUFFIX"]))
      }
      if other.settings.profile != entry.settings.profile {
        findings.append(
          Diagnostic(
            GatewayDNSRules.oneController, "the links of \(management) have different profiles",
            at: (entry.settings.node["profile"] ?? entry.link.name.node).range,
            entry.settings.profile.rawValue,
            also: [
              Label(
                (other.settings.node["profile"] ?? other.link.name.node).range,
                "\(other.settings.profile.rawValue), of \(other.link.name.value)")
            ], help: ["use the profile of the controller that is installed"]))
      }
    }
    return findings
  }
}

/// GatewayDNS objects and Cluster API objects among the manifests of a management cluster.
struct HandWrittenGatewayDNS {
  /// In the order of their names.
  let objects: [Manifest]
  private let clusters: [Manifest]
  private let records: [Manifest]
  private let cluster: ClusterModel

  /// Linear in the manifests of the cluster.
  init(_ cluster: ClusterModel, _ model: FleetModel) {
    self.cluster = cluster
    func manifests(_ group: String, _ kind: String) -> [Manifest] {
      cluster.declared.objects.filter { $0.key.kind == kind && $0.key.group == group }.map(\.value)
        .sorted { ($0.namespace ?? "", $0.name) < ($1.namespace ?? "", $1.name) }
    }
    objects = manifests("connectivity.tanzu.vmware.com", "GatewayDNS")
    records = manifests("connectivity.tanzu.vmware.com", "GatewayDNSRecord")
    clusters = manifests("cluster.x-k8s.io", "Cluster")
  }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for manifest in objects {
      let spec = manifest.node["spec"]
      if let service = spec?["service"], GatewayDNSSettings.serviceKey(service.text) == nil {
        findings.append(LinkChecks.serviceFault(Located(service.text, service)))
      }
      if let type = spec?["resolutionType"] {
        if type.text != GatewayDNSSettings.loadBalancer {
          findings.append(LinkChecks.resolutionFault(Located(type.text, type)))
        }
      } else {
        findings.append(
          Diagnostic(
            GatewayDNSRules.resolutionOmitted, "GatewayDNS \(manifest.name) names no resolutionType",
            at: manifest.nameNode.range, "taken for loadBalancer",
            help: ["write 'resolutionType: loadBalancer'"]))
      }
      let selector = spec?["clusterSelector"]
      findings += LinkChecks.selectorFaults(selector)
      if LabelSelector(selector).selectsEverything {
        findings.append(
          Diagnostic(
            GatewayDNSRules.selectsAll,
            "the selector of '\(manifest.name)' takes every cluster of \(manifest.namespace ?? "its namespace")",
            at: (selector ?? manifest.nameNode).range, selector == nil ? "no clusterSelector" : "empty",
            help: ["select by a label that says that a cluster has the gateway"]))
      }
      findings += unquoted(selector?["matchLabels"], of: manifest)
    }
    for manifest in clusters { findings += unquoted(manifest.node.at("metadata", "labels"), of: manifest) }
    for manifest in records {
      findings.append(
        Diagnostic(
          GatewayDNSRules.neverShipped, "kind GatewayDNSRecord was proposed and never built",
          at: (manifest.node["kind"] ?? manifest.nameNode).range, "no controller reads it",
          help: ["write a GatewayDNS with clusterSelector and service"]))
    }
    return findings
  }

  private func unquoted(_ labels: Node?, of manifest: Manifest) -> [Diagnostic] {
    (labels?.entries.map { $0 } ?? []).filter { $0.value.kind != .string }.map { key, value in
      Diagnostic(
        GatewayDNSRules.unquotedLabel,
        "the label \(key.text) of \(manifest.kind) \(manifest.name) is \(value.kind.description), not a string",
        at: value.range, "refused by the API server", help: ["quote it: \"\(value.text)\""],
        suggestion: value.isScalar ? Suggestion(replace: value.range, with: "\"\(value.text)\"") : nil)
    }
  }
}
