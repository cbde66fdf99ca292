/// Policies of Cilium, of administrators, and of kinds that nobody evaluates, out of a seed.
extension RandomNetwork {
  mutating func ciliumPolicy(_ index: Int) -> String {
    let isClusterwide = chance(30)
    let name =
      isClusterwide
      ? "kind: CiliumClusterwideNetworkPolicy\nmetadata: {name: c\(index)}"
      : "kind: CiliumNetworkPolicy\nmetadata: {name: c\(index), namespace: \(pick(["a", "a", "b", "c"]))}"
    let body =
      chance(90)
      ? "spec: \(ciliumSpec(isClusterwide))"
      : "specs: [\(ciliumSpec(isClusterwide)), \(ciliumSpec(isClusterwide))]"
    return "apiVersion: cilium.io/v2\n\(name)\n\(body)\n"
  }

  private mutating func ciliumSpec(_ isClusterwide: Bool) -> String {
    var parts: [String] = []
    if isClusterwide, chance(10) {
      parts.append("nodeSelector: {}")
    } else {
      parts.append("endpointSelector: \(ciliumSelector())")
    }
    for (list, prefix) in [
      ("ingress", "from"), ("egress", "to"), ("ingressDeny", "from"), ("egressDeny", "to"),
    ] where chance(list.hasSuffix("Deny") ? 25 : 50) {
      let rules = (0..<some(0...2)).map { _ in ciliumRule(prefix, isDeny: list.hasSuffix("Deny")) }
      parts.append("\(list): [\(rules.joined(separator: ", "))]")
    }
    if chance(20) {
      parts.append(
        "enableDefaultDeny: {ingress: \(pick(["true", "false"])), egress: \(pick(["true", "false"]))}")
    }
    return "{\(parts.joined(separator: ", "))}"
  }

  private mutating func ciliumSelector() -> String {
    selector([
      "app", "k8s:role", "any:app", "io.kubernetes.pod.namespace", "k8s:io.kubernetes.pod.namespace",
      "io.cilium.k8s.policy.cluster", "io.cilium.k8s.namespace.labels.team",
      "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name",
      "io.cilium.k8s.policy.serviceaccount", pick(["reserved:host", "cidr:10.0.0.0/8", "app"]),
    ])
  }

