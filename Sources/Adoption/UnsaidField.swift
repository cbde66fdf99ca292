import YAMLTree

/// What of an object no specification says: such an object stays with its owner, and the field is named.
enum UnsaidField {
  /// The first field of a mapping that is neither one of these paths nor on the way to one, as a path; nil when all is
  /// said. What lies below a path is said with it. Linear.
  ///
  /// - Parameter ignoringEmpty: mappings without entries say nothing.
  static func first(
    in node: Node?, besides paths: [String], at prefix: String = "", ignoringEmpty: Bool = false
  ) -> String? {
    guard let node else { return nil }
    for (key, value) in node.entries {
      let path = prefix.isEmpty ? key.text : "\(prefix).\(key.text)"
      if paths.contains(path) || ignoringEmpty && value.kind == .mapping && value.count == 0 { continue }
      guard value.kind == .mapping, paths.contains(where: { $0.hasPrefix(path + ".") }) else { return path }
      if let found = first(in: value, besides: paths, at: path, ignoringEmpty: ignoringEmpty) { return found }
    }
    return nil
  }
}
