import Foundation
import TestSupport
import Testing

/// `diff` compiles only what a change can concern; the result is that of compiling everything.
struct DiffSliceTests {
  private static let namespaces = (0..<6).map { "team\($0)-prod" }

  /// A fleet of six namespaces, some of whose connections lead to another namespace.
  private static func fleet() throws -> FleetRepository {
    let fleet = try FleetRepository()
    try fleet.git("rm", "-q", "-r", "connections", "workloads")
    for (index, namespace) in namespaces.enumerated() {
      try fleet.write("connections/\(namespace).yaml", connection(index, to: namespace))
      for cluster in ["gold", "golddr"] {
        try fleet.write("workloads/\(cluster)/\(namespace).yaml", workload(namespace, port: 8000))
      }
    }
    try fleet.write("connections/shared.yaml", connection(9, from: namespaces[1], to: namespaces[2]))
    try fleet.commitAll("Six namespaces")
    return fleet
  }

  private static func connection(
    _ number: Int, from client: String? = nil, to namespace: String, port: Int = 8000
  ) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: way\(number)
      namespace: \(client ?? namespace)
    spec:
      from:
      - podSelector: {matchLabels: {app: client}}
      to:
        namespace: \(namespace)
        service: server
        ports: [\(port)]
      exposure: {acknowledged: span-bc}

    """
  }

  private static func workload(_ namespace: String, port: Int) -> String {
    """
    apiVersion: v1
    kind: Service
    metadata: {name: server, namespace: \(namespace)}
    spec:
      selector: {app: server}
      ports: [{port: \(port), protocol: TCP}]
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: server, namespace: \(namespace)}
    spec:
      selector: {matchLabels: {app: server}}
      template:
        metadata: {labels: {app: server}}
        spec: {containers: [{name: server, image: x}]}

    """
  }

  /// A definition that judges emitted objects concerns every connection.
  @Test func definitionsConcernEverything() throws {
    let fleet = try Self.fleet()
    let base = try fleet.id("HEAD")
    try fleet.write(
      "schemas/crds/transportserverclaims.yaml",
      """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: transportserverclaims.porter.devops.gov.bc.ca}
      spec:
        group: porter.devops.gov.bc.ca
        names: {kind: TransportServerClaim, plural: transportserverclaims}
        scope: Namespaced
        versions:
        - name: v1alpha1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              properties:
                spec:
                  type: object
                  x-kubernetes-preserve-unknown-fields: true
                  properties: {service: {type: string}}
                  x-kubernetes-validations:
                  - {rule: "self.service != 'server'", message: "another Service"}

      """)
    try fleet.commitAll("A definition")
    let head = try fleet.id("HEAD")
    let output = try fleet.linkwright("diff", "--base", base, "--head", head, "--format", "json")
    let whole = try fleet.linkwright("diff", "--base", base, "--head", head, "--format", "json", "--whole")
    #expect(whole.status == 1 && whole.errorText.contains("another Service"), "\(whole.errorText)")
    #expect(output.status == 1 && output.errorText == whole.errorText, "\(output.errorText)")
    #expect(output.text == whole.text)
  }

  /// Where nothing changed nothing is compiled, and the report is that of two compiles all the same.
  @Test func equalTreesGiveTheSameReport() throws {
    let fleet = try Self.fleet()
    let base = try fleet.id("HEAD")
    try fleet.git("commit", "-q", "--allow-empty", "-m", "Nothing")
    let head = try fleet.id("HEAD")
    #expect(try Self.report(fleet, base, head) == Self.report(fleet, base, head, "--whole"))
  }

  /// Edits of every kind, at random; each is compared both ways.
  @Test func slicesGiveWhatTheWholeGives() throws {
    let fleet = try Self.fleet()
    let seed = SeededGenerator.seed()
    var random = SeededGenerator(seed: seed)
    var previous = try fleet.id("HEAD")
    for round in 0..<8 {
      let index = Int.random(in: 0..<6, using: &random)
      let namespace = Self.namespaces[index]
      let port = Int.random(in: 8001..<8999, using: &random)
      switch Int.random(in: 0..<8, using: &random) {
      case 0, 1:
        try fleet.write("connections/\(namespace).yaml", Self.connection(index, to: namespace, port: port))
        for cluster in ["gold", "golddr"] {
          try fleet.write("workloads/\(cluster)/\(namespace).yaml", Self.workload(namespace, port: port))
        }
      case 2:
        try fleet.write(
          "connections/extra\(round).yaml",
          Self.connection(100 + round, from: Self.namespaces[(index + 1) % 6], to: namespace))
      case 3: try fleet.git("rm", "-q", "--ignore-unmatch", "connections/\(namespace).yaml")
      case 4:
        try fleet.write(
          "workloads/gold/policy-\(namespace).yaml",
          "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: \(namespace)}\nspec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n"
        )
      case 5: try fleet.write("connections/\(namespace).yaml", "kind: Connection\nbroken: [")
      case 6:
        try fleet.write(
          "links/gold-pair.yaml", try fleet.read("links/gold-pair.yaml") + "# round \(round)\n")
      default:
        try fleet.write(
          "connections/escaped.yaml",
          Self.connection(50 + round, to: namespace).replacingOccurrences(
            of: "namespace: \(namespace)", with: "namespace: \"\\x74\(namespace.dropFirst())\""))
      }
      try fleet.git("add", "-A")
      try fleet.git("commit", "-q", "--allow-empty", "-m", "Round \(round)")
      let now = try fleet.id("HEAD")
      for (base, head) in [(previous, now), (now, previous)] {
        let part = try Self.report(fleet, base, head)
        let whole = try Self.report(fleet, base, head, "--whole")
        #expect(part == whole, "seed \(seed), round \(round)")
      }
      previous = now
    }
  }

  /// The report without what depends on how much was compared.
  private static func report(
    _ fleet: FleetRepository, _ base: String, _ head: String, _ option: String = "--no-pager"
  )
    throws -> String
  {
    let output = try fleet.linkwright("diff", "--base", base, "--head", head, "--format", "json", option)
    #expect(output.status == 0 || output.status == 1, "\(output.errorText)")
    var report = try #require(try JSONSerialization.jsonObject(with: Data(output.stdout)) as? [String: Any])
    report["unchanged"] = nil
    // Errors elsewhere in the fleet are the same on both sides; a part need not see them.
    report["notCompared"] = nil
    let data = try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys, .prettyPrinted])
    return String(decoding: data, as: UTF8.self)
  }
}
