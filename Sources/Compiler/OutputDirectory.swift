import Glibc
package import Output

package struct OutputDirectory: Sendable {
  let root: String
  package init(root: String) { self.root = root }
  package func recover() throws(OutputError) -> Bool { false }
  package var hasUnfinishedWrite: Bool { false }
  package func apply(_ change: OutputChange) throws(OutputError) {
    for item in change.items {
      let path = root + "/" + item.path
      if let content = item.content {
        var made = ""
        for part in path.split(separator: "/").dropLast() { made += "/" + part; mkdir(made, 0o755) }
        let file = fopen(path, "wb");
        content.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
        fclose(file)
      } else {
        unlink(path)
      }
    }
  }
}
package struct OutputError: Error, Sendable { package let path: String; package let reason: String }
