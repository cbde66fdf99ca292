import YAMLTree

/// What stands between two versions of an object that keeps its name.
enum InPlaceChange {
  /// The later version does all that the earlier one did.
  case wider
  /// The earlier version does all that the later one does.
  case narrower
  /// An object that does what either of them does.
  case between([UInt8])
  /// Both versions side by side do: the earlier one stays for a while under another name.
  case beside(name: String, [UInt8])
  /// One moment it is the earlier, the next the later; with the reason where there is one to tell.
  case switches(String?)

  static func of(_ before: Node, _ after: Node, kind: String, isPolicy: Bool) -> InPlaceChange {
    isPolicy
      ? PolicyUnion.change(from: before, to: after, kind: kind)
      : ObjectUnion.change(from: before, to: after, kind: kind)
  }
}
