import Testing

@testable import Review

@Suite struct PathChangeTests {
  private func changes(
    _ base: [ReviewedPath], _ head: [ReviewedPath], base unknownBase: UnknownConnections = .init(),
    head unknownHead: UnknownConnections = .init()
  ) -> [String] {
    PathChange.between(base, head, unknown: (unknownBase, unknownHead)).map {
      "\($0.kind.rawValue) \($0.key.connection) \($0.effect.rawValue) \($0.details.joined(separator: "|"))"
    }
  }

  private let proved = ReviewedPath.Verdict(word: "proved", isReachable: true, reason: nil)
  private let refuted = ReviewedPath.Verdict(
    word: "refuted", isReachable: false, reason: "no policy admits it")
  private let open = ReviewedPath.Verdict(word: "depends", isReachable: nil, reason: nil)

  @Test func appearsAndVanishes() {
    let (a, b) = (ReviewSample.path("ns/a"), ReviewSample.path("ns/b"))
    #expect(changes([a], [a]) == [])
    // Another connection for the same way: renamed, and nobody reaches more or less.
    #expect(changes([a], [b]) == ["vanished ns/a none ", "appeared ns/b none "])
    #expect(changes([a], []) == ["vanished ns/a becomesUnreachable "])
    #expect(changes([], [b]) == ["appeared ns/b becomesReachable "])
    let wider = ReviewSample.path("ns/b", clients: ["every pod"])
    #expect(changes([a], [wider]) == ["vanished ns/a none ", "appeared ns/b becomesReachable "])
    #expect(changes([], [ReviewSample.path("ns/a", verdict: refuted)]) == ["appeared ns/a none "])
  }

  @Test func verdictsClientsAndLinks() {
    func path(_ verdict: ReviewedPath.Verdict?) -> ReviewedPath {
      ReviewSample.path("ns/a", verdict: verdict)
    }
    #expect(changes([path(refuted)], [path(proved)]) == ["changed ns/a becomesReachable refuted → proved"])
    #expect(changes([path(proved)], [path(refuted)]) == ["changed ns/a becomesUnreachable proved → refuted"])
    #expect(changes([path(proved)], [path(open)]) == ["changed ns/a none proved → depends"])
    #expect(
      changes(
        [path(proved)], [ReviewSample.path("ns/a", clients: ["every pod"], verdict: proved, link: "mesh")])
        == ["changed ns/a none clients: app=a → every pod|link: pair → mesh"])
    let wider = PathChange.between(
      [path(proved)], [ReviewSample.path("ns/a", clients: ["every pod"], verdict: proved)],
      unknown: (.init(), .init()))
    #expect(RiskAssessment.risks(wider, []).map(\.kind) == [.widerNetwork])
  }

  @Test func whatCouldNotBeCompiledIsNotClaimed() {
    let a = ReviewSample.path("ns/a")
    var unknown = UnknownConnections()
    unknown.ids = ["ns/a"]
    #expect(changes([], [a], base: unknown) == [])
    #expect(changes([a], [], head: unknown) == [])
    #expect(changes([], [a], head: unknown).count == 1)
    var named = UnknownConnections()
    named.names = ["a"]
    #expect(changes([], [a], base: named) == [])
    var file = UnknownConnections()
    file.files = ["connections/a.yaml"]
    #expect(changes([a], [], head: file) == [])
  }

  @Test func clientsOfOnePathAreJoined() {
    let joined = ReviewedPath.joined([
      ReviewSample.path("ns/a", clients: ["x=1"]), ReviewSample.path("ns/a", clients: ["w=1"]),
      ReviewSample.path("ns/a", clients: ["x=1"]),
    ])
    #expect(joined.map(\.clients) == [["w=1", "x=1"]])
  }
}
