import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Whom a client's pods ask for names: their cluster's DNS, or somebody who does not know the cluster's Services.
extension Walk {
  /// True where all of the client's pods ask the cluster's DNS; else the walk is over, or hangs on it.
  mutating func asksCluster(_ slice: NamespaceSlice, _ name: String) -> Bool {
    for pod in clientPods {
      guard let workload = slice.subjects[pod].workload else { continue }
      // Nearly all pods say nothing of it, and nothing need be made for them.
      let spec = workload.pod["spec"]
      if let aliases = spec?["hostAliases"], !knows(aliases, name, workload, slice) { return false }
      if !isTracing, !workload.isHostNetwork, spec?["dnsPolicy"] == nil { continue }
      let dns = PodDNS(workload, in: slice.cluster)
      switch dns.asksCluster {
      case .yes: if let claim = dns.claim { rely(on: claim, isNot: true) }
      case .depends:
        depend(
          .name, in: slice.cluster.name, "DNS \(name)",
          on: [
            Question(
              "whether the nameservers of \(workload.description) in \(slice.cluster.name) are the cluster's own",
              at: dns.place, help: "write the cluster's spec.network.serviceCIDRs, or leave dnsPolicy out")
          ])
        return true
      case .no:
        fail(
          .name, in: slice.cluster.name, name,
          Fault(
            JudgementRules.name,
            "\(workload.description) of \(slice.namespace) in \(slice.cluster.name) does not ask the cluster's DNS: \(dns.reason)",
            at: dns.place.map { [Label($0)] } ?? [], help: [dns.help], because: dns.claim, wanted: .no))
        return false
      }
    }
    return true
  }

  /// Pods look into their own table of hosts before they ask anybody (Kubernetes, "Adding entries to Pod /etc/hosts with
  /// HostAliases"). False where the name stands there, and the walk is over.
  private mutating func knows(
    _ aliases: Node, _ name: String, _ workload: Workload, _ slice: NamespaceSlice
  ) -> Bool {
    let host = Self.parts(of: name).host
    let forms = names(for: host)
    let claim = Claim.found(
      ObjectQuery(
        workload.kind, of: workload.manifest.identity.group, in: slice.cluster.name, slice.namespace,
        workload.key.name,
        where: [.text(workload.podPath + ["spec", "hostAliases", "*", "hostnames", "*"], forms)]))
    for alias in aliases.elements {
      guard let node = alias["hostnames"]?.elements.first(where: { forms.contains($0.text) }) else {
        continue
      }
      let address = alias["ip"]?.text ?? "nowhere"
      fail(
        .name, in: slice.cluster.name, name,
        Fault(
          JudgementRules.name,
          "hostAliases of \(workload.description) of \(slice.namespace) in \(slice.cluster.name) lead \(node.text) to \(address), whatever DNS answers",
          at: [Label(node.range)], help: ["take the alias out"], because: claim, wanted: .no))
      return false
    }
    rely(on: claim, isNot: true)
    return true
  }
}

/// A pod's DNS, as Kubernetes' documentation has it ("Pod's DNS Policy"): without a policy pods ask the cluster, pods in
/// their node's network whom the node asks.
struct PodDNS {
  let asksCluster: Ternary
  let reason: String
  let help: String
  let place: SourceRange?
  private let workload: Workload
  private let cluster: String
  private let conditions: [ObjectCondition]

  init(_ workload: Workload, in cluster: JudgedCluster) {
    self.workload = workload
    self.cluster = cluster.name
    let spec = workload.podPath + ["spec"]
    let policy = workload.pod.at("spec", "dnsPolicy")
    let text = policy?.text ?? "ClusterFirst"
    let network = workload.pod.at("spec", "hostNetwork")
    let servers = workload.pod.at("spec", "dnsConfig", "nameservers")
    switch text {
    case "Default":
      asksCluster = .no
      reason = "with 'dnsPolicy: Default' it asks whom its node asks"
      help = "set 'dnsPolicy: ClusterFirst'"
      place = policy?.range
      conditions = [.text(spec + ["dnsPolicy"], ["Default"])]
    case "None":
      let networks = cluster.model.cluster.serviceCIDRs.compactMap { IPNetwork($0.value) }
      let addresses = servers?.elements.compactMap { IPAddress($0.text) } ?? []
      let isInside = addresses.contains { address in networks.contains { $0.contains(address) } }
      asksCluster = isInside ? .yes : networks.isEmpty && !addresses.isEmpty ? .depends : .no
      reason = "with 'dnsPolicy: None' it asks \(listed(addresses.map(\.text), none: "nobody"))"
      help = "set 'dnsPolicy: ClusterFirst'"
      place = (servers ?? policy)?.range
      conditions = isInside ? [] : [.text(spec + ["dnsPolicy"], ["None"])]
    case "ClusterFirst" where workload.isHostNetwork:
      asksCluster = .no
      reason = "in its node's network 'ClusterFirst' means what the node asks"
      help = "set 'dnsPolicy: ClusterFirstWithHostNet'"
      place = (policy ?? network)?.range
      conditions = [
        .text(spec + ["hostNetwork"], ["true"]),
        .text(spec + ["dnsPolicy"], ["ClusterFirst"], default: "ClusterFirst"),
      ]
    default:
      asksCluster = .yes
      (reason, help, place) = ("", "", nil)
      conditions = [
        .either([
          .text(spec + ["dnsPolicy"], ["Default", "None"]),
          .all([
            .text(spec + ["hostNetwork"], ["true"]),
            .text(spec + ["dnsPolicy"], ["ClusterFirst"], default: "ClusterFirst"),
          ]),
        ])
      ]
    }
  }

  /// That the pods ask somebody else.
  var claim: Claim? {
    guard !conditions.isEmpty else { return nil }
    return .found(
      ObjectQuery(
        workload.kind, of: workload.manifest.identity.group, in: cluster, workload.key.namespace,
        workload.key.name, where: conditions))
  }
}
