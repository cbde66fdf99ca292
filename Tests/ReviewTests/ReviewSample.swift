import Diagnostics
import FleetSpec
import Output
import Testing

@testable import Review

/// Objects and reviews for the tests of this module.
enum ReviewSample {
  static func object(_ text: String, cluster: String = "gold", part: OutputLayout.Part = .manifests)
    -> ReviewedObject
  {
    ReviewedObject(
      OutputLayout.Place(cluster: cluster, root: "rendered/\(cluster)", part: part, rest: "ns/file.yaml"),
      path: "rendered/\(cluster)/\(part.rawValue)/ns/file.yaml", content: Array((text + "\n").utf8))
  }

  static func change(
    _ before: String?, _ after: String?, cluster: String = "gold", part: OutputLayout.Part = .manifests
  ) -> ObjectChange {
    ObjectChange(
      before.map { object($0, cluster: cluster, part: part) },
      after.map { object($0, cluster: cluster, part: part) })
  }

  static func policy(_ spec: String, name: String = "p") -> String {
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: \(name), namespace: ns}, spec: \(spec)}"
  }

  static func path(
    _ connection: String, clients: [String] = ["app=a"], verdict: ReviewedPath.Verdict? = nil, port: Int = 80,
    link: String = "pair"
  ) -> ReviewedPath {
    ReviewedPath(
      key: ReviewedPath.Key(
        connection: connection, client: "golddr", clientNamespace: "ns", isExternal: false, target: "gold",
        service: "ns/db", port: port, transport: "TCP"),
      clients: clients, link: link, file: "connections/a.yaml", verdict: verdict)
  }

  static func review(
    _ objects: [ObjectChange] = [], paths: [PathChange] = [], limits: [String] = [], fleet: String = "fleet"
  ) -> Review {
    Review(
      fleet: fleet, base: Review.Side(name: "main", commit: String(repeating: "a", count: 40)),
      head: Review.Side(name: "the working tree", commit: nil), paths: paths,
      objects: ObjectComparison(changes: objects), limits: limits, isJudged: false)
  }

  static let options = ReviewFormat.Options(version: "0.1.0")
}
