import Glibc

/// What the program was started with.
///
/// The Swift runtime reads it from `/proc`, and has nothing where that is not mounted: in a root directory of its own, say.
enum ProgramArguments {
  /// The arguments behind the program's name; nil where they cannot be found.
  static var all: [String]? {
    if CommandLine.argc > 0 { return Array(CommandLine.arguments.dropFirst()) }
    return onTheStack.map { Array($0.dropFirst()) }
  }

  /// More are not looked for.
  private static let limit = 100_000

  /// What the kernel put there: the number of arguments, pointers to them, a null, and then the environment (System V
  /// ABI, "Initial Stack and Register State"). Nothing has changed the environment yet.
  private static var onTheStack: [String]? {
    let end = UnsafeRawPointer(environ) - MemoryLayout<UInt>.size
    guard end.load(as: UInt.self) == 0 else { return nil }
    for count in 1...limit {
      let start = end - (count + 1) * MemoryLayout<UInt>.size
      let word = start.load(as: UInt.self)
      if word == 0 { return nil }
      guard word == UInt(count) else { continue }
      return (1...count).compactMap { index in
        (start + index * MemoryLayout<UInt>.size).load(as: UnsafePointer<CChar>?.self).map {
          String(cString: $0)
        }
      }
    }
    return nil
  }
}
