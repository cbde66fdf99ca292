import Compiler
import Diagnostics
import Foundation
import Testing

@Suite struct RecordTests {
  private let manifests = """
    apiVersion: apps/v1
    kind: StatefulSet
    metadata:
      name: patroni
      namespace: c6af30-prod
      labels: {app: patroni}
      annotations:
        argocd.argoproj.io/sync-wave: "2"
        linkwright.dev/ignore: "LW2104: booked"
        checksum/config: 0a1b
    spec:
      replicas: 3
      selector: {matchLabels: {app: patroni}}
      template:
        metadata:
          labels: {app: patroni}
          annotations: {checksum/secret: ff}
        spec:
          hostNetwork: false
          containers:
          - name: postgres
            image: registry/patroni:3
            command: [sh, -c, "echo hunter2"]
            env:
            - {name: PASSWORD, value: hunter2}
            ports:
            - {containerPort: 5432, name: pg, protocol: TCP}
          - name: exporter
          volumes: [{name: v, secret: {secretName: s}}]
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: patroni-master, labels: {app: patroni}, annotations: {note: hunter2}}
    spec: {type: NodePort, selector: {app: patroni, role: master}, ports: [{port: 5432, targetPort: pg}], sessionAffinity: None}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: c6af30-prod}
    spec: {podSelector: {}, ingress: [], policyTypes: [Ingress]}
    ---
    apiVersion: v1
    kind: Namespace
    metadata: {name: c6af30-prod, labels: {environment: prod}, uid: 77}
    ---
    apiVersion: v1
    kind: Secret
    metadata: {name: s, namespace: c6af30-prod}
    data: {password: aHVudGVyMg==}
    ---
    apiVersion: v1
    kind: Pod
    metadata:
      name: patroni-0
      namespace: c6af30-prod
      ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: patroni, controller: true}]
    ---
    apiVersion: rbac.authorization.k8s.io/v1
    kind: Role
    metadata: {name: ci, namespace: c6af30-tools}
    rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]

    """

  private func record(
    _ text: String, existing: [SourceFile] = [], options: Record.Options? = nil
  ) throws -> Recording {
    var chosen = options ?? Record.Options()
    if chosen.defaultNamespace == nil { chosen.defaultNamespace = "c6af30-prod" }
    return Record.reduce(
      [source(text)], from: try RecordSource("https://github.com/bcgov/sso-helm-charts@345db8f"),
      at: try place(.recorded), existing: existing, options: chosen)
  }

