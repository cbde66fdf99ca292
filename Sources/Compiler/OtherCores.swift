import Glibc

/// Whether work may be handed to other threads.
enum OtherCores {
  /// False where there is no /proc, as in a bare chroot: Dispatch looks there at its threads once a second, and ends the
  /// program when it finds none. Everything is done by the first thread then; the results are the same.
  static let areUsable = access("/proc/self/task", F_OK) == 0
}
