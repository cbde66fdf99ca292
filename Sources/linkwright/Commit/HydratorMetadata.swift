import Diagnostics
import Repository
import Snapshot
import YAMLTree

/// The file by which GitOps Promoter learns what a commit was compiled from (gitops-promoter,
/// docs/advanced-usage/custom-hydrator.md).
enum HydratorMetadata {
  static let fileName = "hydrator.metadata"

  static func content(of source: CommitFacts, repositoryURL: String?) -> [UInt8] {
    var writer = JSONWriter(indentation: 2)
    writer.object { writer in
      writer.member("drySha", "\(source.id)")
      if let repositoryURL { writer.member("repoURL", repositoryURL) }
      writer.member("author", "\(source.author.name) <\(source.author.email)>")
      writer.member("date", source.author.dateInUTC)
      writer.member("subject", source.subject)
      if !source.body.isEmpty { writer.member("body", source.body) }
    }
    return Array(writer.finish().utf8)
  }

  /// The commit that the file at the root of a snapshot names; nil without one that can be read.
  static func source(in snapshot: some Snapshot) throws(SnapshotError) -> ObjectID? {
    guard let entry = try snapshot.entry(at: fileName), entry.kind == .file || entry.kind == .executable
    else {
      return nil
    }
    let file = SourceFile(path: fileName, bytes: try snapshot.content(of: entry))
    return Tree.parse(file).tree.root?["drySha"]?.string.flatMap { ObjectID(hexadecimal: $0) }
  }
}
