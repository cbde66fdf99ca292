import Diagnostics
import Foundation
import Linker
import Output
import Templates
import TestSupport
import Testing

@testable import Compiler

/// Templates that a fleet adds, on the occasions of every link type.
@Suite struct ExtraTemplateTests {
  /// A ConfigMap that says all that its occasion knows.
  private static func extra(_ scope: String, _ name: String, _ values: String) -> [UInt8] {
    Array(
      """
      $scope: \(scope)
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: "\(name)"
        namespace: ${place.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      data:
        place: ${place.cluster}/${place.namespace}
        connections: ${connections.join(" ")}
        values: "\(values)"

      """.utf8)
  }

  struct Occasion: Sendable, CustomTestStringConvertible {
    let fleet: String
    let folder: String
    let scope: String
    let name: String
    let values: String
    /// Path below `rendered/`, and the data.
    let objects: [(path: String, place: String, connections: String, values: String)]

    var testDescription: String { "\(fleet) \(scope)" }
  }

  private static let service = "${link} ${service.namespace}/${service.name} ${exporters.join(',')}"
  private static let gateway =
    "${link} ${gateway.namespace}/${gateway.name.orValue('none')} ${gateway.network.orValue('none')} ${gateway.labels['app']}"

  static let occasions: [Occasion] = [
    Occasion(
      fleet: "gateway-dns", folder: "gateway-dns", scope: "gateway", name: "extra-${gateway.service.name}",
      values:
        "${link} ${gateway.cluster} ${gateway.service.namespace}/${gateway.service.name} ${gateway.suffix}",
      objects: [
        (
          "cluster-a/manifests/projectcontour/configmap-extra-envoy.yaml", "cluster-a/projectcontour", "",
          "dev-team-gateway-dns cluster-a projectcontour/envoy gateway.cluster-a.dev-team.clusters.xcc.test"
        ),
        (
          "cluster-b/manifests/projectcontour/configmap-extra-envoy.yaml", "cluster-b/projectcontour", "",
          "dev-team-gateway-dns cluster-b projectcontour/envoy gateway.cluster-b.dev-team.clusters.xcc.test"
        ),
      ]),
    Occasion(
      fleet: "gateway-dns", folder: "gateway-dns", scope: "client", name: "extra-${service.name}",
      values:
        "${link} ${service.namespace}/${service.name} ${target.cluster} ${external.host}:${string(external.port)}",
      objects: [
        (
          "cluster-b/manifests/default/configmap-extra-kuard.yaml", "cluster-b/default", "default/kuard",
          "dev-team-gateway-dns default/kuard cluster-a kuard.gateway.cluster-a.dev-team.clusters.xcc.test:80"
        )
      ]),
    Occasion(
      fleet: "tetrate-bookinfo-gitops", folder: "tetrate", scope: "gateway", name: "extra-gateway",
      values: gateway,
      objects: [
        (
          "cluster-1/manifests/eastwest/configmap-extra-gateway.yaml", "cluster-1/eastwest", "",
          "bookinfo-east-west eastwest/eastwest-gateway cluster-1-network eastwest-gateway"
        )
      ]),
    Occasion(
      fleet: "tetrate-bookinfo-gitops", folder: "tetrate", scope: "target", name: "extra-${service.name}",
      values: service,
      objects: [
        (
          "cluster-1/manifests/bookinfo/configmap-extra-details.yaml", "cluster-1/bookinfo",
          "bookinfo/bookinfo", "bookinfo-east-west bookinfo/details "
        ),
        (
          "cluster-1/manifests/bookinfo/configmap-extra-productpage.yaml", "cluster-1/bookinfo",
          "bookinfo/bookinfo", "bookinfo-east-west bookinfo/productpage "
        ),
      ]),
    Occasion(
      fleet: "tetrate-bookinfo-istio", folder: "tetrate", scope: "client", name: "extra-${service.name}",
      values: service,
      objects: [
        (
          "cluster-2/manifests/bookinfo/configmap-extra-details.yaml", "cluster-2/bookinfo",
          "bookinfo/bookinfo", "bookinfo-east-west bookinfo/details cluster-1"
        ),
        (
          "cluster-2/manifests/bookinfo/configmap-extra-productpage.yaml", "cluster-2/bookinfo",
          "bookinfo/bookinfo", "bookinfo-east-west bookinfo/productpage cluster-1"
        ),
      ]),
    Occasion(
      fleet: "tetrate-bookinfo-istio", folder: "tetrate", scope: "gateway", name: "extra-gateway",
      values: "${link} ${gateway.namespace} ${gateway.labels['istio']}",
      objects: [
        (
          "cluster-1/manifests/istio-system/configmap-extra-gateway.yaml", "cluster-1/istio-system", "",
          "bookinfo-east-west istio-system eastwestgateway"
        )
      ]),
  ]

  @Test(arguments: occasions)
  func everyOccasionAddsItsObjects(_ occasion: Occasion) throws {
    var files = try FixtureFleet(directory: "examples/\(occasion.fleet)").files.filter {
      !$0.key.hasPrefix("rendered/")
    }
    let before = try FixtureFleet(files).compile()
    files["templates/\(occasion.folder)/+extra.yaml"] = Self.extra(
      occasion.scope, occasion.name, occasion.values)
    let compilation = try FixtureFleet(files).compile()
    #expect(!compilation.failed, "\(compilation.findingsText)")
    let added = compilation.output.files.filter { $0.path.contains("configmap-extra") }
    #expect(added.map(\.path).sorted() == occasion.objects.map { "rendered/\($0.path)" })
    for object in occasion.objects {
      let file = added.first { $0.path == "rendered/\(object.path)" }
      let text = String(decoding: file?.content ?? [], as: UTF8.self)
      for (key, value) in [
        ("place", object.place), ("connections", object.connections), ("values", object.values),
      ] {
        #expect(
          text.contains("  \(key): \(value)\n") || text.contains("  \(key): \"\(value)\"\n"),
          "\(key) of \(text)")
      }
      #expect(text.contains("app.kubernetes.io/managed-by: linkwright"))
    }
    // Nothing else changes but the lists of files.
    let others = { (compilation: Compilation) in
      compilation.output.files.filter {
        !$0.path.contains("configmap-extra") && !$0.path.hasSuffix(".lock")
          && !$0.path.hasSuffix("kustomization.yaml")
      }.map(\.path)
    }
    #expect(others(compilation) == others(before))
  }

  /// Every occasion that a link type declares is described in the guide.
  @Test func theGuideListsEveryOccasion() throws {
    let guide = try String(contentsOfFile: Repository.path("docs/templates.md"), encoding: .utf8)
    for (key, folder) in LinkRegistry.folders {
      guard let type = LinkRegistry.types.first(where: { $0.descriptor.key == key }) else { continue }
      #expect(!type.descriptor.extras.isEmpty, "\(key) adds nothing")
      for scope in type.descriptor.extras {
        #expect(guide.contains("| \(folder) `\(scope.name)` | "), "\(folder) \(scope.name)")
      }
    }
  }
}
