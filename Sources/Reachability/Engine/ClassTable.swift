import Kubernetes

/// Pods that no policy can tell apart are one class. Classes of a namespace are neighbours.
struct ClassTable: Sendable {
  /// A label as selectors see it: numbers of key and value; a negative value stands for a runtime label.
  struct Label: Sendable {
    let key: Int32
    let value: Int32
  }

  private(set) var count = 0
  private(set) var classOfPod: [Int32] = []
  /// One pod of each class.
  private(set) var sample: [Int32] = []
  private(set) var size: [Int32] = []
  private(set) var namespace: [Int32] = []
  private(set) var isHostNetwork: [Bool] = []
  /// Which named ports that policies use the pods declare: equal numbers, equal ports.
  private(set) var portSignature: [Int32] = []
  private(set) var classesOfNamespace: [IntervalSet<Int32>] = []
  private var labelStart: [Int32] = []
  private var labels: [Label] = []
  private(set) var runtimeLabels: [RuntimeLabel] = []
  /// Named ports per signature.
  private(set) var signatures = InternPool<[NamedPort]>()

  var all: IntervalSet<Int32> {
    count == 0 ? IntervalSet() : IntervalSet(0, Int32(clamping: count - 1))
  }

  init(_ network: ClusterNetwork, _ vocabulary: inout Vocabulary) {
    let edges = (vocabulary.sortedIPv4Edges, vocabulary.sortedIPv6Edges)
    var numbers: [[Int32]: Int32] = [:]
    var keys: [[Int32]] = []
    var runtime = InternPool<RuntimeLabel>()
    var provisional: [Int32] = []
    provisional.reserveCapacity(network.pods.count)
    var firstPod: [Int32] = []
    var scratch: [Int32] = []
    for (index, pod) in network.pods.enumerated() {
      scratch.removeAll(keepingCapacity: true)
      scratch.append(Int32(clamping: pod.namespace))
      scratch.append(pod.isHostNetwork ? 1 : 0)
      scratch.append(signature(of: pod, vocabulary))
      appendAddresses(of: pod, vocabulary, edges, to: &scratch)
      appendLabels(of: pod, &vocabulary, &runtime, to: &scratch)
      if let number = numbers[scratch] {
        provisional.append(number)
      } else {
        let number = Int32(clamping: keys.count)
        numbers[scratch] = number
        keys.append(scratch)
        firstPod.append(Int32(clamping: index))
        provisional.append(number)
      }
    }
    runtimeLabels = runtime.values
    arrange(keys, provisional, firstPod, namespaces: network.namespaces.count)
  }

  private mutating func signature(of pod: PodFacts, _ vocabulary: Vocabulary) -> Int32 {
    guard vocabulary.portNames.count > 0, !pod.namedPorts.isEmpty else { return signatures.intern([]) }
    let used = pod.namedPorts.filter { vocabulary.portNames.number(of: $0.name) != nil }
    guard used.count > 1 else { return signatures.intern(used) }
    return signatures.intern(
      Set(used).sorted {
        ($0.name, $0.transport.rawValue, $0.number) < ($1.name, $1.transport.rawValue, $1.number)
      })
  }

  private func appendAddresses(
    of pod: PodFacts, _ vocabulary: Vocabulary, _ edges: ([UInt32], [UInt128]), to key: inout [Int32]
  ) {
    guard vocabulary.looksAtAddresses else { return }
    key.append(Int32(clamping: pod.addresses.count))
    for address in pod.addresses {
      key.append(address.isIPv6 ? 1 : 0)
      key.append(
        address.isIPv6
          ? rangeNumber(of: address.bits, in: edges.1)
          : rangeNumber(of: UInt32(truncatingIfNeeded: address.bits), in: edges.0))
    }
    key.append(-1)
  }

  private func appendLabels(
    of pod: PodFacts, _ vocabulary: inout Vocabulary, _ runtime: inout InternPool<RuntimeLabel>,
    to key: inout [Int32]
  ) {
    // The marker keeps labels apart from what stands before them.
    key.append(Int32.min)
    for label in pod.labels.items {
      guard let number = vocabulary.podKeys.number(of: label.key) else { continue }
      key.append(number)
      key.append(vocabulary.value(label.value))
    }
    if let number = vocabulary.podKeys.number(of: CiliumLabels.serviceAccount) {
      key.append(number)
      key.append(
        pod.serviceAccount.map { vocabulary.value($0) }
          ?? -1 - runtime.intern(RuntimeLabel(key: CiliumLabels.serviceAccount, values: nil)))
    }
    for label in pod.runtimeLabels {
      guard let number = vocabulary.podKeys.number(of: label.key) else { continue }
      key.append(number)
      key.append(-1 - runtime.intern(label))
    }
  }

  /// Numbers the classes by namespace, and unpacks their keys.
  private mutating func arrange(
    _ keys: [[Int32]], _ provisional: [Int32], _ firstPod: [Int32], namespaces: Int
  ) {
    count = keys.count
    var starts = [Int32](repeating: 0, count: namespaces + 1)
    for key in keys { starts[Int(key[0]) + 1] += 1 }
    for index in 0..<namespaces { starts[index + 1] += starts[index] }
    classesOfNamespace = (0..<namespaces).map { IntervalSet(starts[$0], starts[$0 + 1] - 1) }
    var next = starts
    var final = [Int32](repeating: 0, count: count)
    var order = [Int](repeating: 0, count: count)
    for (index, key) in keys.enumerated() {
      let number = next[Int(key[0])]
      next[Int(key[0])] += 1
      final[index] = number
      order[Int(number)] = index
    }
    size = [Int32](repeating: 0, count: count)
    classOfPod = provisional.map { final[Int($0)] }
    for number in classOfPod { size[Int(number)] += 1 }
    sample = order.map { firstPod[$0] }
    for index in order {
      let key = keys[index]
      namespace.append(key[0])
      isHostNetwork.append(key[1] == 1)
      portSignature.append(key[2])
      labelStart.append(Int32(clamping: labels.count))
      var position = (key.firstIndex(of: .min) ?? key.count) + 1
      while position + 1 < key.count {
        labels.append(Label(key: key[position], value: key[position + 1]))
        position += 2
      }
    }
    labelStart.append(Int32(clamping: labels.count))
  }

  /// The labels of a class that policies look at.
  func labels(of number: Int32) -> ArraySlice<Label> {
    labels[Int(labelStart[Int(number)])..<Int(labelStart[Int(number) + 1])]
  }
}
