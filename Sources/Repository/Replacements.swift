import Glibc

extension GitRepository {
  private static let replacementPath = "refs/replace/"

  /// The objects for which git shows other ones here; none where it was told not to (`GIT_NO_REPLACE_OBJECTS`,
  /// `core.useReplaceRefs`). libgit2 knows no replacements, and neither does anything that is read through it.
  package var replacedObjects: Set<ObjectID> {
    if settings.ignoresReplacements { return [] }
    let setting = (try? configuration("core.usereplacerefs")) ?? nil
    if let setting, !GitEnvironment.isTrue(setting) { return [] }
    let path = settings.replacementPath ?? Self.replacementPath
    let names = (try? references(below: path)) ?? []
    return Set(names.compactMap { ObjectID(hexadecimal: $0.dropFirst(path.count)) })
  }

  /// True where a file gives commits other parents (gitrepository-layout: `info/grafts`).
  package var hasGrafts: Bool {
    var status = stat()
    return stat(commonDirectory + "info/grafts", &status) == 0 && status.st_size > 0
  }

  /// What an object is; nil for one that is not there.
  package func kind(of id: ObjectID) -> ObjectKind? { (try? objects.read(id))?.kind }
}
