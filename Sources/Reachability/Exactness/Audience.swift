package import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Who can reach a target beside a connection's clients, where nothing keeps them out.
package struct Audience: Sendable {
  let rule: Rule
  /// `everybody who reaches 203.0.113.7:5432`.
  let who: String
  /// What would keep them out, and what a connection says where they are meant.
  let remedy: String

  package init(_ rule: Rule, _ who: String, remedy: String) {
    self.rule = rule
    self.who = who
    self.remedy = remedy
  }
}

/// What policies let in to pods whoever the sender is, for systems that tell a target's audience.
package struct Admissions: Sendable {
  let judge: Judge
  /// Whom a mesh opens a cluster to, by link and cluster: the same for all that lies in it. Empty for nobody.
  package var meshAudiences: [String: String] = [:]

  init(judge: Judge) { self.judge = judge }

  /// True where policies surely let everybody in to some of a crossing's pods; and where no pods are known.
  package func holdEverybody(to crossing: Crossing) -> Bool {
    let service = crossing.target.service
    let key = NamespaceSlice.Key(cluster: crossing.target.cluster, namespace: service.key.namespace)
    guard let slice = judge.slices[key] else { return true }
    let pods = judge.pods(ofTargetOf: crossing, in: slice)
    let port = crossing.port.port
    return pods.isEmpty
      || pods.contains { pod in
        guard !slice.isOpen(pod, .ingress) else { return true }
        guard
          let number = slice.subjects[pod].number(of: port.target, port.transport).flatMap({
            UInt16(exactly: $0)
          })
        else { return false }
        return slice.engine.admitsEveryone(to: pod, number, port.transport)
      }
  }

  /// True where no policy isolates some of a crossing's pods.
  package func leaveOpen(_ crossing: Crossing) -> Bool {
    let namespace = crossing.target.service.key.namespace
    let key = NamespaceSlice.Key(cluster: crossing.target.cluster, namespace: namespace)
    guard let slice = judge.slices[key], slice.knowsBaseline else { return false }
    return judge.pods(ofTargetOf: crossing, in: slice).contains { slice.isOpen($0, .ingress) }
  }

  /// True where no policy narrows who gets in to a gateway's pods.
  package func holdEverybody(toGatewayPods pods: [SubjectPod], in namespace: String, of cluster: String)
    -> Bool
  {
    guard let slice = judge.slices[NamespaceSlice.Key(cluster: cluster, namespace: namespace)] else {
      return true
    }
    let numbers = pods.compactMap { slice.number(ofSubject: $0.id) }
    return numbers.isEmpty || numbers.contains { slice.isOpen($0, .ingress) }
  }
}

extension Judgement {
  /// One finding for each connection, rule and audience that nobody has acknowledged. Linear in the crossings, and nothing
  /// for those of connections that acknowledge.
  func audiences(except faulted: Set<String>) -> [Diagnostic] {
    struct Target: Hashable {
      let connection: ObjectIdentifier
      let target: Int
      let port: Int
    }
    struct Said: Hashable {
      let connection: ObjectIdentifier
      let rule: String
    }
    var admissions = Admissions(judge: judge)
    var seen: Set<Target> = []
    var order: [Said] = []
    var told: [Said: (first: Crossing, audience: Audience, words: [String])] = [:]
    for judged in crossings
    where judged.crossing.connection.connection.acknowledgedExposure == nil && judged.verdict != .refuted {
      let crossing = judged.crossing
      let identity = ObjectIdentifier(crossing.connection)
      guard let system = judge.system(of: crossing), type(of: system).tellsAudience,
        seen.insert(
          Target(connection: identity, target: crossing.targetNumber, port: crossing.portNumber)
        ).inserted, !faulted.contains(crossing.connection.id.description),
        let audience = system.audience(of: crossing, &admissions, in: fleet)
      else { continue }
      let said = Said(connection: identity, rule: audience.rule.id)
      let words =
        "port \(crossing.port.port.number) of \(crossing.serviceName) in \(crossing.target.cluster) to \(audience.who)"
      if told[said] == nil {
        order.append(said)
        told[said] = (crossing, audience, [words])
      } else {
        told[said]?.words.append(words)
      }
    }
    return order.compactMap { said in
      guard let (crossing, audience, words) = told[said] else { return nil }
      let more = words.count > 1 ? ", and \(words.count - 1) more" : ""
      return Diagnostic(
        audience.rule, "\(crossing.connection.id.description) opens \(words[0])\(more)",
        at: crossing.connection.connection.name.node.range, "nobody has acknowledged it",
        help: [audience.remedy], notes: words.count > 1 ? words.dropFirst().map { "and \($0)" } : [])
    }
  }
}
