import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Looks into the manifests of clients for names and addresses that will not work.
///
/// Only the namespaces of clients are read, and in them only containers' commands and variables, and ConfigMaps.
struct ConsumerChecks {
  private let unit: PorterService
  /// Addresses of the Service's virtual servers, with their clusters: the link's, and observed ones.
  private let addresses: [(word: [UInt8], cluster: String)]
  private(set) var findings: [Diagnostic] = []

  init(unit: PorterService) {
    self.unit = unit
    let declared = Set(unit.settings.addressWords.map(\.word))
    addresses =
      unit.settings.addressWords
      + unit.claims.addresses(in: unit.service.namespace).map { (Array($0.address.utf8), $0.cluster) }.filter
    {
      !declared.contains($0.0)
    }
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
      for (word, target) in addresses where value.hasWord(word) {
        let address = String(decoding: word, as: UTF8.self)
        findings.append(
          Diagnostic(
            PorterRules.hardCodedAddress, "the address of \(target) is written out", at: value.range,
            "\(address) changes when the Service's type does",
            help: [
              "use the host \(PorterNames.consumerName(unit.service.name, target)), or a ConfigMap from 'publish'"
            ]))
      }
      if value.hasName(ownWord, in: unit.service.namespace) {
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
