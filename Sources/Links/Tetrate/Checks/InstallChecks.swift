import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Gateways of install.tetrate.io among the manifests.
struct InstallChecks {
  let model: FleetModel

  /// The annotation that a NodePort Service of a gateway needs.
  private static let nodeSelector = "traffic.istio.io/nodeSelector"

  func findings() -> [Diagnostic] {
    model.clusterNames.flatMap { name in
      (model.clusters[name].map { InstallGateway.all(in: $0) } ?? []).flatMap { findings($0) }
    }
  }

  private func findings(_ gateway: InstallGateway) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    let foreign: (key: String, fix: String)? =
      switch gateway.kind {
      case "IngressGateway": ("type", "write 'eastWestOnly: true', or kind Gateway with 'type: EASTWEST'")
      case "Gateway":
        ("eastWestOnly", "write 'type: EASTWEST', or kind IngressGateway with 'eastWestOnly: true'")
      default: nil
      }
    if let foreign, let key = gateway.spec?.key(foreign.key) {
      findings.append(
        Diagnostic(
          TetrateRules.gatewayFields, "\(gateway.kind) of install.tetrate.io has no field '\(foreign.key)'",
          at: key.range, "not a field of \(gateway.kind)", help: [foreign.fix]))
    }
    if gateway.kind != "Gateway" {
      findings.append(
        Self.legacy(gateway.kind, at: gateway.manifest.node["kind"] ?? gateway.manifest.nameNode))
    } else if gateway.type == "EASTWEST", gateway.service == nil {
      findings.append(
        Diagnostic(
          TetrateRules.withoutService, "\(gateway.description) has no kubeSpec.service",
          at: (gateway.spec?["type"] ?? gateway.manifest.nameNode).range, "may get ports 80 and 443 only",
          help: ["add 'kubeSpec: {service: {type: LoadBalancer}}'"]))
    }
    if gateway.isEastWestOnly, let ports = gateway.overriddenPorts {
      if !gateway.opensPort, let list = gateway.service?["ports"] {
        findings.append(
          Diagnostic(
            TetrateRules.gatewayPorts, "\(gateway.description) does not open port \(InstallGateway.port)",
            at: list.range, "the only ports of its Service",
            help: [
              "add {name: mtls, port: \(InstallGateway.port), targetPort: \(InstallGateway.port)}, or remove 'ports'"
            ]))
      }
      for port in ports where port.number != InstallGateway.port {
        findings.append(
          Diagnostic(
            TetrateRules.gatewayPorts, "an east-west gateway listens on port \(InstallGateway.port) alone",
            at: port.node.range, "nothing answers here", help: ["remove the port"]))
      }
    }
    findings += Self.serviceFindings(
      gateway.service, owner: gateway.description, place: gateway.manifest.nameNode)
    return findings
  }

  static func legacy(_ kind: String, at node: Node) -> Diagnostic {
    Diagnostic(
      TetrateRules.legacyGateway, "Tetrate means to remove install.tetrate.io kind \(kind)", at: node.range,
      "works, but is to be deprecated",
      help: ["use kind Gateway, with 'type: EASTWEST' for an east-west gateway"])
  }

  /// The Service of a gateway, in a manifest or in a link.
  static func serviceFindings(_ service: Node?, owner: String, place: Node) -> [Diagnostic] {
    guard let service else { return [] }
    var findings: [Diagnostic] = []
    let annotations = service["annotations"]
    if let type = service["type"], type.text == "NodePort", annotations?[nodeSelector] == nil {
      findings.append(
        Diagnostic(
          TetrateRules.nodePort, "\(owner) is a NodePort Service without '\(nodeSelector)'", at: type.range,
          "XCP does not know the nodes' addresses",
          help: [
            "add the annotation \(nodeSelector): '{\"kubernetes.io/os\":\"linux\"}' with labels of the nodes"
          ]))
    }
    if let selector = annotations?[nodeSelector], !isLabelObject(selector.text) {
      findings.append(
        Diagnostic(
          TetrateRules.nodePort, "'\(nodeSelector)' of \(owner) is no JSON object", at: selector.range,
          "selects no node", help: ["write labels of the nodes as JSON: '{\"kubernetes.io/os\":\"linux\"}'"]))
    }
    if let type = service["type"], type.text == "ClusterIP" { findings.append(inside(owner, at: type)) }
    if let addresses = annotations?[GatewayAddress.annotation] {
      let texts = addresses.text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      if let fault = ExternalAddresses.fault(texts, at: addresses) { findings.append(fault) }
    }
    for (key, value) in annotations?.entries.map({ $0 }) ?? [] where endsConnections(key.text, value.text) {
      findings.append(
        Diagnostic(
          TetrateRules.layerSeven, "the load balancer of \(owner) would end the TLS connections",
          at: key.range, "mutual TLS must pass unopened",
          help: ["let the load balancer pass TCP on, without certificates and HTTP"]))
    }
    return findings
  }

  static func inside(_ owner: String, at node: Node) -> Diagnostic {
    Diagnostic(
      TetrateRules.gatewayInside, "the Service of \(owner) is of type ClusterIP", at: node.range,
      "other clusters reach no cluster IP",
      help: ["use type LoadBalancer, or NodePort where nodes can be reached"])
  }

  /// `{"key":"value"}`, as JSON writes it.
  private static func isLabelObject(_ text: String) -> Bool {
    guard text.drop(while: \.isWhitespace).hasPrefix("{") else { return false }
    let parsed = Tree.parse(text: text, path: "")
    guard !parsed.findings.contains(where: { $0.severity == .error }), let root = parsed.tree.root else {
      return false
    }
    return root.kind == .mapping && root.entries.allSatisfy { $1.kind == .string }
  }

  /// Annotations that turn a cloud's load balancer from TCP to TLS or HTTP.
  private static func endsConnections(_ key: String, _ value: String) -> Bool {
    switch key {
    case "service.beta.kubernetes.io/aws-load-balancer-backend-protocol": value != "tcp"
    case "service.beta.kubernetes.io/aws-load-balancer-ssl-cert": true
    default: false
    }
  }
}
