/// The order in which Argo CD applies objects: the annotation `argocd.argoproj.io/sync-wave`.
enum SyncWave {
  /// The number in an annotation. Argo CD takes what is no number for no wave; so are numbers here that nobody means.
  static func number(_ text: String) -> Int? { Int32(text).map(Int.init) }
}
