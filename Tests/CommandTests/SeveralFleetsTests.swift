import Foundation
import TestSupport
import Testing

/// Several fleets in one repository: each `linkwright.yaml` is a root of its own.
@Suite struct SeveralFleetsTests {
  @Test func fleetsDoNotSeeEachOther() throws {
    let repository = try FleetRepository(prefix: "pair/")
    for (name, cluster) in [("north", "gold"), ("south", "silver")] {
      try repository.write(
        "../\(name)/linkwright.yaml",
        "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata: {name: \(name)}\n")
      try repository.write(
        "../\(name)/clusters/\(cluster).yaml",
        "apiVersion: linkwright.dev/v1alpha1\nkind: Cluster\nmetadata: {name: \(cluster)}\n")
      try repository.write(
        "../\(name)/in/\(cluster).yaml",
        """
        apiVersion: porter.devops.gov.bc.ca/v1alpha1
        kind: TransportServerClaim
        metadata: {name: web-tsc, namespace: a1b2c3-dev}
        spec: {service: web, servicePort: 8000, monitor: {type: tcp, interval: 10, timeout: 10}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: a1b2c3-dev}
        spec: {type: NodePort, selector: {app: web}, ports: [{port: 8000}]}

        """)
      let adopted = try repository.linkwright(
        "adopt", name, "--cluster", "\(cluster)=\(name)/in/\(cluster).yaml")
      #expect(adopted.text.contains("links/\(cluster).yaml"), "\(adopted.text)\(adopted.errorText)")
      let built = try repository.linkwright("build", name, "--quiet")
      #expect(built.status == 0, "\(built.errorText)")
    }
    for (name, own, other) in [("north", "gold", "silver"), ("south", "silver", "gold")] {
      let rendered = try FileManager.default.contentsOfDirectory(
        atPath: "\(repository.path)/\(name)/rendered")
      #expect(rendered.contains(own) && !rendered.contains(other), "\(rendered)")
      #expect(try repository.linkwright("check", name, "--quiet").status == 0)
    }
  }
}
