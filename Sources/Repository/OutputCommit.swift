package import Parallel

/// A commit to make on a branch without a checkout: working tree and index are never touched.
package struct OutputCommit: Sendable {
  /// The branch in full: `refs/heads/environment/prod`. It need not exist.
  package let reference: String
  /// True to move the branch even where it is checked out; that working tree then shows the commit's changes as
  /// undone until somebody runs `git reset`.
  package let allowsCheckedOutBranch: Bool
  /// The line in the branch's reflog.
  package let reflog: String
  /// The commit to build on while the branch does not exist; nil for one without parents.
  package let base: ObjectID?
  /// A reference on which the decision rests as well: the branch moves only while it has the value that it had then.
  package let witness: String?

  package init(
    reference: String, allowsCheckedOutBranch: Bool = false, reflog: String = "commit: linkwright",
    base: ObjectID? = nil, witness: String? = nil
  ) {
    self.witness = witness
    self.reference = reference
    self.allowsCheckedOutBranch = allowsCheckedOutBranch
    self.reflog = reflog
    self.base = base
  }

  /// What to write on top of one tip.
  package struct Proposal: Sendable {
    package let edit: TreeEdit
    /// The contents of files that the edit names; what the repository has need not be there.
    package let contents: [PackedObjects]
    package let message: CommitMessage
    package let author: GitSignature
    package let committer: GitSignature
    /// Paths that do not count when the question is whether anything changed: `hydrator.metadata`.
    package let incidentalPaths: [String]
    /// The trailer that names the commit's own tree; nil for none. A commit that somebody amended, squashed or rebased
    /// keeps its message, and can be told by it.
    package let treeTrailer: String?

    package init(
      edit: TreeEdit, contents: [PackedObjects], message: CommitMessage, author: GitSignature,
      committer: GitSignature, incidentalPaths: [String] = [], treeTrailer: String? = nil
    ) {
      self.treeTrailer = treeTrailer
      self.edit = edit
      self.contents = contents
      self.message = message
      self.author = author
      self.committer = committer
      self.incidentalPaths = incidentalPaths
    }

    fileprivate func message(for tree: ObjectID) -> CommitMessage {
      guard let treeTrailer else { return message }
      return CommitMessage(
        subject: message.subject, body: message.body,
        trailers: message.trailers + [.init(treeTrailer, "\(tree)")])
    }
  }

  /// What to do on a tip.
  package enum Decision: Sendable {
    case write(Proposal)
    /// Leave the branch as it is, for a reason that the caller keeps (superseded, say).
    case stop
  }

  /// What happened.
  package enum Outcome: Sendable, Equatable {
    /// The branch is at `commit` now; `attempts` counts the tips that were tried.
    case committed(commit: ObjectID, parent: ObjectID?, attempts: Int)
    /// The tree would be the tip's own: no commit was made.
    case unchanged(tip: ObjectID?)
    case stopped(tip: ObjectID?)
  }

  /// Signs a commit: takes the bytes that git would sign, returns an armoured signature (PGP or SSH).
  package typealias Signer = ([UInt8]) throws(GitError) -> String
}

extension GitRepository {
  /// Fewer new objects than this go into files of their own, as with git's `fastimport.unpackLimit`: a pack for each
  /// small commit would pile up until `git gc`.
  private static let packThreshold = 100

  /// A branch that moves this often while we try is not a race any more.
  private static let attemptLimit = 1000

  /// Makes a commit and moves the branch to it by compare-and-swap.
  ///
  /// `decide` is asked with the branch's tip (nil: the branch has no commit), and again with the new tip each time
  /// another writer was faster; what it handed over before need not be handed over again. Contents, trees and commit
  /// go into one pack, which reaches the disk first (`durable`); few objects go into files of their own, for which git
  /// does not insist on that either. The branch moves only after every object is in its place, so that a killed process leaves it
  /// old or new.
  ///
  /// - Parameter mapping: how trees are deflated and the pack is put together.
  package func commit(
    _ output: OutputCommit, signer: OutputCommit.Signer? = nil, durable: Bool = true,
    mapping: some ParallelMapping = OneCore(),
    decide: (CommitFacts?) throws(GitError) -> OutputCommit.Decision
  ) throws(GitError) -> OutputCommit.Outcome {
    let operation = "commit to \(output.reference)"
    try Self.checkReferenceName(output.reference, operation)
    if !output.allowsCheckedOutBranch, let directory = try workingTree(holding: output.reference) {
      throw GitError(
        .checkedOut, operation, "the branch is checked out in \(directory)",
        remedy: "choose an output branch that nobody works on, or allow it explicitly and run "
          + "`git reset --hard` there afterwards")
    }
    for attempt in 1...Self.attemptLimit {
      let witness = try output.witness.map { (name) throws(GitError) in
        Witness(name: name, value: try target(ofReference: name))
      }
      let tipID = try target(ofReference: output.reference)
      let tip = try (tipID ?? output.base).map { (id) throws(GitError) in try commit(id) }
      guard case .write(let proposal) = try decide(tip) else { return .stopped(tip: tipID) }
      guard let made = try prepare(proposal, tip, signer) else { return .unchanged(tip: tipID) }
      let own = try pack(made.objects, mapping)
      // Contents of an earlier attempt are there already.
      try store(proposal.contents + own, durable: durable, mapping: mapping) {
        attempt > 1 && objects.contains($0)
      }
      let move = try move(
        output.reference, from: tipID, to: made.commit, reflog: output.reflog, by: proposal.committer,
        while: witness)
      if case .moved = move {
        return .committed(commit: made.commit, parent: tip?.id, attempts: attempt)
      }
    }
    throw GitError(
      .moved, operation, "other writers moved the branch \(Self.attemptLimit) times meanwhile",
      remedy: "let one process at a time write it")
  }

