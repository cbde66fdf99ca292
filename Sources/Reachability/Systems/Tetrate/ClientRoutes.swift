import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// VirtualServices of the client's cluster: where its sidecars send what is meant for the target's host.
///
/// From Istio's reference (networking/virtual-service): routes are tried in their order, the first that matches counts;
/// one without conditions takes everything. Names without dots are completed with the namespace of the VirtualService.
struct ClientRoutes {
  let host: String
  let crossing: Crossing
  let client: JudgedCluster

  func judge(_ walk: inout Walk) {
    guard !walk.isOver else { return }
    for object in client.objects(ofKind: "VirtualService") where isMeant(object) {
      guard !walk.isOver else { return }
      for list in ["http", "tls", "tcp"] as [StaticString] {
        judge(object, list, &walk)
      }
    }
  }

  private func isMeant(_ object: KnownObject) -> Bool {
    guard object.manifest.identity.group == "networking.istio.io" else { return false }
    let spec = object.node["spec"]
    let namespace = object.manifest.namespace ?? "default"
    guard spec?["hosts"]?.elements.contains(where: { matches($0.text, namespace) }) ?? false else {
      return false
    }
    if let gateways = spec?["gateways"], gateways.count > 0,
      !gateways.elements.contains(where: { $0.text == "mesh" })
    {
      return false
    }
    let own = crossing.client.namespace
    guard let exported = spec?["exportTo"], exported.count > 0 else { return true }
    return exported.elements.contains {
      $0.text == "*" || $0.text == own || $0.text == "." && namespace == own
    }
  }

  private func matches(_ text: String, _ namespace: String) -> Bool {
    if text == "*" { return true }
    if text.hasPrefix("*.") { return host.hasSuffix(text.dropFirst()) }
    return isHost(text, namespace)
  }

  private func isHost(_ text: String, _ namespace: String) -> Bool {
    ["", ".cluster.local", ".svc.cluster.local"].contains { text + $0 == host }
      || !text.contains(".") && "\(text).\(namespace).svc.cluster.local" == host
  }

  private func judge(_ object: KnownObject, _ list: StaticString, _ walk: inout Walk) {
    let namespace = object.manifest.namespace ?? "default"
    for route in object.node.at("spec", list)?.elements.map({ $0 }) ?? [] {
      guard !walk.isOver else { return }
      let isConditional = (route["match"]?.count ?? 0) > 0
      if route["redirect"] != nil || route["directResponse"] != nil {
        depend(object, route, "redirects or answers itself", &walk)
      }
      let destinations = (route["route"]?.elements.map { $0 } ?? []).filter {
        $0["weight"]?.integer != 0 || (route["route"]?.count ?? 0) == 1
      }
      let leading = destinations.filter { isHost($0.at("destination", "host")?.text ?? "", namespace) }
      if !destinations.isEmpty, leading.count < destinations.count {
        if leading.isEmpty, !isConditional {
          let texts = destinations.compactMap { $0.at("destination", "host")?.text }
          fail(
            object, route, "sends \(host) to \(listed(texts))", "lead to \(host), or take the route out",
            [
              .not(
                .element(
                  ["spec", list.description, "*"],
                  [
                    .not(.exists(["match"])),
                    .text(["route", "*", "destination", "host"], accepted(namespace)),
                  ]))
            ], &walk)
          return
        }
        depend(object, route, "sends a part of the requests elsewhere", &walk)
      }
      for node in leading.compactMap({ $0.at("destination", "subset") }) where !isDefined(node.text) {
        let text = "names subset \(node.text) of \(host), which no DestinationRule of \(client.name) defines"
        guard isConditional || leading.count > 1 else {
          fail(
            object, node, text, "define the subset, or take it out",
            [.text(["spec", list.description, "*", "route", "*", "destination", "subset"], [node.text])],
            &walk)
          return
        }
        depend(object, node, text, &walk)
      }
      for node in leading.compactMap({ $0.at("destination", "subset") }) {
        guard !walk.isOver, let labels = labels(of: node.text) else { continue }
        judge(subset: node, labels, object, list, isSole: !isConditional && leading.count == 1, &walk)
      }
      if let abort = route.at("fault", "abort") {
        depend(
          object, abort, "aborts \(abort.at("percentage", "value")?.text ?? "some") percent of the requests",
          &walk)
      }
      if !isConditional { return }
    }
  }

