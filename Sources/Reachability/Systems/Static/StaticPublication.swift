import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Whether what is known of the target's cluster can be behind an address and a port of a static link.
///
/// Most addresses belong to something that is in no repository. Where one is that of the Service's own load balancer, of a
/// node, or of the cluster's inner networks, the manifests say which ports lead on.
struct StaticPublication {
  let crossing: Crossing
  let cluster: JudgedCluster
  /// The port at the address.
  let port: Int
  let isObserved: Bool

  private var key: NamespacedName { crossing.target.service.key }
  private var wanted: ServicePort { crossing.port.port }

  func judge(_ addresses: [Node], _ walk: inout Walk) {
    guard !walk.isOver else { return }
    if isObserved {
      judgeBalancer(addresses, &walk)
      return
    }
    for node in addresses {
      guard !walk.isOver, let address = IPAddress(node.text) else { continue }
      judge(node, address, &walk)
    }
  }

  private var service: Service? { cluster.service(key)?.service }

  private func isWithin(_ networks: [Located<String>], _ address: IPAddress) -> Bool {
    networks.contains { IPNetwork($0.value)?.contains(address) ?? false }
  }

  // MARK: The Service's own load balancer

  /// It has the Service's ports, no others.
  private func judgeBalancer(_ addresses: [Node], _ walk: inout Walk) {
    guard let service, !service.ports.isEmpty else { return }
    let text = "load balancer of Service \(key.description): \(port)"
    let leading = service.ports.filter { $0.number == port && $0.transport == wanted.transport }
    guard let first = leading.first else {
      walk.fail(
        .loadBalancer, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "the load balancer of Service \(key.description) in \(cluster.name) has no port \(port)",
          at: addresses.prefix(1).map { Label($0.range, "its address") }
            + [Label(wanted.node.range, "the Service's port")],
          help: [
            "take port \(wanted.number) out of static.ports: the load balancer has the Service's own ports"
          ],
          because: has(port)))
      return
    }
    guard first.target == wanted.target else {
      walk.fail(
        .loadBalancer, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "port \(port) of the load balancer of Service \(key.description) in \(cluster.name) leads to \(first.target.description), not to \(wanted.target.description)",
          at: [Label(first.node.range), Label(wanted.node.range, "the port of the connection")],
          help: ["take port \(wanted.number) out of static.ports"], because: has(port), wanted: .no))
      return
    }
    if let ports = cluster.observed("v1", "Service", key.namespace, key.name)?.node.at("spec", "ports"),
      ports.count > 0,
      !ports.elements.contains(where: {
        $0["port"]?.integer == port && ($0["protocol"]?.text ?? "TCP") == wanted.transport.rawValue
      })
    {
      walk.depend(
        .loadBalancer, in: cluster.name, at: [Label(ports.range)], text,
        on: [
          Question(
            "whether Service \(key.description) of \(cluster.name) has port \(port) by now: it was observed without",
            at: ports.range, help: "observe \(cluster.name) again")
        ])
    }
    if let asked = service.manifest.node.at("spec", "loadBalancerIP"), IPAddress(asked.text) != nil,
      !addresses.contains(where: { IPAddress($0.text) == IPAddress(asked.text) })
    {
      walk.depend(
        .loadBalancer, in: cluster.name, at: [Label(asked.range)], text,
        on: [
          Question(
            "whether the load balancer of Service \(key.description) in \(cluster.name) keeps its address \(addresses.first?.text ?? ""): the manifest asks for \(asked.text)",
            at: asked.range, help: "apply it, then observe \(cluster.name) again")
        ])
    }
    walk.rely(on: has(port))
    walk.pass(
      .loadBalancer, in: cluster.name, .observed, at: addresses.prefix(1).map { Label($0.range) }, text)
  }

  private func has(_ number: Int) -> Claim {
    .found(
      ObjectQuery(
        "Service", of: "", in: cluster.name, key.namespace, key.name,
        where: [.number(["spec", "ports", "*", "port"], number)]))
  }

  // MARK: Addresses that the link says

  private func judge(_ node: Node, _ address: IPAddress, _ walk: inout Walk) {
    let model = cluster.model.cluster
    if isWithin(model.nodeCIDRs, address) {
      judgeNode(node, &walk)
    } else if isWithin(model.serviceCIDRs, address) || isWithin(model.podCIDRs, address) {
      let what = isWithin(model.serviceCIDRs, address) ? "Services" : "pods"
      walk.depend(
        .loadBalancer, in: cluster.name, at: [Label(node.range)], "\(node.text):\(port)",
        on: [
          Question(
            "whether the network leads to \(node.text), which is among the addresses of \(what) in \(cluster.name), from outside of it",
            help: "use an address that the cluster is reached at from outside")
        ])
    } else if let place = clientNodes(address, walk.clientCluster) {
      walk.depend(
        .loadBalancer, in: cluster.name, at: [Label(node.range)], "\(node.text):\(port)",
        on: [
          Question(
            "whether \(node.text), which is among the addresses of nodes in \(place), leads to \(cluster.name)",
            help: "use an address of \(cluster.name), or correct 'nodeCIDRs' of \(place)")
        ])
    } else {
      judgeOther(node, &walk)
    }
  }

  /// The clients' cluster, where the address is among its nodes, and the target's are somewhere else.
  private func clientNodes(_ address: IPAddress, _ clients: JudgedCluster?) -> String? {
    guard let name = crossing.client.cluster, name != cluster.name, !cluster.model.cluster.nodeCIDRs.isEmpty,
      let own = clients?.model.cluster.nodeCIDRs, isWithin(own, address)
    else { return nil }
    return name
  }

  /// Nodes listen at the node ports of Services, in the range that API servers take by default.
  private func judgeNode(_ node: Node, _ walk: inout Walk) {
    let text = "node \(node.text):\(port)"
    let nodePorts =
      service?.ports.filter { $0.number == wanted.number && $0.transport == wanted.transport }
      .compactMap(\.nodePort) ?? []
    if nodePorts.contains(port) {
      walk.rely(on: listens)
      walk.pass(.loadBalancer, in: cluster.name, .declared, at: [Label(wanted.node.range)], text)
    } else if 30000...32767 ~= port, let known = nodePorts.first {
      walk.fail(
        .loadBalancer, in: cluster.name, text,
        Fault(
          JudgementRules.unpublished,
          "nodes of \(cluster.name) lead to Service \(key.description) at port \(known), not at \(port)",
          at: [
            Label(node.range, "an address of a node"), Label(wanted.node.range, "its node port is \(known)"),
          ],
          help: ["write 'static: {ports: {\"\(wanted.number)\": \(known)}}'"], because: listens))
    } else {
      walk.depend(
        .loadBalancer, in: cluster.name, at: [Label(node.range)], text,
        on: [
          Question(
            "who listens at port \(port) on nodes of \(cluster.name), among which \(node.text) is",
            help: nodePorts.first.map { "the node port of the Service is \($0)" }
              ?? "write the Service's nodePort into its manifest, and use it in static.ports")
        ])
    }
  }

  private var listens: Claim {
    .found(
      ObjectQuery(
        "Service", of: "", in: cluster.name, key.namespace, key.name,
        where: [
          .element(
            ["spec", "ports", "*"], [.number(["port"], wanted.number), .number(["nodePort"], port)])
        ]))
  }

  /// What the Service's manifest says of an address that is none of the cluster's own.
  private func judgeManifest(_ node: Node, _ service: Service, _ walk: inout Walk) {
    let spec = service.manifest.node["spec"]
    let external = spec?["externalIPs"]?.elements.map(\.text) ?? []
    let isOwn = external.contains { IPAddress($0) != nil && IPAddress($0) == IPAddress(node.text) }
    func ask(_ text: String, _ place: Node, _ help: String) {
      walk.depend(
        .loadBalancer, in: cluster.name, at: [Label(node.range), Label(place.range)], "\(node.text):\(port)",
        on: [Question(text, at: place.range, help: help)])
    }
    if let asked = spec?["loadBalancerIP"], service.type == "LoadBalancer", let own = IPAddress(asked.text),
      own != IPAddress(node.text), !isOwn
    {
      ask(
        "whether \(node.text) leads to Service \(key.description) of \(cluster.name), whose manifest asks for the address \(asked.text)",
        asked, "write the address that the Service asks for into the link, or correct the manifest")
    } else if service.type == "LoadBalancer", !isOwn,
      !service.ports.contains(where: { $0.number == port && $0.transport == wanted.transport })
    {
      ask(
        "who listens at port \(port) of \(node.text): the load balancer of Service \(key.description) has \(listed(service.ports.map(\.description)))",
        wanted.node,
        "take port \(wanted.number) out of static.ports, or say in a suppression of this note who does")
    } else if service.type == "ClusterIP", !isOwn, cluster.model.cluster.distribution == .kubernetes {
      ask(
        "what leads from \(node.text) to Service \(key.description) of \(cluster.name): it is of type ClusterIP, and nobody outside its cluster reaches it by itself",
        service.typeNode,
        "set 'type: LoadBalancer', or say in a suppression of this note what stands before it")
    }
  }

  /// Two of a connection's clusters at one address and port.
  private func judgeShared(_ node: Node, _ section: Node?, _ walk: inout Walk) {
    guard !walk.isOver, let section, let address = IPAddress(node.text) else { return }
    for other in crossing.connection.targets.map(\.cluster) where other != cluster.name {
      let mapped =
        crossing.connection.section("static", in: other)?["ports"]?[String(wanted.number)]?.integer
        ?? wanted.number
      let known = section[other].map { $0.kind == .sequence ? $0.elements.map { $0 } : [$0] } ?? []
      guard mapped == port, let same = known.first(where: { IPAddress($0.text) == address }) else { continue }
      walk.depend(
        .loadBalancer, in: cluster.name, at: [Label(node.range), Label(same.range, "also of \(other)")],
        "\(node.text):\(port)",
        on: [
          Question(
            "which of \(cluster.name) and \(other) answers at \(node.text):\(port): the link gives both the address",
            at: node.range, help: "give each cluster the address at which it is reached")
        ])
      return
    }
  }

  /// A load balancer that was observed elsewhere than the link says.
  private func judgeOther(_ node: Node, _ walk: inout Walk) {
    judgeShared(node, crossing.connection.link.link.section["addresses"], &walk)
    if let service { judgeManifest(node, service, &walk) }
    guard let service, service.type == "LoadBalancer",
      let observed = cluster.observed("v1", "Service", key.namespace, key.name)
    else { return }
    let found = observed.node.at("status", "loadBalancer", "ingress")?.elements.compactMap { $0["ip"] } ?? []
    guard let first = found.first, !found.contains(where: { $0.text == node.text }) else { return }
    walk.depend(
      .loadBalancer, in: cluster.name, at: [Label(node.range), Label(first.range, "observed")],
      "\(node.text):\(port)",
      on: [
        Question(
          "whether \(node.text) leads to Service \(key.description) of \(cluster.name), whose load balancer was observed at \(first.text)",
          help: "write the observed address into the link, or 'observed'")
      ])
  }
}
