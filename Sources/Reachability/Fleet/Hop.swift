package import Diagnostics

/// One thing that a connection passes on its way from the client's pod to the target's.
package struct Hop: Sendable {
  package typealias Kind = ConnectionHop

  /// Where a fact comes from.
  package enum Evidence: String, Sendable {
    /// A manifest that exists.
    case declared
    /// An object of this compile's output.
    case emitted
    /// A Component of this compile's output, once the owner of the object lists it.
    case patched = "emitted as a Component"
    /// What a cluster answered.
    case observed
    /// The fleet's own documents.
    case specified
    /// What a controller makes of the facts, as its source or documentation says.
    case derived
  }

  package enum State: Sendable {
    case holds(Evidence)
    /// Passes under some reading of what is left open; the questions say what it hangs on.
    case depends([Question])
    case pending(MissingFact)
    case broken(Fault)
  }

  package let kind: Kind
  /// Nil outside all clusters.
  package let cluster: String?
  /// In words, without the verdict.
  package let text: String
  package let state: State
  /// The manifests that the hop rests on.
  package let places: [Label]
  /// Whom this hop takes for the sender: what the hop before it leaves as the source address.
  package let source: String
}

/// Something that nobody has said and a verdict hangs on.
package struct Question: Sendable, Hashable {
  /// What is open: `whether the network plugin compares ipBlock with pod addresses`.
  package let text: String
  /// Where it could be said.
  let place: SourceRange?
  /// What would settle it.
  let help: String
  /// True where a rule reports it already, at its source.
  let isReported: Bool

  package init(
    _ text: String, at place: SourceRange? = nil,
    help: String =
      "'linkwright explain' shows the hop; say what is known in the Cluster, or suppress the note with a reason",
    isReported: Bool = false
  ) {
    self.text = text
    self.place = place
    self.help = help
    self.isReported = isReported
  }
}

extension OpenQuestions {
  /// As the judge's questions.
  var asked: [Question] { reasons.map { Question($0) } }
}

/// An observation that would settle a hop.
package struct MissingFact: Sendable, Hashable {
  /// Whom to ask.
  package let cluster: String
  package let namespace: String
  /// What is missing: `the port of TransportServerClaim db-tsc`.
  package let fact: String
  /// Resources that the observing command asks for: `tscs,ts`.
  package let resources: String
  /// What was looked for; nothing answers any of it.
  let queries: [ObjectQuery]

  package init(
    cluster: String, namespace: String, fact: String, resources: String, lookedFor queries: [ObjectQuery]
  ) {
    self.cluster = cluster
    self.namespace = namespace
    self.fact = fact
    self.resources = resources
    self.queries = queries
  }
}

/// Why a hop fails.
package struct Fault: Sendable {
  package let rule: Rule
  /// One sentence without a full stop.
  package let message: String
  /// Where, beside the connection itself.
  package let places: [Label]
  /// What mends it.
  package let help: [String]
  /// What it rests on, with the answer that breaks the hop; nil where the walk has noted it already.
  let because: CheckedClaim?

  /// - Parameters:
  ///   - because: what the fault rests on, in a form that can be checked by itself. A fault of policies needs none: the
  ///     walk notes what they say.
  ///   - wanted: the answer with which the hop would hold.
  package init(
    _ rule: Rule, _ message: String, at places: [Label] = [], help: [String], because claim: Claim? = nil,
    wanted: Ternary = .yes
  ) {
    self.rule = rule
    self.message = message
    self.places = places
    self.help = help
    because = claim.map { CheckedClaim(claim: $0, holds: !wanted, wanted: wanted) }
  }
}

/// What is known of one connection between one client and one target port.
package enum ConnectionVerdict: String, Sendable, CaseIterable {
  /// Every hop holds under every reading of what is left open.
  case proved
  /// Some hop holds under some reading only.
  case depends
  /// An observation is missing.
  case pending
  /// A hop fails under every reading.
  case refuted

  init(_ state: Hop.State) {
    switch state {
    case .holds: self = .proved
    case .depends: self = .depends
    case .pending: self = .pending
    case .broken: self = .refuted
    }
  }

  /// The worse of two: refuted, pending, depends, proved.
  func and(_ other: ConnectionVerdict) -> ConnectionVerdict {
    let order = ConnectionVerdict.allCases
    return (order.firstIndex(of: self) ?? 0) >= (order.firstIndex(of: other) ?? 0) ? self : other
  }
}
