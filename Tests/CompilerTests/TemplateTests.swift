import Compiler
import Diagnostics
import Foundation
import Templates
import Testing
import YAMLTree

@testable import Compiler

/// Templates of a fleet through the whole compiler.
@Suite struct TemplateTests {
  private func porter(_ files: String) throws -> Compilation {
    try FixtureFleet(base: "porter-pair").overlaid(by: files).compile()
  }

  private static let extra = """
    -- templates/porter/+extra.yaml --
    $scope: claim
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: extra, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
    """

  // MARK: Copies

  /// The text above a built-in template is its declared summary: the copies carry the latter.
  @Test func headsAreSummaries() throws {
    let resources = try Resources()
    for path in resources.templates.paths {
      let template = try #require(resources.templates[path])
      let lines = String(decoding: template.tree.file.bytes, as: UTF8.self).split(separator: "\n")
      let head = lines.prefix { $0.hasPrefix("#") }.map { $0.dropFirst(2) }.joined(separator: " ")
      #expect(head == template.declaration.summary, "\(path)")
    }
  }

  /// Copies for editing give the same output as what they are copies of.
  @Test(arguments: ["clustermesh", "porter-pair", "porter-silver"])
  func copiesChangeNothing(_ base: String) throws {
    let fleet = try FixtureFleet(base: base)
    let copies = TemplateCopies.files(of: try FixtureFleet.compiler.get())
    #expect(copies.count > 20)
    let overlay = copies.map { "-- templates/\($0.path) --\n\($0.text)" }.joined(separator: "\n")
    let copied = try fleet.overlaid(by: overlay).compile()
    let original = try fleet.compile()
    #expect(copied.findingsText == original.findingsText)
    #expect(copied.writtenFiles == original.writtenFiles)
    #expect(copied.templateLines.allSatisfy { $0.hasSuffix("\tfleet") } && !copied.templateLines.isEmpty)
  }

