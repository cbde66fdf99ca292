/// A commit as it will be written, built here byte by byte so that it can go into the same pack as its trees
/// and so that the same input gives the same id everywhere.
struct CommitObject {
  let tree: ObjectID
  let parents: [ObjectID]
  let author: GitSignature
  let committer: GitSignature
  /// Subject, body and trailers, as `CommitMessage` puts them together.
  let message: String

  /// The object's content, with a signature in its `gpgsig` header where one is given.
  func content(signature: String? = nil) -> [UInt8] {
    var text = "tree \(tree)\n"
    for parent in parents { text += "parent \(parent)\n" }
    text += "author \(Self.line(author))\ncommitter \(Self.line(committer))\n"
    if let signature {
      var lines = signature.split(separator: "\n", omittingEmptySubsequences: false)
      while lines.last?.isEmpty == true { lines.removeLast() }
      text += "gpgsig " + lines.joined(separator: "\n ") + "\n"
    }
    return Array((text + "\n" + message).utf8)
  }

  private static func line(_ person: GitSignature) -> String {
    let offset = min(max(person.offsetMinutes, -1439), 1439)
    let minutes = abs(offset)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let zone = (offset < 0 ? "-" : "+") + two(minutes / 60) + two(minutes % 60)
    return "\(clean(person.name)) <\(clean(person.email))> \(max(0, person.seconds)) \(zone)"
  }

  /// What git takes out of a name: `<`, `>`, line ends and NUL inside, and at both ends what it calls crud.
  private static func clean(_ text: String) -> String {
    func isCrud(_ byte: UInt8) -> Bool { byte <= 32 || ".,:;<>\"\\'".utf8.contains(byte) }
    var bytes = Array(text.utf8)[...]
    while let first = bytes.first, isCrud(first) { bytes.removeFirst() }
    while let last = bytes.last, isCrud(last) { bytes.removeLast() }
    return String(decoding: bytes.filter { $0 != 0 && $0 != 10 && $0 != 60 && $0 != 62 }, as: UTF8.self)
  }
}

/// A commit's message: subject, body, and trailers in a paragraph of their own.
package struct CommitMessage: Sendable, Equatable {
  /// `Key: value`, as `git interpret-trailers` reads it.
  package struct Trailer: Sendable, Equatable {
    package let key: String
    package let value: String

    package init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  package let subject: String
  package let body: String
  package let trailers: [Trailer]

  package init(subject: String, body: String = "", trailers: [Trailer] = []) {
    self.subject = subject
    self.body = body
    self.trailers = trailers
  }

  /// The text, with one final newline. Line ends inside subject and trailers become spaces; NUL goes.
  package var text: String {
    func oneLine(_ text: String) -> String {
      text.split(whereSeparator: { $0.isNewline }).joined(separator: " ")
    }
    var paragraphs = [oneLine(subject)]
    var lines = body.split(separator: "\n", omittingEmptySubsequences: false)[...]
    while let first = lines.first, first.isEmpty { lines.removeFirst() }
    while let last = lines.last, last.isEmpty { lines.removeLast() }
    if !lines.isEmpty { paragraphs.append(lines.joined(separator: "\n")) }
    if !trailers.isEmpty {
      paragraphs.append(trailers.map { "\(oneLine($0.key)): \(oneLine($0.value))" }.joined(separator: "\n"))
    }
    return String(
      decoding: (paragraphs.joined(separator: "\n\n") + "\n").utf8.filter { $0 != 0 }, as: UTF8.self)
  }
}
