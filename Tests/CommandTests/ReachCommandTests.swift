import Foundation
import TestSupport
import Testing

/// `linkwright reach --manifests`, as somebody asks it on the command line.
@Suite struct ReachCommandTests {
  private static func reach(
    _ arguments: [String], _ manifests: String? = nil, profile: String = "calico"
  ) throws -> Program.Output {
    try FleetRepository.program.run(
      ["reach", "--profile", profile] + (manifests == nil ? [] : ["--manifests", "-"]) + arguments,
      input: manifests.map { Array($0.utf8) } ?? [], in: Repository.path("examples"))
  }

  private static func pod(
    _ name: String, _ labels: String, owner: String? = nil, address: String? = nil
  ) -> String {
    let parts = name.split(separator: "/")
    let owners =
      owner.map {
        ", ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: \($0), uid: u, controller: true}]"
      } ?? ""
    return """
      apiVersion: v1
      kind: Pod
      metadata: {name: \(parts[1]), namespace: \(parts[0]), labels: {\(labels)}\(owners)}
      spec: {containers: []}
      status: {\(address.map { "podIP: \($0)" } ?? "")}
      ---

      """
  }

  private static func policy(_ name: String, _ spec: String) -> String {
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: \(name), namespace: x}\nspec: {\(spec)}\n---\n"
  }

  /// a may go to b's port 8080 only; c is two kinds of pods.
  private static let manifests =
    pod("x/a", "app: a", address: "10.0.0.1") + pod("x/b", "app: b", address: "10.0.0.2")
    + pod("x/c-1", "app: c, tier: x", owner: "c") + pod("x/c-2", "app: c", owner: "c")
      + """
      apiVersion: v1
      kind: Service
      metadata: {name: s, namespace: x}
      spec: {clusterIP: 10.96.0.20, selector: {app: b}, ports: [{port: 80, targetPort: 8080}]}
      ---

      """
    + policy(
      "a",
      "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{protocol: UDP, port: 53}]}, {to: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: 8080}]}]"
    )
    + policy("c", "podSelector: {matchLabels: {tier: x}}, policyTypes: [Ingress]")

  /// An address that the manifests give to a pod is that pod.
  @Test(arguments: [
    ("x/a", "10.0.0.2", "8080", true), ("x/a", "10.0.0.2", "8081", false),
    ("10.0.0.1", "x/b", "8080", true), ("10.0.0.1", "x/b", "9999", false), ("10.9.9.9", "x/b", "9999", true),
  ])
  func addressesOfPods(_ from: String, _ to: String, _ port: String, _ passes: Bool) throws {
    let output = try Self.reach(["--from", from, "--to", to, "--port", port], Self.manifests)
    #expect(output.status == (passes ? 0 : 1), "\(output.text)\(output.errorText)")
    #expect(output.text.contains(passes ? " passes\n" : " does not pass\n"))
    for (address, name) in [("10.0.0.1", "x/a[Pod]"), ("10.0.0.2", "x/b[Pod]")]
    where [from, to].contains(address) {
      #expect(output.text.contains("  \(address) is \(name)\n"), "\(output.text)")
    }
  }

  /// Policies are about pods: who asks for a Service is told whom to ask for.
  @Test(arguments: ["x/s", "10.96.0.20"]) func services(_ name: String) throws {
    let output = try Self.reach(["--from", "x/a", "--to", name, "--port", "80"], Self.manifests)
    #expect(output.status == 2 && output.stdout.isEmpty)
    #expect(output.errorText.contains("Service"), "\(output.errorText)")
    #expect(output.errorText.contains("ask for x/b, port 8080"), "\(output.errorText)")
  }

  /// Pods of one owner that policies tell apart are each answered for, and can be asked for by their own names.
  @Test func podsOfOneOwner() throws {
    func ask(_ to: String) throws -> (status: Int32, lines: [Substring]) {
      let output = try Self.reach(["--from", "x/b", "--to", to, "--port", "80"], Self.manifests)
      return (output.status, output.text.split(separator: "\n").filter { $0.contains(" => ") })
    }
    let closed = "x/b[Pod] => x/c[DaemonSet] : TCP 80 does not pass"
    let open = "x/b[Pod] => x/c[DaemonSet]#c-2 : TCP 80 passes"
    #expect(try ask("x/c") == (1, [closed[...], open[...]]))
    #expect(try ask("x/c[DaemonSet]#c-2") == (0, [open[...]]))
    #expect(try ask("x/c-2") == (0, [open[...]]))
    #expect(try ask("x/c-1") == (1, ["x/b[Pod] => x/c[DaemonSet]#c-1 : TCP 80 does not pass"]))
  }

  @Test func nobodyOfThatName() throws {
    let output = try Self.reach(["--from", "x/a", "--to", "x/bb", "--port", "80"], Self.manifests)
    #expect(output.status == 2 && output.errorText.contains("did you mean 'x/b'?"), "\(output.errorText)")
  }

  /// The tiers of administrators are asked in their order; who is not asked is marked.
  @Test func tracesInTheOrderOfEvaluation() throws {
    let tiers = """
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: BaselineAdminNetworkPolicy
      metadata: {name: default}
      spec: {subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
      ---
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: AdminNetworkPolicy
      metadata: {name: late}
      spec: {priority: 20, subject: {namespaces: {}}, ingress: [{name: pass-web, action: Pass, from: [{namespaces: {}}], ports: [{portNumber: {port: 443, protocol: TCP}}]}]}
      ---
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: AdminNetworkPolicy
      metadata: {name: early}
      spec: {priority: 10, subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 22, protocol: TCP}}]}]}
      ---

      """
    let own = Self.policy(
      "own",
      "podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 443}]}]")
    func decisions(_ port: String) throws -> [String] {
      let output = try Self.reach(
        ["--from", "x/c-2", "--to", "x/b", "--port", port], Self.manifests + tiers + own,
        profile: "ovn-kubernetes")
      let lines = output.text.split(separator: "\n").drop { !$0.contains("ingress of x/b") }
      return lines.dropFirst().map { $0.split(separator: ":").dropFirst(2).joined(separator: ":") }
    }
    let notAsked = " (not asked: decided before)"
    #expect(
      try decisions("22") == [
        " AdminNetworkPolicy early: ingress rule 1 denies it",
        " AdminNetworkPolicy late: ingress rule 1 'pass-web': other ports\(notAsked)",
        " NetworkPolicy x/own: ingress rule 1: other ports\(notAsked)",
        " BaselineAdminNetworkPolicy default: ingress rule 1 denies it\(notAsked)",
      ])
    #expect(
      try decisions("443") == [
        " AdminNetworkPolicy early: ingress rule 1: other ports",
        " AdminNetworkPolicy late: ingress rule 1 'pass-web' passes on it",
        " NetworkPolicy x/own: ingress rule 1 admits it",
        " BaselineAdminNetworkPolicy default: ingress rule 1 denies it\(notAsked)",
      ])
  }

  /// A protocol that stands for several is one rule all the same.
  @Test func rulesAreNamedOnce() throws {
    let cilium = """
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: n, namespace: x}
      spec: {endpointSelector: {matchLabels: {app: b}}, ingress: [{fromEndpoints: [{}], toPorts: [{ports: [{port: "80", protocol: ANY}]}]}]}

      """
    let output = try Self.reach(
      ["--from", "x/c-2", "--to", "x/b", "--port", "81"], Self.manifests + cilium, profile: "cilium-1.19")
    #expect(output.status == 1)
    #expect(
      output.text.contains("CiliumNetworkPolicy x/n: ingress rule 1: other ports\n"), "\(output.text)")
  }

  /// NetworkPolicies do not govern a second network of both pods.
  @Test func networksBesideTheClusters() throws {
    let text =
      ["x/a", "x/b"].map { name in
        Self.pod(name, "app: a").replacing(
          "labels: {", with: "annotations: {k8s.v1.cni.cncf.io/networks: lan}, labels: {")
      }.joined() + Self.pod("x/c", "app: c")
      + Self.policy("closed", "podSelector: {}, policyTypes: [Ingress, Egress]")
    func ask(_ to: String, _ profile: String) throws -> (status: Int32, text: String) {
      let output = try Self.reach(["--from", "x/a", "--to", to, "--port", "80"], text, profile: profile)
      return (output.status, output.text)
    }
    let (status, answer) = try ask("x/b", "ovn-kubernetes")
    #expect(status == 1)
    #expect(
      answer.hasPrefix(
        """
        x/a[Pod] => x/b[Pod] : TCP 80 depends: what passes by a second network of both, which NetworkPolicies do not govern
          both are on the network 'lan' too: it may pass there
          egress of x/a[Pod]: denied

        """), "\(answer)")
    let conventions = try ask("x/b", "np-guard")
    #expect(conventions.status == 0)
    #expect(
      conventions.text.hasPrefix(
        "x/a[Pod] => x/b[Pod] : TCP 80 passes\n  both are on the network 'lan' too\n"), "\(conventions.text)")
    #expect(try ask("x/c", "ovn-kubernetes").text.hasPrefix("x/a[Pod] => x/c[Pod] : TCP 80 does not pass\n"))
  }

  // MARK: Command lines

  /// What the answer could not follow is refused.
  @Test(arguments: [
    (
      ["--manifests", "-", "-o", "json", "--from", "x/a", "--to", "x/b", "--port", "1"],
      "--output is for lists"
    ),
    (["--manifests", "-", "--against", "-", "-o", "csv"], "--against prints a text"),
    (["--manifests", "-", "--against", "-", "--from", "x/a"], "--against prints a text"),
    (["--manifests", "-", "--from", "x/a"], "needs --from, --to and --port"),
    (["--against", "-"], "--against needs --manifests"),
    (["--manifests", "-", "--from", "10.0.0.8", "--to", "10.0.0.9", "--port", "1"], "one end must be a pod"),
    (["--manifests", "-", "--from", "x/a", "--to", "x/b", "--port", "0"], "'0' is no port"),
  ])
  func isRefused(_ arguments: [String], _ message: String) throws {
    let output = try FleetRepository.program.run(
      ["reach"] + arguments, input: Array(Self.manifests.utf8), in: Repository.path("examples"))
    #expect(output.status == 2 && output.stdout.isEmpty, "\(output.text)")
    #expect(output.errorText.contains(message), "\(output.errorText)")
  }

  /// A directory as `DirectorySnapshot` finds it, for the length of a test.
  private final class Folder {
    let path: String

    init(_ files: [String: String]) throws {
      path = NSTemporaryDirectory() + "reach-\(UUID().uuidString)"
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for (name, text) in files {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
      }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Where there is nothing to list, that is said: a job that points at the wrong directory is not green without a word.
  @Test func nothingToList() throws {
    for files in [[:], ["notes.txt": "a"]] {
      let folder = try Folder(files)
      let output = try Self.reach(["--manifests", folder.path])
      #expect(output.status == 2 && output.stdout.isEmpty)
      #expect(output.errorText.contains("no file in \(folder.path) ends in .yaml, .yml or .json"))
    }
    let policies = try Folder(["policy.yaml": Self.policy("n", "podSelector: {}")])
    let output = try Self.reach(["--manifests", policies.path])
    #expect(output.status == 0 && output.stdout.isEmpty)
    #expect(output.errorText.contains("there is no workload in \(policies.path)"), "\(output.errorText)")
    let unnamed = Self.pod("x/a", "app: a").replacing("name: a,", with: "generateName: a-,")
    let nameless = try Self.reach([], unnamed)
    #expect(nameless.errorText.contains("this Pod has no metadata.name"), "\(nameless.errorText)")
  }

  /// A kustomization is not built, and that is said.
  @Test func kustomizations() throws {
    let folder = try Folder([
      "kustomization.yaml": "namespace: prod\nresources: [pod.yaml]\n", "pod.yaml": Self.pod("x/a", "app: a"),
    ])
    let output = try Self.reach(["--manifests", folder.path])
    #expect(output.status == 0 && output.text.contains("x/a[Pod]"))
    #expect(output.errorText.contains("a kustomization is not built"), "\(output.errorText)")
  }

  /// A difference is a finding, for a gate.
  @Test func differences() throws {
    let open = try Folder(["a.yaml": Self.pod("x/a", "app: a") + Self.pod("x/b", "app: b")])
    let closed = try Folder([
      "a.yaml": Self.pod("x/a", "app: a") + Self.pod("x/b", "app: b") + Self.policy("n", "podSelector: {}")
    ])
    let same = try Self.reach(["--manifests", open.path, "--against", open.path])
    #expect(same.status == 0 && same.stdout.isEmpty)
    let changed = try Self.reach(["--manifests", closed.path, "--against", open.path, "-o", "text"])
    #expect(changed.status == 1)
    #expect(
      changed.text.contains(
        "diff-type: removed, source: x/a[Pod], destination: x/b[Pod], dir1: All Connections, dir2: No Connections\n"
      ), "\(changed.text)")
  }

  /// A habit of many policies is told a few times, unless everything is asked for.
  @Test func manyWarningsOfOneRule() throws {
    let policies = (1...25).map { Self.policy("n\($0)", "podSelector: {matchLabels: {app: nobody}}") }
      .joined()
    let text = Self.pod("x/a", "app: a") + policies
    func warnings(_ more: String...) throws -> Int {
      let output = try Self.reach(more, text)
      let all = output.errorText + output.text
      #expect(more.isEmpty == all.contains("5 more warnings of LW7103 are left out"), "\(more)")
      return all.components(separatedBy: "LW7103").count - 1
    }
    #expect(try warnings() == 21)
    #expect(try warnings("--verbose") == 25)
    #expect(try warnings("--format", "json") >= 25)
  }

  /// Sets of manifests with namespaces x, y and z are common: the letters are meant, and kubectl is told of.
  @Test func lettersAreText() throws {
    let manifests =
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: y, labels: {ns: y}}\n---\n"
      + Self.pod("y/a", "pod: a") + Self.pod("x/n", "pod: n")
      + Self.policy(
        "p",
        "podSelector: {matchLabels: {pod: n}}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}]"
      )
    let output = try Self.reach([], manifests)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text.contains("y/a[Pod] => x/n[Pod] : All Connections"), "\(output.text)")
    #expect(!output.text.contains("default/"), "\(output.text)")
    #expect(output.errorText.contains("warning[LW7014]: 'y' is true to kubectl"), "\(output.errorText)")
    #expect(!output.errorText.contains("LW7005"), "\(output.errorText)")
  }

  /// What an API server refuses in a workload is told at its place; the pods are listed.
  @Test(arguments: [
    ("containerPort: x80", "containerPort must be an integer, but 'x80' is a string"),
    ("containerPort: 70000", "containerPort 70000 is not between 1 and 65535"),
    ("containerPort: 0", "containerPort 0 is not between 1 and 65535"),
    ("name: http", "a port has no containerPort"),
    ("containerPort: 80, protocol: tcp", "there is no protocol 'tcp'"),
  ])
  func portsThatAreNone(_ port: String, _ message: String) throws {
    let pod = Self.pod("x/a", "app: a").replacing(
      "containers: []", with: "containers: [{name: c, ports: [{\(port)}]}]")
    let output = try Self.reach([], pod + Self.pod("x/b", "app: b"))
    #expect(output.status == 0, "\(output.errorText)")
    #expect(
      output.errorText.contains("warning[LW7011]: Pod a is refused: \(message)\n --> <standard input>:4:"),
      "\(output.errorText)")
    #expect(output.text.contains("x/a[Pod] => x/b[Pod] : All Connections"), "\(output.text)")
  }
}
