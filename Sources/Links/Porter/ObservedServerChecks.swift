import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What observations say of a claim and its virtual servers that cannot be so, or has gone wrong.
struct ObservedServerChecks {
  let unit: PorterService
  let claim: String

  private var namespace: String { unit.service.namespace }

  /// The operator says of a claim whether its last round succeeded (ansible-operator, manageStatus).
  func failures() -> [Diagnostic] {
    let identity = ObjectIdentity(
      apiVersion: "porter.devops.gov.bc.ca/v1alpha1", kind: "TransportServerClaim", namespace: namespace,
      name: claim)
    let conditions = unit.primary.observed.objects[identity]?.node.at("status", "conditions")
    return (conditions?.elements.map { $0 } ?? []).filter {
      $0["type"]?.text == "Failure" && $0["status"]?.text.lowercased() == "true"
    }.prefix(1).map { condition in
      Diagnostic(
        PorterRules.claimFailed, "the operator could not serve claim '\(claim)'", at: condition.range,
        "observed in \(unit.primary.name)", also: [Label(unit.subject.range, "this connection waits for it")],
        help: [
          "'oc --context \(unit.primary.name) -n \(namespace) describe tsc \(claim)' says why; observe the cluster again once it is served"
        ])
    }
  }

  /// A claim and its virtual server in the primary have one port (the operator writes both from one draw).
  func differingPorts() -> [Diagnostic] {
    func observed(_ apiVersion: String, _ kind: String) -> Manifest? {
      unit.primary.observed.objects[
        ObjectIdentity(apiVersion: apiVersion, kind: kind, namespace: namespace, name: claim)]
    }
    guard
      let said = observed("porter.devops.gov.bc.ca/v1alpha1", "TransportServerClaim")?.node.at(
        "status", "port"),
      let number = Int(said.text),
      let found = observed("cis.f5.com/v1", "TransportServer")?.node.at("spec", "virtualServerPort"),
      let other = Int(found.text), other != number
    else { return [] }
    return [
      Diagnostic(
        PorterRules.portsDiffer,
        "claim '\(claim)' has port \(number), and its TransportServer in \(unit.primary.name) has \(other)",
        at: found.range, "observed", also: [Label(said.range, "observed as well")],
        help: [
          "one of the two observations is old: observe \(unit.primary.name) again, with 'tscs,ts' in one command"
        ])
    ]
  }

  /// Two virtual servers have no address and port in common: a load balancer takes each pair once.
  func sharedAddresses(_ servers: [String: VirtualServer]) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    if let secondary = unit.secondary, let first = servers[unit.primary.name],
      let other = servers[secondary.name],
      let address = first.address, address == other.address, let place = other.addressNode
    {
      findings.append(
        Diagnostic(
          PorterRules.sharedAddress,
          "\(unit.primary.name) and \(secondary.name) have one address, \(address), for '\(claim)'",
          at: place.range, "the address of \(secondary.name)",
          also: first.addressNode.map { [Label($0.range, "the address of \(unit.primary.name)")] } ?? [],
          help: ["each cluster's load balancer has an address of its own: observe both clusters again"]))
    }
    for cluster in unit.sides {
      for (own, twin) in unit.claims.twins(of: claim, namespace, in: cluster.name) {
        findings.append(
          Diagnostic(
            PorterRules.sharedServer,
            "TransportServers '\(claim)' and '\(twin.name)' of \(cluster.name) have one address and port",
            at: (own.node.at("spec", "virtualServerPort") ?? own.nameNode).range, "observed",
            also: [
              Label((twin.node.at("spec", "virtualServerPort") ?? twin.nameNode).range, "observed as well")
            ],
            help: [
              "the load balancer serves the first only: one of them is old or failed; observe \(cluster.name) again"
            ]))
      }
    }
    return findings
  }
}
