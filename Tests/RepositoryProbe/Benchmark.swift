import Dispatch
import Glibc
import Repository
import Synchronization

/// Writes manifests of some 700 bytes with two threads, all of them new, then one changed, then none.
func benchmark(repository path: String, files count: Int, level: Int32) throws {
  let texts = (0..<count).map { Array(manifest($0).utf8) }
  let paths = (0..<count).map { number in
    "rendered/gold/manifests/namespace-\(number / 70)/networkpolicy-service-\(number).yaml"
  }
  let clock = ContinuousClock()
  let start = clock.now
  let repository = try GitRepository(at: path)
  print("open", clock.now - start)
  let person = GitSignature(name: "bench", email: "bench@example.org", seconds: 1_700_000_000)
  for (name, changed) in [("all new", -1), ("one changed", 7), ("none changed", 7)] {
    var outcome: OutputCommit.Outcome?
    let time = try clock.measure {
      let results = Mutex<[Int: ([TreeEdit.File], PackedObjects)]>([:])
      let start = clock.now
      DispatchQueue.concurrentPerform(iterations: 2) { half in
        do {
          var batch = try ObjectBatch(for: repository, level: level)
          var files: [TreeEdit.File] = []
          files.reserveCapacity(count / 2)
          for index in (count * half / 2)..<(count * (half + 1) / 2) {
            var text = texts[index]
            if index == changed { text += Array("# changed\n".utf8) }
            files.append(TreeEdit.File(path: paths[index], blob: try batch.add(blob: text)))
          }
          let packed = batch.finish()
          results.withLock { $0[half] = (files, packed) }
        } catch { print(error) }
      }
      print("  \(name): hashed and deflated", clock.now - start)
      let parts = results.withLock { $0 }
      outcome = try repository.commit(OutputCommit(reference: "refs/heads/bench")) { (_) throws(GitError) in
        .write(
          OutputCommit.Proposal(
            edit: try TreeEdit(
              files: (parts[0]?.0 ?? []) + (parts[1]?.0 ?? []), ownedDirectories: ["rendered"]),
            contents: [parts[0]!.1, parts[1]!.1], message: CommitMessage(subject: name), author: person,
            committer: person))
      }
    }
    print(name, time, outcome.map { "\($0)" } ?? "")
  }
}

private func manifest(_ number: Int) -> String {
  """
  apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata:
    name: allow-from-f5-ingress-service-\(number)
    namespace: namespace-\(number / 70)
    labels:
      app.kubernetes.io/managed-by: linkwright
    annotations:
      linkwright.dev/connection: namespace-\(number / 70)/connection-\(number)
      config.kubernetes.io/origin: |
        path: connections/namespace-\(number / 70)/connection-\(number).yaml
  spec:
    podSelector:
      matchLabels:
        app: service-\(number)
        role: master
    policyTypes:
    - Ingress
    ingress:
    - from:
      - namespaceSelector:
          matchLabels:
            network.openshift.io/policy-group: ingress
      ports:
      - protocol: TCP
        port: \(1024 + number % 60000)

  """
}
