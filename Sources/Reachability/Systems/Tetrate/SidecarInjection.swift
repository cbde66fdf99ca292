import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Whether pods have a sidecar, and whether a port goes through it: where it does not, nobody speaks Istio's mutual TLS
/// there, by which a gateway with AUTO_PASSTHROUGH chooses the Service.
///
/// From Istio's documentation (setup/additional-setup/sidecar-injection) and its list of annotations: the pod's label
/// `sidecar.istio.io/inject` (or annotation) decides, else the namespace's `istio-injection`, else its `istio.io/rev`.
struct SidecarInjection {
  let cluster: JudgedCluster
  let namespace: String

  /// What keeps pods from speaking mutual TLS at a port.
  private struct Gap {
    let text: String
    let place: Label
    let help: String
    let claim: Claim
  }

  private enum Answer {
    case present
    case absent(Gap)
    case unsaid
    /// No manifest of the namespace is known.
    case unknown
  }

  // MARK: Both ends

  /// The client's pods: without a sidecar they call the gateway by plain text.
  func judgeClients(_ crossing: Crossing, _ walk: inout Walk) {
    let members = ConnectionEnds.clients(
      crossing.client, of: crossing.connection, cluster.workloads(in: namespace))
    let plainText = "calls the gateway without Istio's mutual TLS"
    for case .special(let pods) in members where pods.workload == nil && !walk.isOver {
      fail(.address, JudgementRules.address, injectionOfNamespace, pods.description, plainText, &walk)
    }
    for workload in workloads(members) {
      guard !walk.isOver else { return }
      let port = crossing.port.port.number
      let gap = bypass(
        workload, ["traffic.sidecar.istio.io/excludeOutboundPorts"], including: [], port, "leaves the pods at"
      )
      fail(
        .address, JudgementRules.address,
        (gap ?? uncaptured(workload, crossing)).map(Answer.absent) ?? injection(workload),
        workload.description, plainText, &walk)
      if let deaf = deaf(workload, crossing) {
        fail(
          .name, JudgementRules.name, .absent(deaf), workload.description,
          "does not ask its sidecar for names", &walk)
      }
    }
  }

  /// The target's pods: without a sidecar the application gets the mutual TLS that the gateway passes on unopened.
  func judgeTargets(_ crossing: Crossing, _ walk: inout Walk) {
    guard let slice = walk.targetSlice else { return }
    let unread = "cannot read the mutual TLS that the gateway passes on unopened"
    for pod in walk.targetPods {
      guard !walk.isOver else { return }
      guard let workload = slice.subjects[pod].workload else {
        let pods = slice.subjects[pod].description
        fail(.ingress, JudgementRules.ingress, injectionOfNamespace, pods, unread, &walk)
        continue
      }
      let port = workload.number(of: crossing.port.port.target, .tcp) ?? crossing.port.port.number
      let gap = bypass(
        workload, ["traffic.sidecar.istio.io/excludeInboundPorts"],
        including: ["traffic.sidecar.istio.io/includeInboundPorts"], port, "arrives in the pods at")
      fail(
        .ingress, JudgementRules.ingress, gap.map(Answer.absent) ?? injection(workload),
        workload.description, unread, &walk)
    }
  }

  private func workloads(_ members: [ConnectionEnds.Member]) -> [Workload] {
    let all = cluster.workloads(in: namespace)
    return members.compactMap { member in
      switch member {
      case .workload(let number): all[number]
      case .special(let pods): pods.workload
      }
    }
  }

  private func fail(
    _ hop: Hop.Kind, _ rule: Rule, _ answer: Answer, _ pods: String, _ consequence: String,
    _ walk: inout Walk
  ) {
    switch answer {
    case .present: break
    case .unsaid:
      walk.depend(
        hop, in: cluster.name, "sidecar of \(pods)",
        on: [
          Question(
            "whether pods of namespace \(namespace) in \(cluster.name) get sidecars: neither it nor they have a label that says so",
            isReported: true)
        ])
    case .unknown:
      walk.depend(
        hop, in: cluster.name, "sidecar of \(pods)",
        on: [
          Question(
            "whether pods of namespace \(namespace) in \(cluster.name) get sidecars: no manifest of the namespace is known, and they have no label of their own that says so",
            help:
              "add the Namespace with its label 'istio-injection' or 'istio.io/rev' to the workloads of \(cluster.name), or give the pods the label '\(Self.inject): \"true\"'"
          )
        ])
    case .absent(let gap):
      walk.fail(
        hop, in: cluster.name, "sidecar of \(pods)",
        Fault(
          rule, "\(pods) of \(namespace) in \(cluster.name) \(consequence): \(gap.text)",
          at: [gap.place], help: [gap.help], because: gap.claim, wanted: .no))
    }
  }

  // MARK: Injection

  private static let inject = "sidecar.istio.io/inject"

  private func injection(_ workload: Workload) -> Answer {
    if workload.isHostNetwork {
      return .absent(
        gap(
          workload, "pods in their node's network get no sidecar",
          workload.pod.at("spec", "hostNetwork"), "take 'hostNetwork' out",
          .text(workload.podPath + ["spec", "hostNetwork"], ["true"])))
    }
    for part in ["labels", "annotations"] as [StaticString] {
      guard let value = workload.pod.at("metadata", part)?[Self.inject] else { continue }
      guard value.text == "false" else { return .present }
      return .absent(
        gap(
          workload, "'\(Self.inject): \"false\"' keeps the sidecar away", value, "take it out",
          .text(workload.podPath + ["metadata", part.description, Self.inject], ["false"])))
    }
    return workload.podLabels["istio.io/rev"] == nil ? injectionOfNamespace : .present
  }

