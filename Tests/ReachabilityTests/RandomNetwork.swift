import Kubernetes
import Reachability
import TestSupport
import YAMLTree

extension Labels {
  /// Labels out of pairs; a later pair replaces an earlier one with its key.
  init(pairs: [(String, String)]) {
    let text = Dictionary(pairs) { $1 }.map { "\($0.key): \"\($0.value)\"" }.joined(separator: ", ")
    self.init(Tree.parse(text: "{\(text)}", path: "labels").tree.root)
  }
}

extension ClusterNetwork {
  /// Adds policies out of YAML; documents of namespaces that the network lacks are left out.
  mutating func add(_ yaml: String) {
    for document in Tree.parse(text: yaml, path: "policies.yaml").tree.documents {
      Manifest.all(in: document) { manifest in
        let isClusterwide = PolicyKind(manifest)?.isClusterwide(manifest) ?? false
        let own = namespaces.firstIndex(where: { $0.name == manifest.namespace && !$0.isRemote })
        guard let namespace = isClusterwide ? ClusterNetwork.clusterScope : own else { return }
        policies.append(manifest)
        policyNamespaces.append(namespace)
      }
    }
  }
}

/// Small clusters that use every feature, out of a seed.
struct RandomNetwork {
  private var random: SeededGenerator
  static let ports: [UInt16] = [1, 79, 80, 81, 82, 443, 8080, 8081, 65535]
  static let addresses = [
    "10.0.0.1", "10.0.0.9", "10.0.1.1", "10.1.0.1", "10.9.0.1", "192.168.1.5", "192.168.1.200", "8.8.8.8",
    "0.0.0.0",
    "255.255.255.255", "fd00::1", "fd00::ff", "fd01::1", "2001:db8::7",
  ]

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  mutating func pick<T>(_ values: [T]) -> T {
    values[Int.random(in: 0..<values.count, using: &random)]
  }
  mutating func some(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  private mutating func ternary() -> Ternary { pick([.no, .depends, .yes]) }

  mutating func profile() -> NetworkProfile {
    if chance(50) { return pick(NetworkProfile.all) }
    var profile = NetworkProfile.kubernetes
    profile.ipBlockMatchesPods = ternary()
    profile.ipBlockMatchesNodes = ternary()
    profile.networksMatchPods = ternary()
    profile.hostNetworkIsPod = ternary()
    profile.namespaceSelectorIncludesHostNetwork = ternary()
    profile.emptyPodSelectorIncludesHostNetwork = ternary()
    profile.selectorsCrossClusters = ternary()
    profile.enforcesEgress = ternary()
    profile.enforcesExcept = ternary()
    profile.assumesNoOtherLabels = chance(30)
    profile.enforcesCiliumPolicies = ternary()
    profile.enforcesAdminPolicies = ternary()
    profile.servicesSelectPods = ternary()
    profile.isolatesPrimaryNetworks = ternary()
    return profile
  }

  /// A cluster without policies.
  mutating func network() -> ClusterNetwork {
    var network = ClusterNetwork(profile: profile())
    for name in ["a", "b", "c", "d"].prefix(some(1...4)) {
      network.namespaces.append(
        NamespaceFacts(name: name, labels: labels(["team", "env"]), knowsLabels: chance(75)))
    }
    if chance(25) {
      network.namespaces.append(
        NamespaceFacts(
          name: "a", labels: labels(["team"]), isRemote: true, cluster: chance(60) ? "far" : nil))
    }
    if chance(60) { network.clusterName = "near" }
    if chance(15) { network.unlistedNamespaces = 0..<some(1...network.namespaces.count) }
    if chance(30) { network.admitsLocalNode = true }
    if chance(15) {
      for index in network.namespaces.indices where chance(60) && !network.namespaces[index].isRemote {
        network.namespaces[index].primaryNetwork = pick(["blue", "green"])
      }
    }
    network.services = (0..<some(0...4)).map { number in
      ServiceFacts(
        key: NamespacedName(pick(["a", "b", "c"]), pick(["s", "t", "u\(number)"])), labels: labels(["team"]),
        selector: chance(75) ? labels(chance(20) ? ["app", "x.y/z"] : ["app", "role"]) : nil,
        addresses: chance(60)
          ? [pick(["8.8.8.8", "10.0.0.9", "192.168.1.5", "fd00::1"])].compactMap { IPAddress($0) } : nil)
    }
    network.addressGroups = ["g", "h"].filter { _ in chance(50) }.compactMap { name in
      let ranges = pick(["[8.8.8.0/24, 10.0.0.0/8]", "[192.168.1.5]", "[\"fd00::/8\", 10.1.0.0/16]"])
      let text =
        "apiVersion: cilium.io/v2alpha1\nkind: CiliumCIDRGroup\nmetadata: {name: \(name), labels: {team: \(pick(["x", "y"]))}}\nspec: {externalCIDRs: \(ranges)}"
      return Tree.parse(text: text, path: "group").tree.root.flatMap { Manifest($0) }.flatMap {
        AddressGroup($0)
      }
    }
    if chance(30) { network.apiServerNetworks = [IPNetwork("8.8.8.8/32")].compactMap { $0 } }
    if chance(40) {
      network.podNetworks = [pick(["10.0.0.0/16", "10.0.0.0/8", "fd00::/64"])].compactMap { IPNetwork($0) }
    }
    if chance(40) { network.nodeNetworks = ["192.168.1.0/24", "fd01::/64"].compactMap { IPNetwork($0) } }
    for index in 0..<some(2...8) {
      var addresses: [IPAddress] = []
      if chance(40) { addresses.append(contentsOf: [IPAddress(pick(Self.addresses))].compactMap { $0 }) }
      if chance(10) { addresses.append(contentsOf: [IPAddress("fd00::\(index)")].compactMap { $0 }) }
      var runtime: [RuntimeLabel] = []
      if chance(20) {
        runtime.append(
          RuntimeLabel(key: pick(["role", "app"]), values: chance(70) ? [pick(["x", "y"])] : nil))
      }
      network.pods.append(
        PodFacts(
          namespace: some(0...network.namespaces.count - 1), name: "p\(index)",
          kind: pick(["Pod", "Deployment"]),
          labels: labels(["app", "role"]), runtimeLabels: runtime, namedPorts: namedPorts(),
          isHostNetwork: chance(15),
          addresses: addresses, serviceAccount: chance(70) ? pick(["x", "y"]) : nil))
    }
    return network
  }

  private mutating func namedPorts() -> [NamedPort] {
    (0..<some(0...3)).map { _ in
      NamedPort(
        name: pick(["web", "dns"]), number: pick([80, 81, 8080]), transport: pick([.tcp, .udp, .sctp]))
    }
  }

  private mutating func labels(_ keys: [String]) -> Labels {
    Labels(pairs: keys.filter { _ in chance(70) }.map { ($0, pick(["x", "y", "z"])) })
  }

  mutating func policies(_ range: ClosedRange<Int>) -> String {
    (0..<some(range)).map { policy($0) }.joined(separator: "---\n")
  }

  /// Policies of every kind, mixed.
  mutating func mixedPolicies(_ range: ClosedRange<Int>) -> String {
    (0..<some(range)).map { index in
      switch some(0...9) {
      case 0...2: policy(index)
      case 3...6: ciliumPolicy(index)
      case 7...8: adminPolicy(index)
      default: opaquePolicy(index)
      }
    }.joined(separator: "---\n")
  }

  mutating func policy(_ index: Int) -> String {
    var spec: [String] = []
    if chance(90) { spec.append("podSelector: \(selector(["app", "role"]))") }
    if chance(60) {
      spec.append("policyTypes: \(pick(["[Ingress]", "[Egress]", "[Ingress, Egress]", "[]", "null"]))")
    }
    if chance(70) { spec.append("ingress: \(rules("from"))") }
    if chance(60) { spec.append("egress: \(rules("to"))") }
    return """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: n\(index), namespace: \(pick(["a", "a", "b", "c"]))}
      spec: {\(spec.joined(separator: ", "))}

      """
  }

  private mutating func rules(_ peers: String) -> String {
    let rules = (0..<some(0...2)).map { _ in
      var parts: [String] = []
      if chance(80) {
        parts.append("\(peers): [\((0..<some(0...2)).map { _ in peer() }.joined(separator: ", "))]")
      }
      if chance(60) {
        parts.append("ports: [\((0..<some(0...2)).map { _ in port() }.joined(separator: ", "))]")
      }
      return "{\(parts.joined(separator: ", "))}"
    }
    return "[\(rules.joined(separator: ", "))]"
  }

  private mutating func peer() -> String {
    if chance(30) {
      let (cidr, excepts) = pick([
        ("0.0.0.0/0", ["10.0.0.0/16", "192.168.1.128/25", "0.0.0.0/1"]),
        ("10.0.0.0/16", ["10.0.0.0/24", "10.0.1.1/32"]),
        ("10.0.0.77/8", ["10.0.0.0/9", "10.128.0.0/9"]), ("192.168.1.0/24", ["192.168.1.128/25"]),
        ("8.8.8.8/32", []),
        ("::/0", ["fd00::/8"]), ("fd00::/64", ["fd00::1/128"]),
      ])
      let kept = excepts.filter { _ in chance(40) }
      return
        "{ipBlock: {cidr: \"\(cidr)\"\(kept.isEmpty ? "" : ", except: [\(kept.map { "\"\($0)\"" }.joined(separator: ", "))]")}}"
    }
    switch some(0...2) {
    case 0:
      let keys = chance(20) ? ["app", "io.cilium.k8s.policy.cluster"] : ["app", "role"]
      return "{podSelector: \(selector(keys))}"
    case 1: return "{namespaceSelector: \(namespaceSelector())}"
    default: return "{namespaceSelector: \(namespaceSelector()), podSelector: \(selector(["app", "role"]))}"
    }
  }

  private mutating func namespaceSelector() -> String {
    selector(["team", "env", "kubernetes.io/metadata.name"])
  }

  mutating func selector(_ keys: [String]) -> String {
    if chance(25) { return "{}" }
    let key = pick(keys)
    let values =
      key.contains("metadata.name") || key.contains("pod.namespace")
      ? ["a", "b", "c"] : key.contains("cluster") ? ["near", "far", "x"] : ["x", "y", "z", ""]
    var parts: [String] = []
    if chance(50) { parts.append("matchLabels: {\(key): \"\(pick(values))\"}") }
    if chance(50) {
      let operation = pick(["In", "NotIn", "Exists", "DoesNotExist"])
      let list = operation.hasSuffix("In") ? ", values: [\"\(pick(values))\", \"\(pick(values))\"]" : ""
      parts.append("matchExpressions: [{key: \(pick(keys)), operator: \(operation)\(list)}]")
    }
    return "{\(parts.joined(separator: ", "))}"
  }

  private mutating func port() -> String {
    var parts: [String] = []
    if chance(60) { parts.append("protocol: \(pick(["TCP", "UDP", "SCTP"]))") }
    switch some(0...3) {
    case 0: parts.append("port: \(pick([80, 81, 443]))")
    case 1: parts.append("port: \(pick([79, 80, 8080])), endPort: \(pick([8080, 8081, 65535]))")
    case 2: parts.append("port: \(pick(["web", "dns"]))")
    default: break
    }
    return "{\(parts.joined(separator: ", "))}"
  }
}
