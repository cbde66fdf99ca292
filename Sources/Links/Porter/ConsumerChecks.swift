import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Looks into the manifests of clients for names and addresses that will not work.
///
/// Only the namespace of the claim is read, and in it only environment variables and ConfigMaps.
struct ConsumerChecks {
  private let unit: PorterService
  private(set) var findings: [Diagnostic] = []

  init(unit: PorterService) {
    self.unit = unit
    let clusters = Set(unit.connections.flatMap(\.clients).compactMap(\.cluster)).sorted()
    for name in clusters {
      guard let cluster = unit.model.clusters[name] else { continue }
      let namespaces = Set(unit.connections.flatMap(\.clients).filter { $0.cluster == name }.map(\.namespace))
        .sorted()
      for namespace in namespaces { check(cluster, namespace) }
    }
  }

  private mutating func check(_ cluster: ClusterModel, _ namespace: String) {
    let ownName = PorterNames.consumerName(unit.service.name, cluster.name)
    let ownWord = Array(ownName.utf8)
    for value in unit.clientValues.values(of: cluster, namespace) {
      for (word, target) in unit.settings.addressWords where value.hasWord(word) {
        let address = String(decoding: word, as: UTF8.self)
        findings.append(
          Diagnostic(
            PorterRules.hardCodedAddress, "the address of \(target) is written out", at: value.range,
            "\(address) changes when the Service's type does",
            help: [
              "use the host \(PorterNames.consumerName(unit.service.name, target)), or a ConfigMap from 'publish'"
            ]))
      }
      if value.hasWord(ownWord) {
        let other = unit.settings.opposite(of: cluster.name)
        findings.append(
          Diagnostic(
            PorterRules.ownSide, "'\(ownName)' does not exist in \(cluster.name)", at: value.range,
            "used in \(cluster.name) itself",
            help: [
              other.map {
                "the operator writes \(PorterNames.consumerName(unit.service.name, $0)) here; use that"
              }
                ?? "clients of the same cluster use the Service '\(unit.service.name)'"
            ]))
      }
    }
  }
}
