import Diagnostics
import Kubernetes
import Linker
import YAMLTree

extension Walk {
  /// Ends the walk where all workloads are told to make no pods. What scales one while it runs may make some; an
  /// autoscaler of Kubernetes does not: it leaves workloads without replicas alone.
  mutating func isIdle(
    _ workloads: [Workload?], in cluster: JudgedCluster, _ namespace: String, _ hop: Hop.Kind, _ text: String,
    behind front: String
  ) -> Bool {
    var sleeping: [(workload: Workload, node: Node)] = []
    for workload in workloads {
      guard let workload, let node = workload.idle else { return false }
      sleeping.append((workload, node))
    }
    guard !sleeping.isEmpty else { return false }
    if let (scaler, workload) = scaler(of: sleeping.map { $0.workload }, in: cluster, namespace) {
      // It says itself that there is always one.
      if let least = scaler.node.at("spec", "minReplicaCount")?.integer, least > 0 { return false }
      depend(
        hop, in: cluster.name, text,
        on: [
          Question(
            "how many pods \(scaler.kind) \(scaler.name) makes of \(workload.description) of \(cluster.name), which has none by itself"
          )
        ])
      return true
    }
    let isSuspended = sleeping.allSatisfy { $0.node.text == "true" }
    let verb =
      isSuspended
      ? (sleeping.count == 1 ? "is suspended" : "are suspended")
      : (sleeping.count == 1 ? "makes no pods" : "make no pods")
    fail(
      hop, in: cluster.name, text,
      Fault(
        JudgementRules.pods,
        "\(listed(sleeping.map { $0.workload.description })) of \(namespace) in \(cluster.name) \(verb): nobody answers behind \(front)",
        at: sleeping.map { Label($0.node.range, isSuspended ? "suspended" : "no pods") },
        help: [
          isSuspended
            ? "let it run: suspend: false"
            : "ask for at least one replica, or suppress this where a standby is scaled up by hand"
        ],
        because: .found(
          sleeping.map {
            ObjectQuery(
              $0.workload.kind, of: nil, in: cluster.name, namespace, $0.workload.key.name,
              where: [.not(.text(["spec", "replicas"], ["0"])), .not(.text(["spec", "suspend"], ["true"]))])
          })))
    return true
  }

  /// Where none of the clients makes pods as things stand: whoever is started by hand may call all the same.
  func idleQuestions(_ workloads: [Workload?], _ slice: NamespaceSlice) -> [Question] {
    let sleeping = workloads.compactMap { workload in workload?.idle.map { (workload, $0) } }
    guard let (first, node) = sleeping.first, sleeping.count == workloads.count, let first else { return [] }
    let reason = node.text == "true" ? "it is suspended" : "it says 'replicas: 0'"
    return [
      Question(
        "whether \(first.description) of \(slice.namespace) in \(slice.cluster.name) ever makes a pod that calls: \(reason)",
        at: node.range,
        help: "ask for a replica, or say in a suppression of this note who starts it")
    ]
  }

  /// A container may listen at a port that it does not declare. Where all of them declare some and none this one, it is more
  /// likely a slip of the pen.
  mutating func judgeUndeclaredPort(_ port: ServicePort, _ workloads: [Workload?], in cluster: String) {
    guard !isOver, case .number(let number) = port.target else { return }
    let pods = workloads.compactMap { $0 }
    guard let first = pods.first, pods.count == workloads.count else { return }
    let isUndeclared = pods.allSatisfy { pod in
      !pod.containerPorts.isEmpty
        && !pod.containerPorts.contains { $0.number == number && $0.transport == port.transport }
    }
    guard isUndeclared else { return }
    let declared = first.containerPorts.map { "\($0.number)/\($0.transport.rawValue)" }
    let node = port.targetNode ?? port.node
    depend(
      .targetPort, in: cluster, at: [Label(node.range)], "target port \(number)/\(port.transport.rawValue)",
      on: [
        Question(
          "whether the process of \(first.description) in \(cluster) listens at \(number)/\(port.transport.rawValue): its containers declare \(listed(declared))",
          at: node.range, help: "correct targetPort, or declare the port in the container", isReported: true)
      ])
  }

  /// Where the cluster was observed with endpoints of the Service of which none was ready.
  mutating func judgeObservedEndpoints(_ service: Service, in cluster: JudgedCluster) {
    guard !isOver, !service.isInline,
      service.manifest.node.at("spec", "publishNotReadyAddresses")?.boolean != true
    else { return }
    let own = cluster.model.observed.endpoints(in: service.key.namespace).filter { manifest in
      (manifest.kind == "EndpointSlice" ? manifest.labels["kubernetes.io/service-name"] : manifest.name)
        == service.key.name
    }
    guard let first = own.first, !own.contains(where: Self.hasReady) else { return }
    depend(
      .pod, in: cluster.name, at: [Label(first.nameNode.range)], "pods of \(service.key.description)",
      on: [
        Question(
          "whether pods of Service \(service.key.description) of \(cluster.name) are ready by now: its \(first.kind) were observed without any that was",
          at: first.nameNode.range, help: "observe \(cluster.name) again")
      ])
  }

