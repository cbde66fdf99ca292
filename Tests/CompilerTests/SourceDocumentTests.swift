import Compiler
import Testing
import YAMLTree

/// The platform's documentation shows a claim and a policy (TCP Connectivity on Private Cloud OpenShift
/// Platform, Apache-2.0); examples/porter-pair must give their `spec`, field by field.
@Suite struct SourceDocumentTests {
  private static let claim = """
    apiVersion: porter.devops.gov.bc.ca/v1alpha1
    kind: TransportServerClaim
    metadata:
      name: yourservice-tsc
      namespace: yourlicenceplate-dev
    spec:
      monitor:
        interval: 10
        timeout: 10
        type: tcp
      service: yourservice
      servicePort: 8000
    """

  private static let policy = """
    kind: NetworkPolicy
    apiVersion: networking.k8s.io/v1
    metadata:
      name: allow-from-f5-ingress
      namespace: yourlicenceplate-dev
    spec:
      podSelector:
        matchLabels:
          name: yourappslabel 
      ingress:
        - from:
            - namespaceSelector:
                matchLabels:
                  network.openshift.io/policy-group: ingress
      policyTypes:
        - Ingress
    """

  @Test(arguments: [
    ("gold", "transportserverclaim-yourservice-tsc", claim),
    ("gold", "networkpolicy-allow-from-f5-ingress", policy),
    ("golddr", "networkpolicy-allow-from-f5-ingress", policy),
  ])
  func specEqualsTheDocuments(cluster: String, file: String, document: String) throws {
    let output = try FixtureFleet(directory: "examples/porter-pair").compile().writtenFiles
    let content = try #require(output["rendered/\(cluster)/manifests/yourlicenceplate-dev/\(file).yaml"])
    let emitted = try #require(
      Tree.parse(text: String(decoding: content, as: UTF8.self), path: file).tree.root)
    let expected = try #require(Tree.parse(text: document, path: "document").tree.root)
    let (emittedSpec, expectedSpec) = (try #require(emitted["spec"]), try #require(expected["spec"]))
    #expect(emittedSpec.isEqual(to: expectedSpec))
    #expect(emitted.at("metadata", "name")?.text == expected.at("metadata", "name")?.text)
    #expect(emitted["apiVersion"]?.text == expected["apiVersion"]?.text)
  }

  /// `oc get endpoints` as the documentation prints it, one port per side.
  @Test(arguments: [
    ("porter-pair", "expected", "gold", "golddr", "142.34.64.62", 36760),
    ("porter-pair", "expected", "golddr", "gold", "142.34.229.62", 37650),
    ("porter-pair-emit", "manifests", "gold", "golddr", "142.34.64.62", 36760),
    ("porter-pair-emit", "manifests", "golddr", "gold", "142.34.229.62", 37650),
  ])
  func endpointsAreThoseOfTheDocuments(
    example: String, part: String, cluster: String, other: String, address: String, port: Int
  ) throws {
    let output = try FixtureFleet(directory: "examples/\(example)").compile().writtenFiles
    let path = "rendered/\(cluster)/\(part)/yourlicenceplate-dev/endpoints-yourservice-\(other).yaml"
    let content = try #require(output[path])
    let subset = try #require(
      Tree.parse(text: String(decoding: content, as: UTF8.self), path: path).tree.root?["subsets"]?.elements
        .first { _ in true })
    #expect(subset["addresses"]?.elements.map { $0["ip"]?.text } == [address])
    #expect(subset["ports"]?.elements.map { $0["port"]?.integer } == [port])
  }

  /// In clusters where the operator writes them, Linkwright does not.
  @Test func operatorModeEmitsNoEndpoints() throws {
    let output = try FixtureFleet(directory: "examples/porter-pair").compile().writtenFiles
    #expect(!output.keys.contains { $0.contains("/manifests/") && $0.contains("endpoint") })
  }
}