  /// Every way to write the host in a VirtualService of a namespace.
  private func accepted(_ namespace: String) -> [String] {
    var texts = [host]
    for suffix in [".svc.cluster.local", ".cluster.local"] where host.hasSuffix(suffix) {
      texts.append(String(host.dropLast(suffix.count)))
    }
    let own = ".\(namespace).svc.cluster.local"
    if host.hasSuffix(own) { texts.append(String(host.dropLast(own.count))) }
    return texts
  }

  /// Endpoints of other clusters must carry the labels of a subset: those of a ServiceEntry say which they have.
  private func judge(
    subset node: Node, _ labels: Labels, _ object: KnownObject, _ list: StaticString, isSole: Bool,
    _ walk: inout Walk
  ) {
    let entries = client.objects(ofKind: "ServiceEntry").filter { entry in
      entry.node.at("spec", "hosts")?.elements.contains { $0.text == host } ?? false
    }
    let endpoints = entries.flatMap { $0.node.at("spec", "endpoints")?.elements.map { $0 } ?? [] }
    let holding = endpoints.filter { endpoint in
      let own = endpoint.labels("labels")
      return labels.items.allSatisfy { own[$0.key] == $0.value }
    }
    guard holding.isEmpty else { return }
    let text = "asks for subset \(node.text) of \(host), \(labels.description)"
    guard !endpoints.isEmpty, isSole else {
      depend(object, node, "\(text), which endpoints of other clusters may not carry", &walk)
      return
    }
    fail(
      object, node, "\(text), and no endpoint of its ServiceEntry carries these labels",
      "give the endpoint the labels, or lead to the host without a subset",
      [.text(["spec", list.description, "*", "route", "*", "destination", "subset"], [node.text])], &walk)
  }

  /// The labels of a subset; nil where no rule defines it, and where it has none.
  private func labels(of subset: String) -> Labels? {
    for rule in client.objects(ofKind: "DestinationRule")
    where matches(rule.node.at("spec", "host")?.text ?? "", rule.manifest.namespace ?? "default") {
      let found = rule.node.at("spec", "subsets")?.elements.first { $0["name"]?.text == subset }
      if let labels = found?.labels("labels"), !labels.isEmpty { return labels }
    }
    return nil
  }

  private func isDefined(_ subset: String) -> Bool {
    client.objects(ofKind: "DestinationRule").contains { rule in
      matches(rule.node.at("spec", "host")?.text ?? "", rule.manifest.namespace ?? "default")
        && rule.node.at("spec", "subsets")?.elements.contains { $0["name"]?.text == subset } ?? false
    }
  }

  private func depend(_ object: KnownObject, _ node: Node, _ text: String, _ walk: inout Walk) {
    walk.depend(
      .address, in: client.name, at: [object.label(at: node)], host,
      on: [
        Question(
          "which requests \(object.manifest.identity.description) of \(client.name) leaves on the way: it \(text)"
        )
      ])
  }

  private func fail(
    _ object: KnownObject, _ node: Node, _ text: String, _ help: String, _ conditions: [ObjectCondition],
    _ walk: inout Walk
  ) {
    walk.fail(
      .address, in: client.name, host,
      Fault(
        JudgementRules.address, "\(object.manifest.identity.description) in \(client.name) \(text)",
        at: [object.label(at: node)], help: [help],
        because: .found(
          ObjectQuery(
            "VirtualService", of: "networking.istio.io", in: client.name, object.manifest.namespace,
            object.name, where: conditions)), wanted: .no))
  }
}

/// ServiceEntries of the client's cluster that say more of the target's host than the gateway: Istio joins the endpoints of
/// all entries of one host.
struct StrayEntries {
  let host: String
  let client: JudgedCluster

  func judge(_ place: EastWestPlace, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    for object in client.objects(ofKind: "ServiceEntry") {
      guard object.manifest.identity.group == "networking.istio.io",
        object.node.at("spec", "hosts")?.elements.contains(where: { $0.text == host }) ?? false
      else { continue }
      let stray = object.node.at("spec", "endpoints")?.elements.compactMap { $0["address"] }.first {
        !place.texts.contains($0.text)
      }
      guard let stray else { continue }
      walk.fail(
        .address, in: client.name, host,
        Fault(
          JudgementRules.address,
          "\(object.manifest.identity.description) in \(client.name) leads \(host) to \(stray.text) as well",
          at: [object.label(at: stray)] + (place.place.map { [$0] } ?? []),
          help: ["take the endpoint out: requests take turns with all endpoints of a host"],
          because: .found(
            ObjectQuery(
              "ServiceEntry", of: "networking.istio.io", in: client.name, object.manifest.namespace,
              object.name,
              where: [.element(["spec", "endpoints", "*"], [.text(["address"], [stray.text])])])),
          wanted: .no))
      return
    }
  }
}
