/// A person and a moment, as a commit records them.
package struct GitSignature: Sendable, Equatable {
  package let name: String
  package let email: String
  /// Seconds since 1970-01-01T00:00:00Z.
  package let seconds: Int64
  /// East of UTC, in minutes.
  package let offsetMinutes: Int

  package init(name: String, email: String, seconds: Int64, offsetMinutes: Int = 0) {
    self.name = name
    self.email = email
    self.seconds = seconds
    self.offsetMinutes = offsetMinutes
  }

  /// The same person at another moment.
  package func at(seconds: Int64, offsetMinutes: Int) -> GitSignature {
    GitSignature(name: name, email: email, seconds: seconds, offsetMinutes: offsetMinutes)
  }

  /// The moment in UTC, `2026-11-21T10:00:00Z`, as `hydrator.metadata` writes it.
  package var dateInUTC: String {
    var days = seconds / 86400
    var rest = seconds % 86400
    if rest < 0 {
      rest += 86400
      days -= 1
    }
    // Days to civil date in the proleptic Gregorian calendar, eras of 400 years counted from 0000-03-01.
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let digits = String(repeating: "0", count: max(0, 4 - "\(year)".count)) + "\(year)"
    return "\(digits)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
  }
}

/// What a commit says about itself.
package struct CommitFacts: Sendable, Equatable {
  package let id: ObjectID
  package let tree: ObjectID
  /// First parent first.
  package let parents: [ObjectID]
  package let author: GitSignature
  package let committer: GitSignature
  /// The first paragraph of the message on one line, as `git log --format=%s` gives it.
  package let subject: String
  /// What follows the first paragraph, without blank lines around it.
  package let body: String
  /// True when the commit carries a signature, good or bad.
  package let isSigned: Bool

  /// The day on which it was committed, in UTC: `2026-11-25`.
  package var day: String { String(committer.dateInUTC.prefix { $0 != "T" }) }

  /// Parses a commit object. A header line that git itself would not have written is an error.
  init(id: ObjectID, content: [UInt8]) throws(GitError) {
    var parser = CommitParser(content)
    parser.parse()
    guard let tree = parser.tree, let author = parser.author, let committer = parser.committer else {
      throw GitError(.corruptObject, "read commit \(id)", "it has no tree, author or committer")
    }
    self.id = id
    self.tree = tree
    parents = parser.parents
    self.author = author
    self.committer = committer
    isSigned = parser.isSigned
    (subject, body) = CommitParser.split(parser.message)
  }

  /// The values of a trailer in the last paragraph (`Key: value`), in order; keys compare without case.
  package func trailers(_ key: String) -> [String] {
    let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
    let start = lines.lastIndex { $0.isEmpty }.map { $0 + 1 } ?? 0
    return lines[start...].compactMap { line in
      guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == key.lowercased() else {
        return nil
      }
      return String(line[line.index(after: colon)...].drop { $0 == " " })
    }
  }
}

/// Reads the lines of a commit object.
private struct CommitParser {
  private let content: [UInt8]
  private var isLatin1 = false
  var tree: ObjectID?
  var parents: [ObjectID] = []
  var author: GitSignature?
  var committer: GitSignature?
  var isSigned = false
  var message = ""

  init(_ content: [UInt8]) { self.content = content }

  mutating func parse() {
    var position = 0
    var people: [(Bool, ArraySlice<UInt8>)] = []
    while position < content.count, content[position] != UInt8(ascii: "\n") {
      let end = content[position...].firstIndex(of: UInt8(ascii: "\n")) ?? content.count
      let line = content[position..<end]
      position = min(end + 1, content.count)
      guard let space = line.firstIndex(of: UInt8(ascii: " ")), space > line.startIndex else { continue }
      let value = line[(space + 1)...]
      switch String(decoding: line[..<space], as: UTF8.self) {
      case "tree": tree = ObjectID(hexadecimal: String(decoding: value, as: UTF8.self))
      case "parent":
        if let id = ObjectID(hexadecimal: String(decoding: value, as: UTF8.self)) { parents.append(id) }
      case "author": people.append((true, value))
      case "committer": people.append((false, value))
      case "gpgsig": isSigned = true
      case "encoding":
        let encoding = String(decoding: value, as: UTF8.self).lowercased()
        isLatin1 = ["iso-8859-1", "iso8859-1", "latin1", "latin-1"].contains(encoding)
      default: break
      }
    }
    for (isAuthor, value) in people {
      if isAuthor { author = person(value) } else { committer = person(value) }
    }
    message = position < content.count ? text(content[(position + 1)...]) : ""
  }

  private func text(_ bytes: ArraySlice<UInt8>) -> String {
    guard isLatin1 else { return String(decoding: bytes, as: UTF8.self) }
    var text = String.UnicodeScalarView()
    text.append(contentsOf: bytes.map { Unicode.Scalar($0) })
    return String(text)
  }

  /// `Name <address> seconds +hhmm`; what is not there reads as empty or zero, as in git.
  private func person(_ line: ArraySlice<UInt8>) -> GitSignature? {
    guard let close = line.lastIndex(of: UInt8(ascii: ">")),
      let open = line[..<close].firstIndex(of: UInt8(ascii: "<"))
    else { return nil }
    var name = line[..<open]
    while name.last == UInt8(ascii: " ") { name.removeLast() }
    let date = line[(close + 1)...].split(separator: UInt8(ascii: " "))
    let seconds = date.first.flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0
    var offset = 0
    if date.count > 1, let number = Int(String(decoding: date[1], as: UTF8.self)), number.magnitude < 10_000 {
      offset = number / 100 * 60 + number % 100
    }
    return GitSignature(
      name: text(name), email: text(line[(open + 1)..<close]), seconds: seconds, offsetMinutes: offset)
  }

  static func split(_ message: String) -> (subject: String, body: String) {
    var lines = message.split(separator: "\n", omittingEmptySubsequences: false)[...]
    func isBlank(_ line: Substring) -> Bool { line.allSatisfy { $0 == " " || $0 == "\t" || $0 == "\r" } }
    while let first = lines.first, isBlank(first) { lines.removeFirst() }
    var subject: [Substring] = []
    while let first = lines.first, !isBlank(first) {
      subject.append(first)
      lines.removeFirst()
    }
    while let first = lines.first, isBlank(first) { lines.removeFirst() }
    while let last = lines.last, isBlank(last) { lines.removeLast() }
    return (subject.joined(separator: " "), lines.joined(separator: "\n"))
  }
}
