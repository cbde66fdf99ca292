import Diagnostics
import FleetSpec
package import Kubernetes
import Linker
import YAMLTree

/// The target's end of a walk: the Service, the port of its pods, their policies, the pods.
extension Walk {
  var targetSlice: NamespaceSlice? {
    judge.slices[
      NamespaceSlice.Key(cluster: target.cluster, namespace: target.service.key.namespace)]
  }

  /// The target's pods, by their numbers in the slice.
  var targetPods: [Int] { judge.pods(ofTargetOf: crossing, in: targetSlice) }

  /// The last four hops: the Service, the pods' port, their policies, the pods. `sender` is whom the policies see.
  ///
  /// - Parameters:
  ///   - fault: what is wrong with the Service for this carrier; nil where nothing is.
  ///   - admission: what else admits the sender beside the pods' network policies: a carrier's own.
  package mutating func enter(
    unless fault: ((Service) -> Fault?)? = nil, admittedBy admission: ((inout Walk) -> Void)? = nil
  ) {
    guard let slice = targetSlice, !isOver else { return }
    let cluster = slice.cluster
    let service = target.service
    let known = service.isInline ? nil : cluster.service(service.key)
    let query = { (conditions: [ObjectCondition]) in
      ObjectQuery(
        "Service", of: "", in: cluster.name, service.key.namespace, service.key.name, where: conditions)
    }
    guard service.isInline || known != nil else {
      fail(
        .service, in: cluster.name, crossing.serviceName,
        Fault(
          JudgementRules.service, "there is no Service \(service.key.description) in \(cluster.name)",
          help: ["add its manifest under the workloads of \(cluster.name)"], because: .found(query([]))))
      return
    }
    if let manifest = known?.object.manifest, manifest.apiVersion != "v1" {
      depend(
        .service, in: cluster.name, at: [Label(manifest.nameNode.range)], crossing.serviceName,
        on: [
          Question(
            "whether an API server of \(cluster.name) takes a Service of apiVersion \(manifest.apiVersion)",
            isReported: true)
        ])
      return
    }
    let now = known?.service ?? service
    guard let port = now.ports.first(where: { $0.number == port.number && $0.transport == port.transport })
    else {
      fail(
        .service, in: cluster.name, crossing.serviceName,
        Fault(
          JudgementRules.service,
          "Service \(service.key.description) in \(cluster.name) has no port \(port.number)/\(port.transport.rawValue)",
          at: [Label(now.manifest.nameNode.range, "its manifest")],
          help: ["add the port, or connect to one that it has"],
          because: .found(
            query([
              .element(
                ["spec", "ports", "*"],
                [
                  .number(["port"], port.number),
                  .text(["protocol"], [port.transport.rawValue], default: "TCP"),
                ])
            ]))))
      return
    }
    let aliased = { Claim.found(query([.not(.text(["spec", "type"], ["ExternalName"]))])) }
    guard now.type != "ExternalName" else {
      fail(
        .service, in: cluster.name, crossing.serviceName,
        Fault(
          JudgementRules.service,
          "Service \(service.key.description) of \(cluster.name) is of type ExternalName: it is an alias, without address and pods",
          at: [Label(now.typeNode.range)], help: ["connect to the Service that has the pods"],
          because: aliased()))
      return
    }
    if !service.isInline { rely(on: aliased()) }
    if let fault = now.familyFault(in: cluster) ?? fault?(now) {
      self.fail(.service, in: cluster.name, crossing.serviceName, fault)
      return
    }
    guard !hasStraySlices(now, in: cluster, .service) else { return }
    if !service.isInline {
      rely(
        on: .service(cluster.name, service.key, port: port.number, port.transport, target: port.target))
    }
    for question in port.nodePort.map({ cluster.questions(ofNodePort: $0, service.key, port.node) }) ?? [] {
      depend(.service, in: cluster.name, at: [Label(port.node.range)], crossing.serviceName, on: [question])
    }
    pass(
      .service, in: cluster.name, service.isInline ? .specified : known?.object.evidence ?? .declared,
      at: [Label(port.node.range)],
      "Service \(service.key.description):\(port.number) → \(now.selector.description)")
    enter(slice, now, port, admission)
  }

