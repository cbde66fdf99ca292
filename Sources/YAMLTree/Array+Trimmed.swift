extension Array {
  /// The same elements without room for more, where that saves a quarter or more: trees and texts are kept by the
  /// ten thousand and never grow again.
  func trimmed() -> [Element] {
    capacity - count > capacity / 4 ? withUnsafeBufferPointer { Array($0) } : self
  }
}
