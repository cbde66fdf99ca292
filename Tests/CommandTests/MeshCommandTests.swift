import Foundation
import TestSupport
import Testing

/// A mesh at the command line: the request to the owners of firewalls, and the way from an unknown address to a known
/// one.
@Suite struct MeshCommandTests {
  private static func linkwright(_ arguments: String..., input: String = "") throws -> Program.Output {
    try FleetRepository.program.run(
      arguments, input: Array(input.utf8), environment: FleetRepository.environment)
  }

  /// A copy of an example or of a fleet of the tests, without output.
  private static func copy(_ directory: String) throws -> String {
    let place = NSTemporaryDirectory() + "linkwright-mesh-\(UUID().uuidString.prefix(8))"
    try FleetRepository.run(["cp", "-r", Repository.path(directory), place], in: "/")
    try? FileManager.default.removeItem(atPath: place + "/rendered")
    return place
  }

  private static func edit(_ path: String, _ change: (String) -> String) throws {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let new = change(text)
    #expect(new != text, "\(path) stays as it is")
    try new.write(toFile: path, atomically: true, encoding: .utf8)
  }

  // MARK: What must be open

  @Test func openingsOfTwoMembers() throws {
    let output = try Self.linkwright("explain", Repository.path("examples/clustermesh"), "mesh")
    #expect(output.status == 0, "\(output.errorText)")
    let lines = output.text.split(separator: "\n").map {
      $0.split(separator: " ").joined(separator: " ")
    }
    #expect(lines.contains("mesh: what must be open between 2 members"))
    #expect(lines.contains("cluster01 and cluster02"))
    func hasLine(_ parts: String...) -> Bool {
      lines.contains { line in parts.allSatisfy(line.contains) }
    }
    #expect(hasLine("cluster01 nodes", "-> cluster02", "/TCP", "cluster01 reads"))
    #expect(hasLine("cluster02 nodes", "-> cluster01", "/TCP", "cluster02 reads"))
    #expect(hasLine("<->", "8472/UDP", "vxlan"))
    #expect(hasLine("<->", "4240/TCP", "(recommended)"))
    #expect(hasLine("<->", "ICMP", "(recommended)"))
    #expect(hasLine("readers of the kubeconfigs ->", "[10.6.124.66]", "31936/TCP", "(optional)"))
    let named = try Self.linkwright("explain", Repository.path("examples/clustermesh"), "mesh", "-o", "text")
    #expect(named.text == output.text)
  }

  @Test func openingsAsJSON() throws {
    let output = try Self.linkwright(
      "explain", Repository.path("examples/clustermesh-five"), "shop", "-o", "json")
    #expect(output.status == 0, "\(output.errorText)")
    struct Link: Decodable {
      struct Pair: Decodable {
        struct Opening: Decodable {
          struct End: Decodable {
            let cluster: String?
            let what: String
            let addresses: [String]
          }
          let from: End
          let to: End
          let bothWays: Bool
          let port: Int?
          let `protocol`: String
          let need: String
        }
        let clusters: [String]
        let openings: [Opening]
      }
      let link: String
      let type: String
      let path: String
      let line: Int
      let pairs: [Pair]
    }
    let links = try JSONDecoder().decode([Link].self, from: Data(output.stdout))
    let shop = try #require(links.first)
    #expect(links.count == 1 && shop.link == "shop" && shop.type == "clusterMesh")
    #expect(shop.path == "links/shop.yaml" && shop.line == 4)
    // Ten pairs of five members, and a kubeconfig's reader for each of them.
    #expect(shop.pairs.count { $0.clusters.count == 2 } == 10)
    #expect(shop.pairs.count { $0.clusters.count == 1 } == 5)
    for pair in shop.pairs where pair.clusters.count == 2 {
      let state = pair.openings.filter { !$0.bothWays && $0.need == "required" }
      #expect(Set(state.map(\.from.cluster)) == Set(pair.clusters), "each reads the other: \(pair.clusters)")
      #expect(pair.openings.contains { $0.bothWays && $0.port == 8472 && $0.protocol == "UDP" })
    }
    // The address of a new member's load balancer is not known yet.
    let pending = shop.pairs.flatMap(\.openings).filter {
      $0.to.cluster == "nyc" && $0.to.what == "load balancer"
    }
    #expect(pending.count == 4 && pending.allSatisfy(\.to.addresses.isEmpty))
  }

