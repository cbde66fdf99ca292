package import YAMLTree

/// What of a workload's manifest an API server refuses, of that by which pods are chosen and run.
///
/// Labels, annotations, selectors and environment variables are texts (`map[string]string`, `EnvVar.value`): a plain
/// `yes` or `1.10` is none. Controllers must select the pods that they make (apps/v1, ValidateDeploymentSpec and its
/// like). Other fields are their owner's business.
package struct WorkloadFault: Sendable {
  /// One sentence about the manifest.
  package let message: String
  /// What to write at the place itself.
  package let label: String
  package let place: Node
  /// Where the other half of a contradiction is.
  package let other: Node?
  package let remedy: String

  /// All of a workload's, in the order of its fields. Linear in its labels and variables.
  package static func all(of workload: Workload) -> [WorkloadFault] {
    var search = Search()
    let node = workload.manifest.node
    search.checkTexts(node.at("metadata", "labels"), "metadata.labels")
    search.checkTexts(node.at("metadata", "annotations"), "metadata.annotations")
    if workload.kind != "Pod" {
      let selector = node.at("spec", "selector")
      if selectsByEquality(workload.kind) {
        search.checkTexts(selector, "spec.selector")
      } else {
        search.checkTexts(selector?["matchLabels"], "spec.selector.matchLabels")
      }
      let path = workload.kind == "CronJob" ? "spec.jobTemplate.spec.template" : "spec.template"
      search.checkTexts(workload.pod.at("metadata", "labels"), "\(path).metadata.labels")
      search.checkTexts(workload.pod.at("metadata", "annotations"), "\(path).metadata.annotations")
      search.checkSelector(selector, workload)
      search.checkReplicas(node.at("spec", "replicas"))
    }
    search.checkTexts(workload.pod.at("spec", "nodeSelector"), "nodeSelector")
    for list in [workload.pod.at("spec", "containers"), workload.pod.at("spec", "initContainers")] {
      for container in list?.elements ?? Elements.none { search.checkContainer(container) }
    }
    return search.faults
  }

  /// Kinds from before label selectors: `spec.selector` is a map.
  private static func selectsByEquality(_ kind: String) -> Bool {
    kind == "ReplicationController" || kind == "DeploymentConfig"
  }

  private struct Search {
    var faults: [WorkloadFault] = []

    mutating func checkTexts(_ map: Node?, _ path: @autoclosure () -> String) {
      for (key, value) in map?.entries ?? Entries.none where value.kind != .string && value.kind != .null {
        report(value, "\(path()).\(key.text)")
      }
    }

    private mutating func report(_ value: Node, _ path: String) {
      guard value.isScalar else {
        faults.append(
          WorkloadFault(
            message: "\(path) must be a string, but this is \(value.kind.description)",
            label: "must be a string",
            place: value, other: nil, remedy: "write a text"))
        return
      }
      faults.append(
        WorkloadFault(
          message: "\(path) must be a string, but \(value.text) is \(value.kind.description)",
          label: "must be a string", place: value, other: nil, remedy: "quote it: \"\(value.text)\""))
    }

    mutating func checkContainer(_ container: Node) {
      for variable in container["env"]?.elements ?? Elements.none {
        guard let value = variable["value"], value.kind != .string, value.kind != .null else { continue }
        report(value, "the value of environment variable \(variable["name"]?.text ?? "")")
      }
      for port in container["ports"]?.elements ?? Elements.none {
        checkNumber(port)
        guard let number = port["containerPort"], number.kind == .string else { continue }
        let isNumber = Int(number.text) != nil
        faults.append(
          WorkloadFault(
            message: "containerPort must be an integer, but '\(number.text)' is a string",
            label: "must be an integer", place: number, other: nil,
            remedy: isNumber ? "remove the quotes" : "write the port's number; names stand in 'name'"))
      }
    }

    /// ValidateContainerPort: a number from 1 to 65535 that must be there, and one of three protocols.
    private mutating func checkNumber(_ port: Node) {
      func add(_ message: String, _ label: String, _ place: Node, _ remedy: String) {
        faults.append(
          WorkloadFault(message: message, label: label, place: place, other: nil, remedy: remedy))
      }
      let number = port["containerPort"]
      if let number, number.kind != .string, !(1...65535).contains(number.integer ?? 0) {
        add(
          "containerPort \(number.text) is not between 1 and 65535", "no port", number,
          "write the number that the process listens on")
      } else if number == nil, port.kind == .mapping {
        add("a port has no containerPort", "no number", port, "write the number that the process listens on")
      }
      if let transport = port["protocol"], !transport.isNull,
        TransportProtocol(rawValue: transport.text) == nil
      {
        add(
          "there is no protocol '\(transport.text)'", "no protocol", transport,
          "the protocols are TCP, UDP and SCTP")
      }
    }

    mutating func checkReplicas(_ node: Node?) {
      guard let node, !node.isNull, (node.integer ?? -1) < 0 else { return }
      faults.append(
        WorkloadFault(
          message: "replicas must be a number that is not negative, but this is '\(node.text)'",
          label: "no number", place: node, other: nil,
          remedy: Int(node.text) ?? -1 >= 0 ? "remove the quotes" : "write how many pods there are"))
    }

    mutating func checkSelector(_ node: Node?, _ workload: Workload) {
      guard let node, node.kind == .mapping else { return }
      let selector: LabelSelector
      switch workload.kind {
      case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
        selector = LabelSelector(node)
        guard !selector.selectsEverything else {
          faults.append(
            WorkloadFault(
              message: "its selector is empty", label: "selects every pod", place: node, other: nil,
              remedy: "write the labels of its own pods"))
          return
        }
      case "ReplicationController", "DeploymentConfig": selector = LabelSelector(equality: Labels(node))
      default: return
      }
      guard
        let missed = selector.requirements.first(where: {
          !LabelSelector(requirements: [$0]).matches(workload.podLabels)
        })
      else { return }
      let labels = workload.pod.at("metadata", "labels")
      let wanted = LabelSelector(requirements: [missed]).description
      let own = labels?[missed.key]
      let isEquality = node["matchLabels"]?[missed.key] ?? node[missed.key]
      faults.append(
        WorkloadFault(
          message:
            "it selects \(wanted), but its own pods have \(own.map { "\(missed.key)=\($0.text)" } ?? "no label \(missed.key)")",
          label: "misses its own pods", place: isEquality ?? node["matchExpressions"] ?? node,
          other: own ?? labels ?? workload.pod, remedy: "write the same labels into selector and pod template"
        ))
    }
  }
}
