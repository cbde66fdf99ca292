import Snapshot
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

  @Test func refusesWhatIsNoName() {
    #expect(BlobID(hexadecimal: "abc") == nil)
    #expect(BlobID(hexadecimal: String(repeating: "g", count: 40)) == nil)
  }
}
