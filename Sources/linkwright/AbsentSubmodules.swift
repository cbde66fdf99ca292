import Compiler
import Repository
import Snapshot
import Synchronization

/// Which empty directories of a working tree stand for submodules: git's index says so. It is read when the first empty
/// directory is met, which a working tree has hardly ever.
final class AbsentSubmodules: Sendable {
  private let root: String
  private let index: Mutex<Lookup> = Mutex(.notTried)

  private enum Lookup {
    case notTried
    /// Without a repository there are no submodules.
    case none
    case found(RepositoryPlace, IndexSnapshot)
  }

  /// - Parameter root: of the fleet, without links in it.
  init(of root: String) { self.root = root }

  /// - Parameter directory: from the root, and empty.
  @Sendable func contains(_ directory: String) -> Bool {
    index.withLock { lookup in
      if case .notTried = lookup { lookup = look() }
      guard case .found(let place, let index) = lookup else { return false }
      let path = [place.path, directory].filter { !$0.isEmpty }.joined(separator: "/")
      return (try? index.entry(at: path))?.kind == .submodule
    }
  }

  private func look() -> Lookup {
    guard let place = try? RepositoryPlace(root), let index = try? IndexSnapshot(place.repository) else {
      return .none
    }
    return .found(place, index)
  }

  /// Refuses a root that is such a directory itself: there is a fleet, only not here.
  func refuseFleet() throws(CommandFailure) {
    guard !FileSystem.exists("\(root)/\(Compiler.fleetFile)"),
      let entries = try? DirectorySnapshot(root: root).entries(of: ""), entries.isEmpty,
      case .found(let place, let index) = look()
    else { return }
    try place.refuseSubmodule(index)
  }
}