  @Test func keepsWhatLinkwrightReads() throws {
    let result = try record(manifests)
    #expect(result.findings.map(\.message) == [])
    #expect(
      result.files.map(\.path) == [
        "recorded/gold/_cluster.yaml", "recorded/gold/c6af30-prod.yaml", "recorded/gold/c6af30-tools.yaml",
      ])
    #expect(
      result.text("recorded/gold/c6af30-prod.yaml") == """
        # Recorded from https://github.com/bcgov/sso-helm-charts@345db8f by 'linkwright record'; do not edit.
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: deny
          namespace: c6af30-prod
        spec:
          ingress: []
          podSelector: {}
          policyTypes:
          - Ingress
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: patroni-master
          namespace: c6af30-prod
          labels:
            app: patroni
        spec:
          ports:
          - port: 5432
            targetPort: pg
          selector:
            app: patroni
            role: master
          sessionAffinity: None
          type: NodePort
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          name: patroni
          namespace: c6af30-prod
          annotations:
            argocd.argoproj.io/sync-wave: "2"
            linkwright.dev/ignore: "LW2104: booked"
          labels:
            app: patroni
        spec:
          replicas: 3
          selector:
            matchLabels:
              app: patroni
          template:
            metadata:
              labels:
                app: patroni
            spec:
              containers:
              - name: postgres
                ports:
                - name: pg
                  containerPort: 5432
                  protocol: TCP
              - name: exporter
              hostNetwork: false

        """)
    #expect(
      result.text("recorded/gold/_cluster.yaml")?.hasSuffix(
        """
        apiVersion: v1
        kind: Namespace
        metadata:
          name: c6af30-prod
          labels:
            environment: prod

        """) == true)
    #expect(
      result.summary == [
        "recorded 5 objects of gold in 3 files: 3 written, 0 removed", "left out: 1 Pod, 1 Secret",
      ])
    for file in result.files {
      let text = String(decoding: file.content ?? [], as: UTF8.self)
      for secret in ["hunter2", "aHVudGVyMg", "PASSWORD", "checksum"] { #expect(!text.contains(secret)) }
    }
  }

  @Test func recordingARecordChangesNothing() throws {
    let files = try record(manifests).applied(to: [])
    let again = Record.reduce(
      files, from: try RecordSource("https://github.com/bcgov/sso-helm-charts@345db8f"),
      at: try place(.recorded),
      existing: files)
    #expect(again.findings.map(\.message) == [])
    #expect(again.files.isEmpty)
  }

  @Test func theWholeClusterIsReplaced() throws {
    let before = try record(manifests).applied(to: [])
    let foreign = source("a: 1\n", "recorded/gold/notes.yaml")
    let result = try record(
      "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: other}}", existing: before + [foreign])
    #expect(
      result.removed == [
        "recorded/gold/_cluster.yaml", "recorded/gold/c6af30-prod.yaml", "recorded/gold/c6af30-tools.yaml",
      ])
    #expect(result.text("recorded/gold/other.yaml") != nil)
  }

  @Test func namespacesLimitWhatIsReplaced() throws {
    let before = try record(manifests).applied(to: [])
    var options = Record.Options()
    options.namespaces = ["c6af30-tools"]
    let result = try record(
      manifests.replacingOccurrences(of: "verbs: [get]", with: "verbs: [list]"), existing: before,
      options: options)
    #expect(result.files.map(\.path) == ["recorded/gold/c6af30-tools.yaml"])
    #expect(result.text("recorded/gold/c6af30-tools.yaml")?.contains("- list") == true)
    options.namespaces = ["c6af30-prod"]
    #expect(try record(manifests, existing: before, options: options).files.isEmpty)
    options.namespaces = ["nothing-here"]
    #expect(try record(manifests, existing: before, options: options).findings.map(\.rule.id) == ["LW1404"])
  }

  @Test func aHandWrittenFileIsNotOverwritten() throws {
    let mine = source("# mine\n", "recorded/gold/c6af30-prod.yaml")
    let result = try record(manifests, existing: [mine])
    #expect(result.findings.map(\.rule.id) == ["LW1408"])
    #expect(result.files.isEmpty)
  }

  @Test(arguments: [
    "", "apiVersion: v1\nkind: List\nitems: []\n", "{apiVersion: v1, kind: Secret, metadata: {name: s}}",
  ])
  func inputWithoutManifestsRemovesNothing(_ text: String) throws {
    let before = try record(manifests).applied(to: [])
    let result = try record(text, existing: before)
    #expect(result.findings.map(\.rule.id) == ["LW1404"])
    #expect(result.files.isEmpty)
  }

  @Test(arguments: [
    "bcgov/sso-helm-charts@345db8f", "git@github.com:bcgov/x.git@345DB8F",
    "x@0123456789012345678901234567890123456789",
    "ssh://git@github.com/bcgov/x@345db8f",
  ])
  func sourcesThatAreOne(_ text: String) throws {
    #expect(try RecordSource(text).text == text)
  }

  @Test(arguments: [
    "", "@345db8f", "repo", "repo@", "repo@main", "repo@345db8", "repo@345db8g",
    "x@01234567890123456789012345678901234567890", "a b@345db8f", "a\n- x@345db8f",
    "https://user:token@github.com/bcgov/x@345db8f", "https://token@github.com/bcgov/x@345db8f",
  ])
  func sourcesThatAreNone(_ text: String) {
    let fault = #expect(throws: RecordSource.Fault.self) { try RecordSource(text) }
    #expect(fault?.message.contains("token") == false)
  }
}
