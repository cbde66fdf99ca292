import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The east-west gateway of one exposing cluster: the gateway itself unless it exists, and who may reach it.
struct GatewayUnit: PlannedUnit {
  let traffic: TetrateTraffic
  let cluster: String

  var key: String { "tetrate/\(traffic.link.name)/gateways/\(cluster)" }

  func lower() -> LoweredUnit {
    let link = traffic.link
    let choice = link.settings.gateway
    var lowered = LoweredUnit(
      connections: [], subject: Label(link.link.name.node.range, "while emitting this link"))
    GatewayAdmission.emit(traffic, in: cluster, into: &lowered)
    if let gateway = traffic.gateways[cluster] { lowered.occasions.append(gateway.occasion(of: link)) }
    // One that exists has an owner.
    guard let name = choice.name, traffic.gateways[cluster]?.existing == nil else { return lowered }
    let service = choice.node["service"]
    let isGateway = choice.kind == "Gateway"
    // A Gateway of type EASTWEST without the stanza got no port 15443 in some builds.
    let type = service?["type"]?.text ?? (isGateway ? "LoadBalancer" : nil)
    var fields = TemplateFields()
    if let type { fields["type"] = .string(type) }
    if let annotations = service?["annotations"] { fields["annotations"] = .node(annotations) }
    if let labels = service?["labels"] { fields["labels"] = .node(labels) }
    let stanza: TemplateValue = fields.isEmpty ? .none : .map(fields)
    let gateway: TemplateValue = .map([
      "name": .string(name), "namespace": .string(choice.namespace),
      "revision": .optional(choice.node["revision"]?.text),
      "connectionDrainDuration": .optional(choice.node["connectionDrainDuration"]?.text),
      "podLabels": choice.hasOwnLabels ? choice.labels.value : .none, "service": stanza,
      "deployment": choice.node["deployment"].map { .node($0) } ?? .map([:]),
      "hasKubeSpec": .boolean(
        !fields.isEmpty || choice.hasOwnLabels || choice.node["deployment"] != nil),
    ])
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: .manifests,
        template: isGateway ? "tetrate/gateway.yaml" : "tetrate/ingress-gateway.yaml",
        identity: ObjectIdentity(
          apiVersion: "install.tetrate.io/v1alpha1", kind: choice.kind, namespace: choice.namespace,
          name: name),
        variables: ["gateway": gateway]))
    return lowered
  }
}
