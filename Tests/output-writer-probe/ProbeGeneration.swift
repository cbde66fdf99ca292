package import Output

/// The two states of a directory between which the probe writes to and fro: changed, new and old files, whole
/// new directories, a file where there was a directory and the reverse.
package enum ProbeGeneration {
  /// The files of generation 0 or 1, by path.
  package static func files(_ generation: Int) -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    func add(_ path: String, _ size: Int) {
      files[path] =
        Array("generation \(generation) of \(path)\n".utf8) + [UInt8](repeating: 0x2E, count: size)
    }
    for number in 0..<120 {
      add("rendered/gold/manifests/ns-\(number % 7)/service-\(number).yaml", number * 9)
    }
    for number in 0..<40 {
      add("rendered/gold/manifests/gen-\(generation)-\(number % 3)/\(number).yaml", 300)
    }
    for number in 0..<20 { add("rendered/cluster-\(generation)/deep/er/\(number).yaml", 50) }
    for number in 0..<20 { add("rendered/gold/manifests/ns-1/only-\(generation)-\(number).yaml", 50) }
    add(generation == 0 ? "rendered/swap/a" : "rendered/swap/a/b/c.yaml", 10)
    add(generation == 0 ? "rendered/swap/d/e/f.yaml" : "rendered/swap/d", 10)
    add("unit/\(generation)/inventory.lock", 10)
    return files
  }

  /// What leads to a generation, from the other one or from nothing.
  package static func change(to generation: Int) -> OutputChange {
    let wanted = files(generation)
    var items = wanted.map { OutputChange.Item(path: $0, kind: .changed, content: $1) }
    for path in files(1 - generation).keys where wanted[path] == nil {
      items.append(OutputChange.Item(path: path, kind: .removed))
    }
    return OutputChange(items: items)
  }
}
