import Foundation
import Snapshot
import TestSupport
import Testing

@Suite struct BlobIDTests {
  @Test(arguments: [
    // `git hash-object --stdin` of each text
    ("", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"),
    ("hello\n", "ce013625030ba8dba906f756967f9e9ca394464a"),
    (String(repeating: "a", count: 55), "d1985ddc2983785702b9a90effd5aff2f7cfdca4"),
  ])
  func namesContentAsGitDoes(text: String, expected: String) throws {
    #expect(BlobID(of: Array(text.utf8)).hexadecimal == expected)
    #expect(BlobID(hexadecimal: expected) == BlobID(of: Array(text.utf8)))
  }

  /// Every length around the ends of blocks, in pieces of any size.
  @Test func agreesWithGitForEveryLength() throws {
    let seed = SeededGenerator.seed()
    print("BlobIDTests seed: \(seed)")
    var random = SeededGenerator(seed: seed)
    let texts = (0..<200).map { length in
      (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("linkwright-blobs-\(UUID())")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    var paths: [String] = []
    for (length, text) in texts.enumerated() {
      let file = scratch.appendingPathComponent("\(length)")
      try Data(text).write(to: file)
      paths.append(file.path)
    }
    let git = try #require(Program.find("git"))
    let names = try git.run(["hash-object", "--no-filters"] + paths).text.split(separator: "\n").map(
      String.init)
    #expect(names == texts.map { BlobID(of: $0).hexadecimal })
    for text in texts {
      let cut = Int.random(in: 0...text.count, using: &random)
      var (whole, pieces) = (SHA1(), SHA1())
      whole.update(text)
      pieces.update(Array(text[..<cut]))
      pieces.update(Array(text[cut...]))
      #expect(whole.finish() == pieces.finish(), "\(text.count) bytes cut at \(cut)")
    }
  }

  @Test func refusesWhatIsNoName() {
    #expect(BlobID(hexadecimal: "abc") == nil)
    #expect(BlobID(hexadecimal: String(repeating: "g", count: 40)) == nil)
  }
}