  @Test func severalMeshesAndNone() throws {
    let place = try Self.copy("Tests/CompilerTests/Fleets/clustermesh")
    defer { try? FileManager.default.removeItem(atPath: place) }
    for (name, number) in [("north", 11), ("south", 12)] {
      try """
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: \(name)}
      spec:
        network: {podCIDRs: [10.\(number).0.0/16], serviceCIDRs: [10.1\(number).0.0/16], baseline: []}
        cilium:
          id: \(number)
          chartVersion: 1.20.0
          routingMode: native
          ipv4NativeRoutingCIDR: 10.0.0.0/8
          encryption: wireguard
          mesh: {serviceType: ClusterIP, ips: [10.1\(number).0.20]}

      """.write(toFile: "\(place)/clusters/\(name).yaml", atomically: true, encoding: .utf8)
    }
    try """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: other}
    spec:
      clusterMesh:
        members: [north, south]
        certificates: {method: cronJob, sharedAuthority: true}

    """.write(toFile: "\(place)/links/other.yaml", atomically: true, encoding: .utf8)
    let both = try Self.linkwright("explain", place, "mesh")
    #expect(both.status == 0, "\(both.errorText)")
    #expect(both.text.contains("mesh: what must be open") && both.text.contains("\nother: what must be open"))
    let one = try Self.linkwright("explain", place, "other")
    #expect(one.status == 0 && !one.text.contains("cluster01"))
    #expect(one.text.contains("north pods [10.11.0.0/16] <-> south pods [10.12.0.0/16]"), "\(one.text)")
    #expect(one.text.contains("all ports") && one.text.contains("51871/UDP"))
    #expect(one.text.contains("south cluster IP [10.112.0.20]") && one.text.contains("2379/TCP"))
    #expect(one.text.contains("nobody says which addresses the nodes of north, south have"), "\(one.text)")

    let none = try Self.linkwright("explain", Repository.path("examples/porter-pair"), "mesh")
    #expect(none.status == 2 && none.errorText.contains("the fleet has no mesh"), "\(none.errorText)")
    let porter = try Self.linkwright("explain", Repository.path("examples/porter-pair"), "gold-pair")
    #expect(porter.status == 2 && porter.errorText.contains("NAMESPACE/CONNECTION"), "\(porter.errorText)")
  }

  // MARK: From unknown to known

