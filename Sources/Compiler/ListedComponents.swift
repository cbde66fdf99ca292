import Kubernetes
import Linker
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
          if let directory = Kustomization.resolve(entry.text, from: parts.dropLast()) {
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
}