  private typealias NewObject = (kind: ObjectKind, id: ObjectID, content: [UInt8])

  /// Builds trees and commit for a tip; nil when nothing changes.
  private func prepare(
    _ proposal: OutputCommit.Proposal, _ tip: CommitFacts?, _ signer: OutputCommit.Signer?
  ) throws(GitError) -> (commit: ObjectID, objects: [NewObject])? {
    try checkContents(of: proposal)
    var builder = TreeBuilder(objects)
    let tree = try builder.apply(proposal.edit, to: tip?.tree)
    if let tip {
      if tree == tip.tree { return nil }
      if try isIncidental(proposal, tip) { return nil }
    } else if tree == TreeBuilder.emptyTree {
      return nil
    }
    let object = CommitObject(
      tree: tree, parents: tip.map { [$0.id] } ?? [], author: proposal.author, committer: proposal.committer,
      message: proposal.message(for: tree).text)
    var content = object.content()
    if let signer { content = object.content(signature: try signer(content)) }
    let id = ObjectID(of: .commit, content)
    var objects: [NewObject] = builder.trees.map { (.tree, $0.id, $0.content) }
    objects.append((.commit, id, content))
    return (id, objects)
  }

  /// True when only paths that do not count would change.
  private func isIncidental(_ proposal: OutputCommit.Proposal, _ tip: CommitFacts) throws(GitError) -> Bool {
    if proposal.incidentalPaths.isEmpty { return false }
    let edit = try proposal.edit.leaving(proposal.incidentalPaths) { (path) throws(GitError) in
      try treeEntry(path, in: tip.tree)
    }
    var builder = TreeBuilder(objects)
    return try builder.apply(edit, to: tip.tree) == tip.tree
  }

  /// The entry at a path of a tree; nil when there is none.
  private func treeEntry(_ path: String, in tree: ObjectID) throws(GitError) -> RawTree.Entry? {
    var tree = tree
    var found: RawTree.Entry?
    for component in path.utf8.split(separator: UInt8(ascii: "/")) {
      if let found {
        guard found.isDirectory else { return nil }
        tree = found.id
      }
      let raw = try RawTree(objects.read(tree, as: .tree), id: tree)
      found = raw.entries.first { raw.name($0).elementsEqual(component) }
      if found == nil { return nil }
    }
    return found
  }

  /// A commit must not name contents that nobody has written.
  private func checkContents(of proposal: OutputCommit.Proposal) throws(GitError) {
    // Files that follow each other are in one batch, as a rule.
    var last = 0
    for file in proposal.edit.files {
      let id = ObjectID(file.blob)
      if last < proposal.contents.count, proposal.contents[last].holds(id) { continue }
      if let batch = proposal.contents.firstIndex(where: { $0.holds(id) }) {
        last = batch
        continue
      }
      if objects.contains(id) { continue }
      throw GitError(
        .missingObject, "write \(file.path)",
        "its content \(id) is neither in the repository nor in the output")
    }
  }

  /// Objects that one core deflates after each other.
  private static let batchLength = 512

  private func pack(
    _ made: [NewObject], _ mapping: some ParallelMapping
  ) throws(GitError) -> [PackedObjects] {
    let starts = Array(stride(from: 0, to: made.count, by: Self.batchLength))
    let batches = mapping.map(starts, piece: 1) { start -> Result<PackedObjects, GitError> in
      do throws(GitError) {
        var batch = try ObjectBatch(for: self)
        for object in made[start...].prefix(Self.batchLength) {
          try batch.add(object.kind, object.content, id: object.id)
        }
        return .success(batch.finish())
      } catch {
        return .failure(error)
      }
    }
    var packed: [PackedObjects] = []
    for batch in batches { packed.append(try batch.get()) }
    return packed
  }

  /// Puts objects into the database: one pack, or files of their own when they are few.
  func store(
    _ batches: [PackedObjects], durable: Bool, mapping: some ParallelMapping = OneCore(),
    unless isPresent: (ObjectID) -> Bool = { _ in false }
  ) throws(GitError) {
    if batches.reduce(0, { $0 + $1.count }) >= Self.packThreshold {
      try PackWriter(durable: durable).write(
        batches, into: objectsDirectory, mapping: mapping, unless: isPresent)
      return try objects.refresh()
    }
    for batch in batches {
      for (index, entry) in batch.entries.enumerated() where !isPresent(entry.id) {
        let id = try objects.writeLoose(batch.content(of: index), entry.kind)
        guard id == entry.id else {
          throw GitError(.corruptObject, "write object \(entry.id)", "its content gives the name \(id)")
        }
      }
    }
  }
}