  /// The command that a pending fact names, as the build prints it.
  private static func commands(in text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      line.firstRange(of: "kubectl ").map { String(line[$0.lowerBound...]) }
    }
  }

  @Test func addressesOfNodesAreObserved() throws {
    let place = try Self.copy("Tests/CompilerTests/Fleets/clustermesh")
    defer { try? FileManager.default.removeItem(atPath: place) }
    try Self.edit("\(place)/clusters/cluster02.yaml") {
      $0.replacing("mesh: {ips: [10.6.124.67, 10.6.125.67]}", with: "mesh: {serviceType: NodePort}")
    }
    let first = try Self.linkwright("build", place)
    #expect(first.status == 0, "\(first.errorText)")
    #expect(
      Self.commands(in: first.errorText) == [
        "kubectl --context cluster02 -n kube-system get nodes,svc -o yaml | linkwright observe --cluster cluster02 -f -"
      ], "\(first.errorText)")
    let values = "\(place)/rendered/cluster01/fragments/cilium-values.yaml"
    #expect(try !String(contentsOfFile: values, encoding: .utf8).contains("cluster02:"))

    // As kubectl prints several kinds: one list.
    let nodes = (1...4).map { number in
      """
      - apiVersion: v1
        kind: Node
        metadata:
          creationTimestamp: "2026-01-0\(number)T10:00:00Z"
          labels: {kubernetes.io/hostname: node-\(number)}
          name: node-\(number)
          resourceVersion: "\(number)81"
        spec: {podCIDR: 10.2.\(number).0/24}
        status:
          addresses:
          - {address: 10.6.124.8\(number), type: InternalIP}
          - {address: node-\(number), type: Hostname}
          capacity: {cpu: "4"}
          conditions:
          - {type: Ready, status: "True", lastHeartbeatTime: "2026-11-25T10:00:00Z"}

      """
    }.joined()
    let dump =
      "apiVersion: v1\nkind: List\nmetadata: {resourceVersion: \"\"}\nitems:\n" + nodes + """
        - apiVersion: v1
          kind: Service
          metadata: {name: clustermesh-apiserver, namespace: kube-system, uid: 1234}
          spec:
            type: NodePort
            clusterIP: 10.102.0.17
            selector: {k8s-app: clustermesh-apiserver}
            ports: [{nodePort: 32379, port: 2379, protocol: TCP, targetPort: 2379}]
          status: {loadBalancer: {}}

        """
    let observed = try Self.linkwright("observe", place, "--cluster", "cluster02", "-f", "-", input: dump)
    #expect(observed.status == 0, "\(observed.errorText)")
    let record = try FleetRepository.run(["grep", "-rh", "", "\(place)/observed/cluster02"], in: "/")
    #expect(record.contains("10.6.124.81") && !record.contains("lastHeartbeatTime"), "\(record)")

    let second = try Self.linkwright("build", place)
    #expect(second.status == 0 && Self.commands(in: second.errorText).isEmpty, "\(second.errorText)")
    let text = try String(contentsOfFile: values, encoding: .utf8)
    #expect(
      text.contains("- 10.6.124.81") && text.contains("- 10.6.124.83") && !text.contains("10.6.124.84"),
      "the first three nodes: \(text)")
    #expect(text.contains("port: 32379"))
    // The same answer again changes nothing.
    let again = try Self.linkwright("observe", place, "--cluster", "cluster02", "-f", "-", input: dump)
    #expect(again.status == 0)
    #expect(try Self.linkwright("check", place).status == 0)
  }

  @Test(arguments: [
    (
      "LoadBalancer", "status: {loadBalancer: {ingress: [{ip: 203.0.113.9}, {ip: 203.0.113.10}]}}",
      ["- 203.0.113.9", "- 203.0.113.10"]
    ),
    (
      "LoadBalancer", "status: {loadBalancer: {ingress: [{hostname: mesh.example.com}]}}",
      ["address: mesh.example.com"]
    ),
    ("ClusterIP", "status: {loadBalancer: {}}", ["- 10.102.0.17"]),
  ])
  func addressOfServiceIsObserved(_ type: String, _ status: String, _ wanted: [String]) throws {
    let place = try Self.copy("Tests/CompilerTests/Fleets/clustermesh")
    defer { try? FileManager.default.removeItem(atPath: place) }
    try Self.edit("\(place)/clusters/cluster02.yaml") {
      $0.replacing("mesh: {ips: [10.6.124.67, 10.6.125.67]}", with: "mesh: {serviceType: \(type)}")
    }
    let first = try Self.linkwright("build", place)
    #expect(
      Self.commands(in: first.errorText) == [
        "kubectl --context cluster02 -n kube-system get svc -o yaml | linkwright observe --cluster cluster02 -f -"
      ], "\(first.errorText)")
    let dump = """
      apiVersion: v1
      kind: List
      items:
      - apiVersion: v1
        kind: Service
        metadata: {name: clustermesh-apiserver, namespace: kube-system}
        spec: {type: \(type), clusterIP: 10.102.0.17, ports: [{port: 2379, protocol: TCP, targetPort: 2379}]}
        \(status)

      """
    let observed = try Self.linkwright("observe", place, "--cluster", "cluster02", "-f", "-", input: dump)
    #expect(observed.status == 0, "\(observed.errorText)")
    let second = try Self.linkwright("build", place)
    #expect(second.status == 0 && Self.commands(in: second.errorText).isEmpty, "\(second.errorText)")
    let text = try String(
      contentsOfFile: "\(place)/rendered/cluster01/fragments/cilium-values.yaml", encoding: .utf8)
    for line in wanted + ["port: 2379"] { #expect(text.contains(line), "\(text)") }
  }
}