  /// What the namespace's labels say of pods that say nothing themselves.
  private var injectionOfNamespace: Answer {
    guard let manifest = cluster.model.declared.namespaces[namespace] else { return .unknown }
    switch manifest.labels["istio-injection"] {
    case "disabled":
      let node = manifest.node.at("metadata", "labels")?["istio-injection"]
      return .absent(
        Gap(
          text: "namespace \(namespace) is labelled 'istio-injection: disabled'",
          place: Label((node ?? manifest.nameNode).range), help: "label it 'istio-injection: enabled'",
          claim: .found(
            ObjectQuery(
              "Namespace", of: "", in: cluster.name, nil, namespace,
              where: [.text(["metadata", "labels", "istio-injection"], ["disabled"])]))))
    case "enabled": return .present
    default: return manifest.labels["istio.io/rev"] == nil ? .unsaid : .present
    }
  }

  // MARK: Ports beside the sidecar

  private func bypass(
    _ workload: Workload, _ excluding: [String], including: [String], _ port: Int, _ verb: String
  ) -> Gap? {
    let annotations = workload.pod.at("metadata", "annotations")
    for (names, isExclusion) in [(excluding, true), (including, false)] {
      for name in names {
        guard let value = annotations?[name] else { continue }
        let ports = value.text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        let isNamed = ports.contains("*") || ports.contains(String(port))
        guard isNamed == isExclusion else { continue }
        return gap(
          workload, "'\(name): \(value.text)' \(verb) port \(port) beside the sidecar", value,
          isExclusion ? "take port \(port) out" : "add port \(port)",
          .text(workload.podPath + ["metadata", "annotations", name], [value.text]))
      }
    }
    return nil
  }

  /// Where clients call to: the address of their own Service, or one that Istio gives a ServiceEntry.
  private func called(_ crossing: Crossing) -> [IPNetwork] {
    let key = crossing.target.service.key
    guard cluster.service(key) == nil else {
      return cluster.model.cluster.serviceCIDRs.compactMap { IPNetwork($0.value) }
    }
    let host = "\(key.name).\(key.namespace).svc.cluster.local"
    let entries = cluster.objects(ofKind: "ServiceEntry").filter { entry in
      entry.node.at("spec", "hosts")?.elements.contains { $0.text == host } ?? false
    }
    let own = entries.flatMap { $0.node.at("spec", "addresses")?.elements.map(\.text) ?? [] }
    let networks = own.compactMap { IPNetwork($0) ?? IPAddress($0).map(IPNetwork.init(only:)) }
    return networks.isEmpty ? [IPNetwork("240.240.0.0/16")].compactMap { $0 } : networks
  }

  /// Annotations that take what is called out of what the sidecar captures.
  private func uncaptured(_ workload: Workload, _ crossing: Crossing) -> Gap? {
    guard let annotations = workload.pod.at("metadata", "annotations") else { return nil }
    let goal = AddressBlock(called(crossing))
    guard !(goal.ipv4.isEmpty && goal.ipv6.isEmpty) else { return nil }
    for (name, isExclusion) in [
      ("traffic.sidecar.istio.io/includeOutboundIPRanges", false),
      ("traffic.sidecar.istio.io/excludeOutboundIPRanges", true),
    ] {
      guard let value = annotations[name], value.text != "*" else { continue }
      let block = AddressBlock(
        value.text.split(separator: ",").compactMap { IPNetwork($0.filter { !$0.isWhitespace }) })
      let isBeside = isExclusion ? block.isSuperset(of: goal) : !block.overlaps(goal)
      guard isBeside else { continue }
      return gap(
        workload,
        "'\(name): \(value.text)' takes the address that is called out of what the sidecar captures",
        value, "take the annotation out",
        .text(workload.podPath + ["metadata", "annotations", name], [value.text]))
    }
    return nil
  }

  /// An annotation by which the sidecar answers no DNS, on which a name hangs that only a ServiceEntry has.
  private func deaf(_ workload: Workload, _ crossing: Crossing) -> Gap? {
    let name = "proxy.istio.io/config"
    guard let value = workload.pod.at("metadata", "annotations")?[name],
      cluster.service(crossing.target.service.key) == nil
    else { return nil }
    let config = Tree.parse(SourceFile(path: "", bytes: Array(value.text.utf8))).tree.root
    guard config?.at("proxyMetadata", "ISTIO_META_DNS_CAPTURE")?.text == "false" else { return nil }
    return gap(
      workload, "ISTIO_META_DNS_CAPTURE is \"false\" in '\(name)', and no other DNS knows the host", value,
      "take it out", .text(workload.podPath + ["metadata", "annotations", name], [value.text]))
  }

  private func gap(
    _ workload: Workload, _ text: String, _ node: Node?, _ help: String, _ condition: ObjectCondition
  ) -> Gap {
    Gap(
      text: text, place: Label((node ?? workload.manifest.nameNode).range), help: help,
      claim: .found(
        ObjectQuery(
          workload.kind, of: workload.manifest.identity.group, in: cluster.name, workload.key.namespace,
          workload.key.name, where: [condition])))
  }
}
