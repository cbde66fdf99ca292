import Kubernetes
import YAMLTree

/// Directories that kustomizations among the sources list under `components`, by their paths from the fleet's root.
struct ListedComponents {
  private var directories: Set<String> = []

  /// Linear in the sources' paths, and in what kustomizations list.
  init(_ trees: [String: Tree]) {
    for (path, tree) in trees {
      let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      guard let name = parts.last,
        ["kustomization.yaml", "kustomization.yml", "Kustomization"].contains(name)
      else { continue }
      for document in tree.documents {
        for entry in document["components"]?.elements ?? Elements.none {
          if let directory = Self.resolve(entry.text, from: parts.dropLast()) {
            directories.insert(directory)
          }
        }
      }
    }
  }

  /// True where the directory of a file is listed.
  func hold(_ path: String) -> Bool {
    guard !directories.isEmpty else { return false }
    return directories.contains(path.split(separator: "/").dropLast().joined(separator: "/"))
  }

  /// A path as a kustomization writes it, from the fleet's root; nil for what lies outside, and for an address.
  private static func resolve(_ text: String, from directory: ArraySlice<Substring>) -> String? {
    guard !text.contains("://"), !text.hasPrefix("/") else { return nil }
    var parts = directory.filter { !$0.isEmpty && $0 != "." }
    for part in text.split(separator: "/") where part != "." {
      if part == ".." {
        guard parts.popLast() != nil else { return nil }
      } else {
        parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }
}
