/// Connections of a side that it could not compile: nobody knows what they would come to.
package struct UnknownConnections: Sendable {
  /// `namespace/name` of those that could be read and not bound.
  package var ids: Set<String> = []
  /// Names of documents that could not be read.
  package var names: Set<String> = []
  /// Files with errors, for documents whose name could not be read either.
  package var files: Set<String> = []

  package init() {}

  package var isEmpty: Bool { ids.isEmpty && names.isEmpty && files.isEmpty }

  /// True for a connection that the other side has, written in `file` there, and that this side may have lost to an
  /// error.
  func mayHold(_ id: String, file: String?) -> Bool {
    if ids.contains(id) { return true }
    if let slash = id.lastIndex(of: "/"), names.contains(String(id[id.index(after: slash)...])) {
      return true
    }
    return file.map(files.contains) ?? false
  }
}