  private mutating func ciliumRule(_ prefix: String, isDeny: Bool) -> String {
    var parts: [String] = []
    switch some(0...9) {
    case 0: break
    case 1...3:
      parts.append(
        "\(prefix)Endpoints: [\((0..<some(0...2)).map { _ in ciliumSelector() }.joined(separator: ", "))]")
    case 4:
      parts.append(
        "\(prefix)CIDR: [\(pick(["10.0.0.0/16", "8.8.8.8", "192.168.1.0/24", "\"::/0\"", "10.0.0.9/8"]))]")
    case 5:
      parts.append(
        "\(prefix)CIDRSet: [\(pick(["{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}", "{cidr: fd00::/8}", "{cidrGroupRef: g}", "{cidr: 192.168.1.0/24}", "{cidrGroupRef: h, except: [10.0.0.0/16]}", "{cidrGroupSelector: {matchLabels: {team: x}}}", "{cidr: 192.168.1.0/25}"]))]"
      )
    case 6...7:
      let names = [
        "all", "world", "world-ipv4", "world-ipv6", "host", "remote-node", "cluster", "cluster-mesh",
        "kube-apiserver", "ingress", "health", "init", "unmanaged", "none",
      ]
      parts.append(
        chance(20)
          ? "\(prefix)Entities: [host, remote-node]"
          : "\(prefix)Entities: [\((0..<some(0...2)).map { _ in pick(names) }.joined(separator: ", "))]")
    case 8 where chance(60):
      let items = (0..<some(1...2)).map { _ in
        pick([
          "{k8sService: {serviceName: s, namespace: a}}", "{k8sService: {serviceName: t, namespace: b}}",
          "{k8sService: {serviceName: s}}", "{k8sService: {serviceName: u1, namespace: c}}",
          "{k8sServiceSelector: {selector: {matchLabels: {team: x}}, namespace: a}}",
          "{k8sServiceSelector: {selector: {matchExpressions: [{key: team, operator: Exists}]}}}",
        ])
      }
      parts.append("\(prefix)Services: [\(items.joined(separator: ", "))]")
    case 8: parts.append("\(prefix)\(pick(["Nodes", "Groups", "FQDNs", "Services"])): [{}]")
    default: if chance(20) { parts.append("\(prefix)Requires: [{matchLabels: {app: x}}]") }
    }
    if chance(50) {
      let entries = (0..<some(1...2)).map { _ in ciliumPorts(isDeny) }
      parts.append("toPorts: [\(entries.joined(separator: ", "))]")
    } else if chance(10) {
      parts.append("icmps: [{fields: [{type: 8}]}]")
    }
    if chance(5) { parts.append("authentication: {mode: required}") }
    return "{\(parts.joined(separator: ", "))}"
  }

  private mutating func ciliumPorts(_ isDeny: Bool) -> String {
    let ports = (0..<some(0...2)).map { _ in
      let port = pick(["80", "81", "443", "0", "web", "DNS", "79"])
      let transport = pick(["", ", protocol: TCP", ", protocol: UDP", ", protocol: ANY", ", protocol: SCTP"])
      return "{port: \"\(port)\"\(transport)\(chance(20) ? ", endPort: 8080" : "")}"
    }
    let rules =
      !isDeny && chance(25)
      ? ", rules: \(pick(["{http: [{method: GET}]}", "{dns: [{matchPattern: \"*\"}]}", "{dns: [{matchName: a.example}]}", "{dns: [{matchPattern: \"*.example\"}, {matchPattern: \"*\"}]}"]))"
      : ""
    return "{ports: [\(ports.joined(separator: ", "))]\(rules)}"
  }

  mutating func adminPolicy(_ index: Int) -> String {
    let kind = pick([
      "AdminNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy",
    ])
    let isNew = kind == "ClusterNetworkPolicy"
    var parts = ["priority: \(some(0...2))", "subject: \(adminPeer(false))"]
    if isNew { parts.append("tier: \(pick(["Admin", "Baseline"]))") }
    for (list, peers) in [("ingress", "from"), ("egress", "to")] where chance(60) {
      let rules = (0..<some(0...3)).map { _ in
        let peer =
          "\(peers): [\((0..<some(1...2)).map { _ in adminPeer(list == "egress") }.joined(separator: ", "))]"
        let action = pick([isNew ? "Accept" : "Allow", "Deny", "Pass"])
        return "{action: \(action), \(peer)\(chance(50) ? adminPorts(isNew) : "")}"
      }
      parts.append("\(list): [\(rules.joined(separator: ", "))]")
    }
    return """
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: \(kind)
      metadata: {name: p\(index)}
      spec: {\(parts.joined(separator: ", "))}

      """
  }

  private mutating func adminPeer(_ isEgress: Bool) -> String {
    if isEgress, chance(30) {
      return pick([
        "{networks: [10.0.0.0/16, 8.8.8.8/32]}", "{networks: [0.0.0.0/1, 128.0.0.0/1]}", "{nodes: {}}",
        "{domainNames: [a.example]}",
      ])
    }
    if chance(5) { return "{future: {}}" }
    let namespaces = selector(["team", "env", "kubernetes.io/metadata.name"])
    return chance(50)
      ? "{namespaces: \(namespaces)}"
      : "{pods: {namespaceSelector: \(namespaces), podSelector: \(selector(["app", "role"]))}}"
  }

  private mutating func adminPorts(_ isNew: Bool) -> String {
    isNew
      ? ", protocols: [\(pick(["{tcp: {destinationPort: {number: 80}}}", "{udp: {destinationPort: {range: {start: 79, end: 8080}}}}", "{sctp: {}}", "{destinationNamedPort: web}"]))]"
      : ", ports: [\(pick(["{portNumber: {port: 80, protocol: TCP}}", "{portRange: {start: 79, end: 8080, protocol: UDP}}", "{namedPort: web}", "{portNumber: {port: 443}}"]))]"
  }

  mutating func opaquePolicy(_ index: Int) -> String {
    let (version, kind, isClusterwide) = pick([
      ("projectcalico.org/v3", "NetworkPolicy", false), ("projectcalico.org/v3", "GlobalNetworkPolicy", true),
      ("k8s.ovn.org/v1", "EgressFirewall", false),
    ])
    let namespace = isClusterwide ? "" : ", namespace: \(pick(["a", "b"]))"
    return "apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: o\(index)\(namespace)}\nspec: {}\n"
  }
}
