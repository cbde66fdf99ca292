import Foundation
import TestSupport

/// One file of the sources as words: what is in comments and in quotes is left out.
struct SwiftSource: Sendable, CustomStringConvertible {
  /// A word of the code with what touches it.
  struct Word: Sendable {
    /// From 1.
    let line: Int
    let text: String
    let before: UInt8
    let after: UInt8
    /// The first word of its line.
    let isFirst: Bool
  }

  /// From the repository's root.
  let path: String
  let module: String
  let lines: [Substring]
  let words: [Word]
  var description: String { path }

  init(path: String, module: String) throws {
    self.path = path
    self.module = module
    let text = try String(contentsOfFile: Repository.path(path), encoding: .utf8)
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(
      text.hasSuffix("\n") ? 1 : 0)
    words = Self.words(of: Array(text.utf8))
  }

  /// The modules that the file imports.
  var imports: [String] {
    words.indices.filter { words[$0].text == "import" && words[$0].before != UInt8(ascii: ".") }.compactMap {
      index in
      let rest = words[(index + 1)...].drop {
        ["struct", "func", "enum", "class", "protocol"].contains($0.text)
      }
      return rest.first.flatMap { $0.line == words[index].line ? $0.text : nil }
    }
  }

  /// Lines with a call of one of the functions, as a function and not as a method.
  func calls(of names: Set<String>) -> [Int] {
    words.filter {
      names.contains($0.text) && $0.after == UInt8(ascii: "(") && $0.before != UInt8(ascii: ".")
    }.map(\.line)
  }

  /// Lines with one of the words, wherever it stands.
  func uses(of names: Set<String>) -> [Int] { words.filter { names.contains($0.text) }.map(\.line) }

  /// Lines with a word and a mark that follows it at once: `try!`.
  func lines(with word: String, followedBy mark: Unicode.Scalar) -> [Int] {
    words.filter { $0.text == word && $0.after == UInt8(ascii: mark) }.map(\.line)
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "_"), UInt8(ascii: "@"):
      true
    default: byte >= 0x80
    }
  }

  /// One pass over the bytes. Expressions inside string literals are left out with them.
  private static func words(of bytes: [UInt8]) -> [Word] {
    var words: [Word] = []
    var line = 1
    var isFirst = true
    var index = 0
    let at = { (index: Int) in index < bytes.count && index >= 0 ? bytes[index] : UInt8(ascii: "\n") }
    let quote = UInt8(ascii: "\"")
    while index < bytes.count {
      let byte = bytes[index]
      if byte == UInt8(ascii: "\n") {
        line += 1
        isFirst = true
        index += 1
      } else if byte == UInt8(ascii: "/"), at(index + 1) == UInt8(ascii: "/") {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
      } else if byte == UInt8(ascii: "/"), at(index + 1) == UInt8(ascii: "*") {
        while index < bytes.count, !(at(index) == UInt8(ascii: "*") && at(index + 1) == UInt8(ascii: "/")) {
          if bytes[index] == UInt8(ascii: "\n") { line += 1 }
          index += 1
        }
        index += 2
      } else if byte == quote {
        let isLong = at(index + 1) == quote && at(index + 2) == quote
        index += isLong ? 3 : 1
        while index < bytes.count {
          if bytes[index] == UInt8(ascii: "\n") { line += 1 }
          if bytes[index] == UInt8(ascii: "\\") {
            index += 2
          } else if bytes[index] == quote, !isLong || (at(index + 1) == quote && at(index + 2) == quote) {
            break
          } else {
            index += 1
          }
        }
        index += isLong ? 3 : 1
      } else if isWord(byte) {
        let start = index
        while index < bytes.count, isWord(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        words.append(Word(line: line, text: text, before: at(start - 1), after: at(index), isFirst: isFirst))
        isFirst = false
      } else {
        index += 1
      }
    }
    return words
  }

  /// Every Swift file of the modules, by path.
  static func all(_ modules: [PackageMap.Module]) throws -> [SwiftSource] {
    try modules.flatMap { module in
      let root = Repository.path(module.path)
      let files = (FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []).sorted()
      return try files.filter { $0.hasSuffix(".swift") }
        .map { try SwiftSource(path: "\(module.path)/\($0)", module: module.name) }
    }
  }
}
