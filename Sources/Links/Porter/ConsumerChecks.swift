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

  private var addresses: [String: String] {
    var found: [String: String] = [:]
    for (cluster, types) in unit.settings.addresses {
      for address in types.values { found[address.value] = cluster }
    }
    return found
  }

  private mutating func check(_ cluster: ClusterModel, _ namespace: String) {
    let addresses = addresses
    let ownName = PorterNames.consumerName(unit.service.name, cluster.name)
    for value in values(of: cluster, namespace) {
      guard let text = value.string else { continue }
      for (address, target) in addresses where Self.has(address, in: text) {
        findings.append(
          Diagnostic(
            PorterRules.hardCodedAddress, "the address of \(target) is written out", at: value.range,
            "\(address) changes when the Service's type does",
            help: [
              "use the host \(PorterNames.consumerName(unit.service.name, target)), or a ConfigMap from 'publish'"
            ]))
      }
      if Self.has(ownName, in: text) {
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

  /// Values of environment variables and of ConfigMaps.
  private func values(of cluster: ClusterModel, _ namespace: String) -> [Node] {
    var values: [Node] = []
    for workload in cluster.declared.workloads[namespace] ?? [] {
      for container in workload.pod.at("spec", "containers")?.elements.map({ $0 }) ?? [] {
        for variable in container["env"]?.elements.map({ $0 }) ?? [] {
          if let value = variable["value"] { values.append(value) }
        }
      }
    }
    for manifest in cluster.declared.configMaps(in: namespace) {
      for (_, value) in manifest.node["data"]?.entries.map({ $0 }) ?? [] { values.append(value) }
    }
    return values
  }

  /// True when the word stands in the text with no letter, digit or '-' beside it.
  private static func has(_ word: String, in text: String) -> Bool {
    var rest = text[...]
    while let range = rest.firstRange(of: word) {
      let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : " "
      let after = range.upperBound < text.endIndex ? text[range.upperBound] : " "
      let joins = { (character: Character) in character.isLetter || character.isNumber || character == "-" }
      if !joins(before), !joins(after) { return true }
      rest = rest[range.upperBound...]
    }
    return false
  }
}
