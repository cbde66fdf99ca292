import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The Service of the target's name in the client's cluster, where there is one: it is what clients call, and what the
/// endpoints of other clusters join, port by port, by the ports' names.
struct TwinService {
  let service: Service
  let crossing: Crossing
  let client: JudgedCluster

  private var key: NamespacedName { crossing.target.service.key }
  private var wanted: ServicePort { crossing.port.port }

  /// Why clients do not get to the target's port by this Service; nil where they do.
  var nameFault: Fault? {
    guard !service.ports.isEmpty else { return nil }
    let same = service.ports.filter { $0.number == wanted.number }
    guard !same.contains(where: { $0.transport == wanted.transport }) else { return nil }
    let message =
      same.first.map {
        "port \(wanted.number) of Service \(key.description) in \(client.name) is \($0.transport.rawValue), not \(wanted.transport.rawValue)"
      }
      ?? "Service \(key.description) in \(client.name), which clients there call, has no port \(wanted.number)"
    return Fault(
      JudgementRules.name, message,
      at: [
        Label((same.first ?? service.ports[0]).node.range, "in \(client.name)"),
        Label(wanted.node.range, "in \(crossing.target.cluster)"),
      ],
      help: ["give both Services the same ports, or remove the one of \(client.name)"],
      because: .found(
        ObjectQuery(
          "Service", of: "", in: client.name, key.namespace, key.name,
          where: [
            .element(
              ["spec", "ports", "*"],
              [
                .number(["port"], wanted.number),
                .text(["protocol"], [wanted.transport.rawValue], default: "TCP"),
              ])
          ])))
  }

  /// Why the endpoints of the target's cluster do not join it, or others answer as well; nil where all is right.
  var addressFault: Fault? {
    if let own = service.ports.first(where: {
      $0.number == wanted.number && $0.transport == wanted.transport
    }), own.name != wanted.name {
      return Fault(
        JudgementRules.address,
        "port \(wanted.number) of Service \(key.description) is \(Self.words(own.name)) in \(client.name) and \(Self.words(wanted.name)) in \(crossing.target.cluster): endpoints join it by name",
        at: [
          Label(own.node.range, "in \(client.name)"),
          Label(wanted.node.range, "in \(crossing.target.cluster)"),
        ],
        help: ["give the port one name in both clusters"],
        because: .found(
          ObjectQuery(
            "Service", of: "", in: client.name, key.namespace, key.name,
            where: [
              .element(
                ["spec", "ports", "*"],
                [
                  .number(["port"], wanted.number),
                  wanted.name.map { .text(["name"], [$0]) } ?? .not(.exists(["name"])),
                ])
            ])))
    }
    // A connection that has targets there as well means these pods.
    guard !service.selector.isEmpty, service.selector != crossing.target.service.selector,
      !crossing.connection.targets.contains(where: { $0.cluster == client.name && $0.service.key == key })
    else { return nil }
    let chosen = LabelSelector(equality: service.selector)
    guard
      let stranger = client.workloads(in: key.namespace).first(where: { chosen.matches($0.podLabels) })
    else { return nil }
    return Fault(
      JudgementRules.address,
      "Service \(key.description) in \(client.name) leads a part of the requests to \(stranger.description) there",
      at: [
        Label(
          (service.manifest.node.at("spec", "selector") ?? service.manifest.nameNode).range, "selects it"),
        Label(stranger.manifest.nameNode.range, "answers too"),
      ],
      help: [
        "select what Service \(key.description) of \(crossing.target.cluster) does, \(crossing.target.service.selector.description), or remove the one of \(client.name)"
      ],
      because: .found(
        ObjectQuery(
          "Service", of: "", in: client.name, key.namespace, key.name,
          where: [
            .exists(["spec", "selector"]), .labelsWithin(["spec", "selector"], stranger.podLabels),
          ])), wanted: .no)
  }

  private static func words(_ name: String?) -> String { name.map { "called '\($0)'" } ?? "without a name" }
}