  private mutating func enter(
    _ slice: NamespaceSlice, _ service: Service, _ port: ServicePort, _ admission: ((inout Walk) -> Void)?
  ) {
    let pods = targetPods
    let name = slice.cluster.name
    let claim = Claim.pods(
      name, service.key, runtimeLabels: crossing.connection.connection.to.runtimeLabels)
    guard !pods.isEmpty else {
      fail(
        .pod, in: name, "pods of \(service.key.description)",
        Fault(
          JudgementRules.pods,
          service.selector.isEmpty
            ? "Service \(service.key.description) of \(name) has no selector: no pods are behind it"
            : "no pod of \(service.key.namespace) in \(name) has \(service.selector.description)",
          at: [
            Label(service.manifest.nameNode.range, service.selector.isEmpty ? "no pods" : "selects nothing")
          ],
          help: [
            service.selector.isEmpty
              ? "give the Service a selector, or connect to the one that has the pods"
              : "correct the selector, or say which labels a controller sets while pods run: runtimeLabels"
          ], because: claim))
      return
    }
    if !service.isInline { rely(on: claim) }
    var numbers: [(pod: Int, port: Int)] = []
    // The endpoints controller leaves a pod without the named port out, and serves the others.
    let serving = pods.filter { slice.subjects[$0].number(of: port.target, port.transport) != nil }
    for pod in serving.isEmpty ? pods : serving {
      guard let number = slice.subjects[pod].number(of: port.target, port.transport) else {
        if slice.subjects[pod].workload == nil {
          depend(
            .targetPort, in: name, "target port \(port.target.description)",
            on: [
              Question(
                "which number port '\(port.target.description)' of \(service.key.description) is in \(name): no manifest makes its pods"
              )
            ])
          return
        }
        fail(
          .targetPort, in: name, "target port \(port.target.description)",
          Fault(
            JudgementRules.targetPort,
            "\(slice.subjects[pod].description) in \(name) has no container port named '\(port.target.description)'",
            at: [Label(port.node.range, "leads to '\(port.target.description)'")],
            help: ["name a container port '\(port.target.description)', or use a number as targetPort"],
            because: .targetPort(name, service.key, name: port.target.description, port.transport)))
        return
      }
      numbers.append((pod, number))
    }
    if let bad = numbers.first(where: { UInt16(exactly: $0.port) == nil || $0.port == 0 }) {
      fail(
        .targetPort, in: name, "target port \(port.target.description)",
        Fault(
          JudgementRules.targetPort,
          "\(bad.port) is no port: Service \(service.key.description) of \(name) leads nowhere",
          at: [Label((port.targetNode ?? port.node).range)], help: ["ports are 1 to 65535"],
          because: .service(name, service.key, port: port.number, port.transport, target: port.target),
          wanted: .no))
      return
    }
    if case .name(let text) = port.target, !service.isInline {
      rely(on: .targetPort(name, service.key, name: text, port.transport))
    }
    judgeUndeclaredPort(port, serving.map { slice.subjects[$0].workload }, in: name)
    pass(
      .targetPort, in: name, .declared, at: [Label(port.node.range)],
      "target port \(listed(Set(numbers.map(\.port)).sorted().map(String.init)))/\(port.transport.rawValue)")
    judgeIngress(slice, numbers, port.transport)
    // A policy that is written by the Service's selector opens the others as well.
    for pod in pods where serving.count < pods.count && !serving.contains(pod) && !slice.isOpen(pod, .ingress)
    {
      for number in Set(numbers.map(\.port)).sorted() {
        need(slice, .ingress, pod, .sender(sender), number, port.transport)
      }
    }
    admission?(&self)
    guard !isOver,
      !isIdle(
        serving.map { slice.subjects[$0].workload }, in: slice.cluster, slice.namespace, .pod,
        "pods of \(service.key.description)", behind: "Service \(service.key.name)"),
      !isNeverReady(serving.map { slice.subjects[$0].workload }, service, in: slice.cluster)
    else { return }
    judgeObservedEndpoints(service, in: slice.cluster)
    judgeRuns(serving.map { slice.subjects[$0].workload }, service, in: slice.cluster)
    pass(
      .pod, in: name, .declared,
      at: serving.compactMap { slice.subjects[$0].workload.map { Label($0.manifest.nameNode.range) } },
      "\(listed(serving.map { slice.subjects[$0].description }.withoutRepetitions)) of \(slice.namespace) @\(name)"
    )
  }

  mutating func judgeIngress(
    _ slice: NamespaceSlice, _ pods: [(pod: Int, port: Int)], _ transport: TransportProtocol
  ) {
    let name = slice.cluster.name
    let sender = sender
    var questions: [Question] = []
    var isIsolated = false
    for (pod, port) in pods {
      guard let number = UInt16(exactly: port) else { continue }
      let isOpen = slice.isOpen(pod, .ingress)
      // Policies of the whole cluster may keep the sender in.
      guard !isOpen || !slice.cluster.clusterwidePolicies.isEmpty else {
        rely(on: .ingress(slice.key, slice.subjects[pod], sender, port: port, transport))
        if !slice.knowsBaseline { questions.append(slice.baselineQuestion) }
        continue
      }
      isIsolated = isIsolated || !isOpen
      if !isOpen { need(slice, .ingress, pod, .sender(sender), port, transport) }
      let (answer, hangsOn) = slice.admits(sender, to: pod, number, transport)
      rely(on: .ingress(slice.key, slice.subjects[pod], sender, port: port, transport), holds: answer)
      switch answer {
      case .no:
        fail(
          .ingress, in: name, "from \(sender.description)",
          slice.closedIngress(pod, from: sender, number, transport))
        return
      case .depends: questions += hangsOn
      case .yes: if isOpen, !slice.knowsBaseline { questions.append(slice.baselineQuestion) }
      }
    }
    if !questions.isEmpty {
      depend(.ingress, in: name, "from \(sender.description)", on: questions.withoutRepetitions)
    } else if isIsolated {
      pass(
        .ingress, in: name, .declared,
        at: slice.admittingPlaces(sender, pods, transport),
        slice.admittingText(sender, pods, transport))
    } else {
      pass(.ingress, in: name, .declared, "not isolated")
    }
  }
}