  private static func hasReady(_ manifest: Manifest) -> Bool {
    if manifest.kind == "EndpointSlice" {
      return manifest.node["endpoints"]?.elements.contains {
        $0.at("conditions", "ready")?.boolean != false && ($0["addresses"]?.count ?? 0) > 0
      } ?? false
    }
    return manifest.node["subsets"]?.elements.contains { ($0["addresses"]?.count ?? 0) > 0 } ?? false
  }

  /// Pods that run now and then: between two runs nobody is behind their Service.
  mutating func judgeRuns(_ workloads: [Workload?], _ service: Service, in cluster: JudgedCluster) {
    let jobs = workloads.compactMap { $0 }.filter { ["CronJob", "Job"].contains($0.kind) }
    guard !isOver, let first = jobs.first, jobs.count == workloads.count else { return }
    depend(
      .pod, in: cluster.name, at: [Label(first.manifest.nameNode.range)],
      "pods of \(service.key.description)",
      on: [
        Question(
          "whether \(first.description) of \(service.key.namespace) in \(cluster.name) runs when clients call: nothing else is behind Service \(service.key.name)",
          at: first.manifest.nameNode.range,
          help:
            "put a workload behind the Service that stays, or say in a suppression of this note when it runs")
      ])
  }

  /// Clients that no manifest makes, though workloads of their namespace are known. Where none is known, their manifests lie
  /// elsewhere; a namespace that is misspelt has a rule of its own.
  func absentQuestions(_ pods: [SubjectPod], _ slice: NamespaceSlice) -> [Question] {
    guard let first = pods.first, pods.allSatisfy({ $0.workload == nil }) else { return [] }
    let own = slice.cluster.workloads(in: slice.namespace)
    guard !own.isEmpty else { return [] }
    return [
      Question(
        "whether there are \(first.description) in namespace \(slice.namespace) of \(slice.cluster.name): its workloads are \(listed(own.map(\.description).withoutRepetitions))",
        at: client.node.range,
        help: "correct the labels, or say in a suppression of this note who makes the pods", isReported: true)
    ]
  }

  /// Ends the walk where no pods behind a Service become ready: each has a probe that nobody can ask. What waits for a
  /// condition of somebody else's hangs on it.
  mutating func isNeverReady(_ workloads: [Workload?], _ service: Service, in cluster: JudgedCluster) -> Bool
  {
    guard service.manifest.node.at("spec", "publishNotReadyAddresses")?.boolean != true else { return false }
    var probes: [(workload: Workload, node: Node)] = []
    var gates: [(workload: Workload, node: Node)] = []
    for workload in workloads {
      guard let workload else { return false }
      if let probe = workload.unaskedProbe {
        probes.append((workload, probe))
      } else if let gate = workload.pod.at("spec", "readinessGates"), gate.count > 0 {
        gates.append((workload, gate))
      } else {
        return false
      }
    }
    let text = "pods of \(service.key.description)"
    guard gates.isEmpty else {
      depend(
        .pod, in: cluster.name, at: gates.prefix(1).map { Label($0.node.range) }, text,
        on: gates.prefix(1).map { gate in
          Question(
            "whether somebody sets the conditions that \(gate.workload.description) of \(service.key.namespace) in \(cluster.name) waits for: \(listed(gate.node.elements.compactMap { $0["conditionType"]?.text }))",
            at: gate.node.range,
            help: "say who sets them in a suppression of this note, or take readinessGates out")
        })
      return true
    }
    guard let first = probes.first else { return false }
    fail(
      .pod, in: cluster.name, text,
      Fault(
        JudgementRules.pods,
        "\(listed(probes.map(\.workload.description))) of \(service.key.namespace) in \(cluster.name) is never ready: its probe asks port '\(first.node.text)', which its container does not have",
        at: probes.map { Label($0.node.range, "asked here") },
        help: ["name a port of the container '\(first.node.text)', or write the number"],
        because: .found(
          probes.map { probe in
            ObjectQuery(
              probe.workload.kind, of: nil, in: cluster.name, service.key.namespace, probe.workload.key.name,
              where: [
                .element(
                  probe.workload.podPath + ["spec", "containers", "*"],
                  [.text(["ports", "*", "name"], [probe.node.text])])
              ])
          })))
    return true
  }

  /// What makes pods of one of the workloads beside their own controllers: KEDA, or a Rollout that took one over.
  private func scaler(
    of workloads: [Workload], in cluster: JudgedCluster, _ namespace: String
  ) -> (Manifest, Workload)? {
    for (kind, reference) in [("ScaledObject", "scaleTargetRef"), ("Rollout", "workloadRef")]
      as [(String, StaticString)]
    {
      for object in cluster.objects(ofKind: kind)
      where object.manifest.namespace ?? namespace == namespace {
        guard let target = object.node.at("spec", reference) else { continue }
        let found = workloads.first {
          $0.key.name == target["name"]?.text && $0.kind == target["kind"]?.string ?? "Deployment"
        }
        if let found { return (object.manifest, found) }
      }
    }
    return nil
  }
}
