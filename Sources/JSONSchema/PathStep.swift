/// One step from a value to a value inside it.
package enum PathStep: Sendable, Equatable {
  case key(String)
  case index(Int)
}

extension [PathStep] {
  /// `spec.ports[0].port`; a key that is not a plain word stands in brackets: `metadata.labels['a.b/c']`.
  /// Empty for the root.
  package var rendered: String {
    var text = ""
    for step in self {
      switch step {
      case .index(let index): text += "[\(index)]"
      case .key(let key):
        if !key.isEmpty, key.utf8.allSatisfy(isPlain) {
          text += text.isEmpty ? key : ".\(key)"
        } else {
          text += "['\(key)']"
        }
      }
    }
    return text
  }

  private func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "$"):
      true
    default: byte >= 0x80
    }
  }
}