  @Test func copiesNameTheirVariables() throws {
    let files = TemplateCopies.files(of: try FixtureFleet.compiler.get(), folder: "porter")
    #expect(
      files.allSatisfy {
        $0.path.hasPrefix("porter/") || $0.path.hasPrefix("shared/") || $0.path == "README.md"
      })
    let claim = try #require(files.first { $0.path == "porter/transport-server-claim.yaml" }?.text)
    #expect(
      claim.hasPrefix("# The claim on a virtual server: one per Service, in the primary cluster only.\n#\n"))
    #expect(claim.contains("#   claim.requestedPort?       int: absent unless asked for\n"))
  }

  // MARK: Levels

  @Test func listingSaysWhoseATemplateIs() throws {
    let fleet = try FixtureFleet(directory: "Tests/CompilerTests/Cases/template-levels/input")
    let lines = try fleet.compile().templateLines
    #expect(lines == lines.sorted())
    for line in [
      "rendered/gold/manifests/c6af30-prod/networkpolicy-in-queue.yaml\ttemplates/porter/network-policy.yaml:2\tbuilt-in",
      "rendered/gold/manifests/c6af30-prod/servicemonitor-db-link.yaml\ttemplates/porter/+service-monitor.yaml:1\tfleet",
      "rendered/gold/manifests/c6af30-prod/transportserverclaim-tsc-db.yaml\ttemplates/links/gold-pair/porter/transport-server-claim.yaml:2\tlink gold-pair",
      "rendered/gold/manifests/c6af30-prod/transportserverclaim-queue-only.yaml\ttemplates/connections/c6af30-prod/queue/porter/transport-server-claim.yaml:2\tconnection c6af30-prod/queue",
    ] { #expect(lines.contains(line), "\(line)\n\(lines.joined(separator: "\n"))") }
  }

  /// A name that an earlier release did not ask for comes from the built-in template.
  @Test func namesThatCameLaterMayBeMissing() throws {
    let compilation = try FixtureFleet(base: "porter-silver").overlaid(
      by: """
        -- templates/static/names.yaml --
        service: "far-${service.name}"
        -- workloads/emerald/policy.yaml --
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: closed, namespace: a1b2c3-prod}
        spec: {podSelector: {}, policyTypes: [Egress]}
        """
    ).compile()
    #expect(!compilation.findings.containErrors, "\(compilation.findingsText)")
    let paths = compilation.writtenFiles.keys.filter {
      $0.hasPrefix("rendered/emerald/manifests/a1b2c3-prod/")
    }
    #expect(paths.contains { $0.hasSuffix("/service-far-clamav.yaml") }, "\(paths)")
    #expect(paths.contains { $0.hasSuffix("/networkpolicy-allow-clamav-to-clamav-silver.yaml") }, "\(paths)")
  }

  @Test(arguments: [
    ("templates/links/gold-piar/porter/names.yaml", "there is no Link 'gold-piar'"),
    ("templates/links/gold-pair/static/names.yaml", "is of type porter and never uses 'static/names.yaml'"),
    (
      "templates/connections/a1b2c3-dev/yourservcie/porter/names.yaml",
      "there is no Connection 'a1b2c3-dev/yourservcie'"
    ),
    ("templates/connections/a1b2c3-dev/yourservice/static/names.yaml", "goes over a link of type porter"),
    ("templates/porter/claim.yaml", "there is no built-in template 'porter/claim.yaml'"),
    ("templates/portre/+x.yaml", "'portre' is no link type's folder"),
  ])
  func placesWithoutEffect(_ path: String, _ message: String) throws {
    let text =
      path.contains("static/names") ? "service: ${service.name}\n" : "claim: a\npolicy: b\negressPolicy: c\n"
    let compilation = try porter("-- \(path) --\n\(text)")
    #expect(
      compilation.findings.contains { $0.rule.id == "LW1603" && $0.message.contains(message) },
      "\(compilation.findingsText)")
    #expect(compilation.failed)
  }

  // MARK: Added objects

  @Test(arguments: [
    ("$scope: claim", "$scope: claims", "'claims' is no occasion to add an object"),
    ("$scope: claim", "x: 1", "'$scope' is missing"),
    ("kind: ConfigMap", "kind: \"\"", "no apiVersion and kind"),
    ("name: extra", "name: Extra", "'Extra' cannot be a name"),
    ("name: extra, ", "", "no metadata.name"),
    ("namespace: \"${place.namespace}\", ", "", "no metadata.namespace"),
    ("\"${place.namespace}\"", "default", "may add to 'a1b2c3-dev' only"),
    ("labels: \"${common.labels}\", ", "", "no label app.kubernetes.io/managed-by"),
    ("kind: ConfigMap", "kind: ConfigMap\ndata: {a: 1}", "data.a"),
  ])
  func addedObjects(_ part: String, _ replacement: String, _ message: String) throws {
    let compilation = try porter(Self.extra.replacing(part, with: replacement))
    #expect(compilation.findings.contains { $0.message.contains(message) }, "\(compilation.findingsText)")
    #expect(compilation.failed)
  }

  /// The identity of another object: of another unit's, and of one in the same unit.
  @Test func addedObjectsAreUnique() throws {
    let twice = try porter(
      Self.extra.replacing("kind: ConfigMap", with: "kind: TransportServerClaim")
        .replacing("apiVersion: v1", with: "apiVersion: porter.devops.gov.bc.ca/v1alpha1")
        .replacing("name: extra", with: "name: \"${claim.name}\"")
        + "\nspec: {service: \"${service.name}\", servicePort: \"${service.port}\", monitor: {type: tcp, interval: 10, timeout: 10}}"
    )
    #expect(twice.findings.contains { $0.rule.id == "LW1501" }, "\(twice.findingsText)")
    #expect(twice.failed)
  }

  /// A key is found wherever it stands in what a Secret holds, in Base64 too, whatever comes before it.
  @Test(arguments: 0..<4)
  func keysInBase64AreFound(_ before: Int) throws {
    let bundle = String(repeating: "c", count: 100 + before) + "\n-----BEGIN RSA PRIVATE KEY-----\nMIIB\n"
    let encoded = Data(bundle.utf8).base64EncodedString()
    let text = before == 3 ? "\(encoded.prefix(64))\\r\\n\(encoded.dropFirst(64))" : encoded
    let compilation = try porter(
      """
      -- templates/porter/+extra.yaml --
      $scope: claim
      apiVersion: v1
      kind: Secret
      metadata: {name: extra, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      data: {tls.pem: "\(text)"}
      """)
    #expect(compilation.findings.contains { $0.rule.id == "LW1606" }, "\(compilation.findingsText)")
  }

  // MARK: Sources of values

  /// A wrong value that was taken over whole is shown in the template and where it comes from.
  @Test func wrongValuesShowTheirSource() throws {
    let compilation = try porter(
      """
      -- templates/porter/+extra.yaml --
      $scope: claim
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: extra, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
      data: {port: "${service.port}"}
      """)
    let finding = try #require(compilation.findings.first { $0.rule.id == "LW1605" })
    #expect(finding.primary?.range.file.path == "templates/porter/+extra.yaml")
    let source = try #require(finding.secondary.first { $0.text == "the value comes from here" })
    #expect(source.range.file.path.hasPrefix("workloads/"))
    #expect(
      String(decoding: source.range.file.bytes[source.range.start..<source.range.end], as: UTF8.self)
        == "8000")
  }

  /// One fault in a template is one finding, however many objects show it.
  @Test func faultsAreSaidOnce() throws {
    let fleet = try FixtureFleet(directory: "Tests/CompilerTests/Cases/template-levels/input")
    let compilation = try fleet.overlaid(
      by: """
        -- templates/porter/network-policy.yaml --
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: ${policy.name}
          namespace: ${service.namespace}
          labels: ${common.labels}
          annotations: ${common.annotations}
        spec: {podSelector: "${policy.selector}", policyTypes: [Ingress], ingress: "${policy.peers[7].labels}"}
        """
    ).compile()
    let findings = compilation.findings.filter { $0.rule.id == "LW1602" }
    #expect(findings.count == 1 && findings[0].message.contains("index out of range"))
    #expect(findings[0].notes.contains { $0.hasSuffix("more objects") })
  }
}
