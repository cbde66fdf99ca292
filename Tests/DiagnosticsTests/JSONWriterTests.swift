import Diagnostics
import Foundation
import Testing

@Suite struct JSONWriterTests {
  @Test func look() {
    var json = JSONWriter()
    json.object { json in
      json.member("a", 1)
      json.object("empty") { _ in }
      json.array("none", of: [Int]()) { $0.integer($1) }
      json.array("list", of: [1, 2]) { $0.integer($1) }
      json.key("deep")
      json.array { json in
        json.object { $0.member("b", true) }
        json.null()
        json.number(1.5)
        json.number(.infinity)
      }
      json.member("c", orNull: nil)
    }
    #expect(
      json.finish() == """
        {
          "a": 1,
          "empty": {},
          "none": [],
          "list": [
            1,
            2
          ],
          "deep": [
            {
              "b": true
            },
            null,
            1.5,
            null
          ],
          "c": null
        }

        """)
  }

  @Test func oneLine() {
    var json = JSONWriter(indentation: nil)
    json.object { json in
      json.member("a", ["x", "y"])
      json.object("b") { $0.member("c", false) }
    }
    #expect(json.finish() == "{\"a\":[\"x\",\"y\"],\"b\":{\"c\":false}}\n")
  }

  @Test func escapes() throws {
    var text = "\"\\/\u{2028}\u{2029}\u{FEFF}\u{202E}\u{FFFF}é日🎉e\u{301}\u{E0001}\u{200D}"
    for value in 0..<0xA0 { text.unicodeScalars.append(try #require(Unicode.Scalar(UInt32(value)))) }
    var json = JSONWriter(indentation: nil)
    json.array { $0.string(text) }
    let written = json.finish()
    let back = try #require(try JSONSerialization.jsonObject(with: Data(written.utf8)) as? [String])
    #expect(back.first?.unicodeScalars.elementsEqual(text.unicodeScalars) == true)
    #expect(written.contains("\\u0000") && written.contains("\\u2028") && written.contains("\\udb40\\udc01"))
    #expect(!written.dropLast().unicodeScalars.contains { $0.value < 0x20 || 0x7F...0x9F ~= $0.value })
  }
}
