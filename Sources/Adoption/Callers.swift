import Kubernetes
import YAMLTree

extension Workload {
  /// True when a host name stands somewhere in the pods that it makes. Linear in their template.
  func mentions(_ host: String) -> Bool { Self.mentions(pod, Array(host.utf8)) }

  /// The labels by which a controller knows its pods; versions and the like change.
  var stableLabels: Labels {
    manifest.node.at("spec", "selector", "matchLabels").map { Labels($0) } ?? podLabels
  }

  private static func mentions(_ node: Node, _ word: [UInt8]) -> Bool {
    if node.isScalar { return node.withText { holds($0, word) } }
    for (_, value) in node.entries where mentions(value, word) { return true }
    for element in node.elements where mentions(element, word) { return true }
    return false
  }

  private static func holds(_ text: UnsafeBufferPointer<UInt8>, _ word: [UInt8]) -> Bool {
    guard text.count >= word.count else { return false }
    func joins(_ index: Int) -> Bool {
      guard index >= 0, index < text.count else { return false }
      let byte = text[index]
      return byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") < 10
        || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }
    return (0...(text.count - word.count)).contains { start in
      text[start..<(start + word.count)].elementsEqual(word) && !joins(start - 1)
        && !joins(start + word.count)
    }
  }
}

extension Service {
  /// Labels for a document: those that say neither who writes the object nor which release did.
  var keptLabels: SpecValue? {
    let labels = manifest.labels.items.filter {
      $0.key != "app.kubernetes.io/managed-by" && $0.key != "app.kubernetes.io/version"
        && !$0.key.hasPrefix("helm.sh/")
    }
    return labels.isEmpty ? nil : .map(SpecMap(labels.map { SpecMap.Entry($0.key, .text($0.value)) }))
  }

  /// An annotation that somebody wrote for a program to read, which no document says.
  var unsaidAnnotation: String? {
    manifest.node.at("metadata", "annotations")?.entries.map(\.key.text).first {
      !LiveFields.isBookkeeping(annotation: $0) && !$0.hasPrefix("argocd.argoproj.io/sync-")
        && !$0.hasPrefix("linkwright.dev/") && $0 != "config.kubernetes.io/origin"
    }
  }

  /// `ports` of a connection to all of them: by number, or by name where one number has two protocols.
  var portReferences: [SpecValue] {
    var numbers: [Int: Int] = [:]
    for port in ports { numbers[port.number, default: 0] += 1 }
    var references: [SpecValue] = []
    for port in ports {
      let reference: SpecValue =
        numbers[port.number] == 1
        ? .integer(port.number) : port.name.map { .text($0) } ?? .integer(port.number)
      if !references.contains(reference) { references.append(reference) }
    }
    return references
  }
}
