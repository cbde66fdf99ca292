import FleetSpec
import Kubernetes
import Linker
import Synchronization
import YAMLTree

/// Values in the manifests of clients that could name an address or an operator's Service, by cluster and
/// namespace: commands, arguments and environment variables of their containers, and entries of ConfigMaps.
///
/// Every Service of a namespace asks for the values of its clients' namespaces; each namespace is read once,
/// and only values with a telling text are kept. A class because all units of a link share what was read.
final class ClientValues: Sendable {
  /// Texts of which a value must hold one to be of interest to any Service, unless it holds an address.
  private let words: [[UInt8]]
  private let known: Mutex<[NamespacedName: [Node]]> = Mutex([:])

  init(_ settings: PorterSettings) {
    words = settings.members.map { Array(PorterNames.consumerName("", $0).utf8) }
  }

  /// The values of a namespace, in the order of its manifests.
  func values(of cluster: ClusterModel, _ namespace: String) -> [Node] {
    let key = NamespacedName(namespace, cluster.name)
    if let values = known.withLock({ $0[key] }) { return values }
    // Reading happens outside the lock: two threads that meet here do the same work and get the same values.
    let values = read(cluster, namespace)
    known.withLock { $0[key] = values }
    return values
  }

  private func read(_ cluster: ClusterModel, _ namespace: String) -> [Node] {
    var values: [Node] = []
    for workload in cluster.declared.workloads[namespace] ?? [] {
      guard let spec = workload.pod["spec"] else { continue }
      for key in ["initContainers", "containers"] {
        for container in spec[key]?.elements.map({ $0 }) ?? [] {
          for variable in container["env"]?.elements.map({ $0 }) ?? [] {
            if let value = variable["value"], isTelling(value) { values.append(value) }
          }
          for list in ["command", "args"] {
            for value in container[list]?.elements.map({ $0 }) ?? [] where isTelling(value) {
              values.append(value)
            }
          }
        }
      }
    }
    for manifest in cluster.declared.configMaps(in: namespace) {
      guard let data = manifest.node["data"] else { continue }
      for (_, value) in data.entries where isTelling(value) { values.append(value) }
    }
    return values
  }

  private func isTelling(_ value: Node) -> Bool {
    guard value.kind == .string else { return false }
    return value.withText { text in
      text.mayHoldAddress || words.contains { text.firstOccurrence(of: $0, from: 0) != nil }
    }
  }
}

extension Node {
  /// True when the word stands in the text as a name in a namespace: alone, or with that namespace after it.
  func hasName(_ word: [UInt8], in namespace: String) -> Bool {
    withText { text in
      var from = 0
      while let start = text.firstOccurrence(of: word, from: from) {
        let before = String(decoding: text[..<start], as: UTF8.self).last
        let rest = String(decoding: text[(start + word.count)...], as: UTF8.self)
        if !Self.joins(before), !Self.joins(rest.first) {
          guard rest.first == ".", let next = rest.dropFirst().first, next.isLetter || next.isNumber else {
            return true
          }
          if rest.dropFirst().prefix(while: { Self.joins($0) }) == namespace { return true }
        }
        from = start + 1
      }
      return false
    }
  }

  /// True when the word stands in a scalar's text with no letter, digit or '-' beside it.
  func hasWord(_ word: [UInt8]) -> Bool {
    withText { text in
      var from = 0
      while let start = text.firstOccurrence(of: word, from: from) {
        let before = String(decoding: text[..<start], as: UTF8.self).last
        let after = String(decoding: text[(start + word.count)...], as: UTF8.self).first
        if !Self.joins(before), !Self.joins(after) { return true }
        from = start + 1
      }
      return false
    }
  }

  /// True for what continues a name or an address.
  private static func joins(_ character: Character?) -> Bool {
    character.map { $0.isLetter || $0.isNumber || $0 == "-" } ?? false
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// True for a text that holds a digit between dots, or two colons with a hexadecimal digit beside them: so every
  /// address does, and few other values.
  fileprivate var mayHoldAddress: Bool {
    var dots = 0
    var colons = 0
    for byte in self {
      switch byte {
      case UInt8(ascii: "."): dots += 1
      case UInt8(ascii: ":"): colons += 1
      case UInt8(ascii: "0")...UInt8(ascii: "9"): break
      case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
        dots = 0
      default:
        dots = 0
        colons = 0
      }
      if dots == 3 || colons == 2 { return true }
    }
    return false
  }

  /// Where a word first stands at `from` or later.
  func firstOccurrence(of word: [UInt8], from: Int) -> Int? {
    guard let first = word.first, count - from >= word.count else { return nil }
    for start in from...count - word.count where self[start] == first {
      var length = 1
      while length < word.count, self[start + length] == word[length] { length += 1 }
      if length == word.count { return start }
    }
    return nil
  }
}
