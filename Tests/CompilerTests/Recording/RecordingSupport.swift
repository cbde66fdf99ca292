import Compiler
import Diagnostics
import FleetSpec
import Snapshot
import TestSupport

/// What stands between a file's name and its text in these tests.
func source(_ text: String, _ path: String = "<standard input>") -> SourceFile {
  SourceFile(path: path, bytes: Array(text.utf8))
}

/// Schemas take a while to compile in a debug build: once for all tests.
let resources = Result { try Resources() }

/// A fleet with the given `spec`.
func fleet(_ spec: String = "spec: {}") throws -> Fleet {
  let text = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Fleet
    metadata: {name: test}
    \(spec)

    """
  let snapshot = MemorySnapshot(texts: ["linkwright.yaml": text])
  let compilation = try Compiler(resources: resources.get()).compile(snapshot)
  struct NoFleet: Error { let findings: [String] }
  guard let fleet = compilation.fleet else {
    throw NoFleet(findings: compilation.findings.map(\.message))
  }
  return fleet
}

/// The place of a fleet with the default sources.
let observedInGold = Result { try place() }

func place(_ kind: RecordingPlace.Source = .observed, spec: String = "spec: {}") throws -> RecordingPlace {
  try RecordingPlace(kind, of: "gold", in: fleet(spec))
}

extension Recording {
  /// The text of a file that changes; nil when it does not or is removed.
  func text(_ path: String) -> String? {
    files.first { $0.path == path }?.content.map { String(decoding: $0, as: UTF8.self) }
  }

  /// The files as they stand afterwards.
  func applied(to existing: [SourceFile]) -> [SourceFile] {
    var all: [String: [UInt8]] = [:]
    for file in existing { all[file.path] = file.bytes }
    for file in files { all[file.path] = file.content }
    return all.map { SourceFile(path: $0.key, bytes: $0.value) }.sorted { $0.path < $1.path }
  }

  var removed: [String] { files.filter { $0.content == nil }.map(\.path) }
}

/// Findings as `LW1404 3:5`.
func places(_ findings: [Diagnostic]) -> [String] {
  findings.map { finding in
    guard let position = finding.primary?.range.startPosition else { return "\(finding.rule.id) -" }
    return "\(finding.rule.id) \(position.line):\(position.column)"
  }
}

/// `oc get tscs,ts,svc,endpoints,secret -o yaml` of one namespace, as a server prints it: metadata that
/// changes with every write, a last applied configuration, lists inside a list.
let dump = """
  apiVersion: v1
  items:
  - apiVersion: porter.devops.gov.bc.ca/v1alpha1
    kind: TransportServerClaim
    metadata:
      annotations:
        kubectl.kubernetes.io/last-applied-configuration: |
          {"apiVersion":"porter.devops.gov.bc.ca/v1alpha1","kind":"TransportServerClaim","spec":{"token":"hunter2"}}
      creationTimestamp: "2026-01-14T18:22:31Z"
      finalizers:
      - porter.devops.gov.bc.ca/finalizer
      generation: 3
      managedFields:
      - apiVersion: porter.devops.gov.bc.ca/v1alpha1
        fieldsType: FieldsV1
        fieldsV1:
          f:spec:
            .: {}
            f:service: {}
        manager: kubectl-client-side-apply
        operation: Update
        time: "2026-01-14T18:22:31Z"
      name: yourservice-tsc
      namespace: a1b2c3-dev
      resourceVersion: "2918477312"
      uid: 4f1de1bb-2c4b-4f0e-9d1a-1f9e6fb3a0b1
    spec:
      monitor:
        interval: 10
        timeout: 10
        type: tcp
      service: yourservice
      servicePort: 8000
    status:
      address: 142.34.229.62
      conditions:
      - lastTransitionTime: "2026-01-14T18:22:58Z"
        message: Awaiting next reconciliation
        reason: Successful
        status: "True"
        type: Successful
      - lastTransitionTime: "2026-01-14T18:22:33Z"
        message: Running reconciliation
        reason: Running
        status: "True"
        type: Running
      port: "37650"
  - apiVersion: cis.f5.com/v1
    kind: TransportServerList
    metadata: {}
    items:
    - apiVersion: cis.f5.com/v1
      kind: TransportServer
      metadata:
        labels: {f5cr: "nodeport", team: x}
        name: yourservice-tsc
        namespace: a1b2c3-dev
      spec:
        mode: performance
        pool:
          monitor: {interval: 10, timeout: 10, type: tcp}
          service: yourservice
          servicePort: 8000
        snat: auto
        virtualServerAddress: 142.34.229.62
        virtualServerPort: 37650
      status:
        lastUpdated: "2026-01-14T18:23:01Z"
        status: OK
        vsAddress: 142.34.229.62
  - apiVersion: v1
    kind: Service
    metadata:
      name: yourservice
      namespace: a1b2c3-dev
      ownerReferences: []
    spec:
      clusterIP: 10.98.12.7
      clusterIPs:
      - 10.98.12.7
      externalTrafficPolicy: Cluster
      ports:
      - nodePort: 31544
        port: 8000
        protocol: TCP
        targetPort: http
      selector:
        app: yourservice
      sessionAffinity: None
      type: NodePort
    status:
      loadBalancer: {}
  - apiVersion: v1
    kind: Endpoints
    metadata:
      annotations:
        endpoints.kubernetes.io/last-change-trigger-time: "2026-01-14T18:20:00Z"
      name: yourservice
      namespace: a1b2c3-dev
    subsets:
    - addresses:
      - ip: 10.97.4.31
        nodeName: gold-app-12
        targetRef: {kind: Pod, name: yourservice-6d9-x, uid: 1c}
      - ip: 10.97.2.9
      ports:
      - port: 8080
        protocol: TCP
  - apiVersion: v1
    data:
      password: aHVudGVyMg==
    kind: Secret
    metadata:
      name: yourservice
      namespace: a1b2c3-dev
    type: Opaque
  - apiVersion: v1
    data:
      dsn: postgres://app:hunter2@db
    kind: ConfigMap
    metadata:
      name: yourservice
      namespace: a1b2c3-dev
  kind: List
  metadata:
    resourceVersion: ""

  """

/// What `observe` makes of `dump`.
let reduced = """
  # Written by 'linkwright observe': what cluster gold answered, reduced to the fields that Linkwright reads.
  apiVersion: v1
  kind: Endpoints
  metadata:
    name: yourservice
    namespace: a1b2c3-dev
  subsets:
  - addresses:
    - ip: 10.97.2.9
    - ip: 10.97.4.31
    ports:
    - port: 8080
      protocol: TCP
  ---
  apiVersion: v1
  kind: Service
  metadata:
    name: yourservice
    namespace: a1b2c3-dev
  spec:
    clusterIP: 10.98.12.7
    clusterIPs:
    - 10.98.12.7
    ports:
    - nodePort: 31544
      port: 8000
      protocol: TCP
      targetPort: http
    selector:
      app: yourservice
    type: NodePort
  ---
  apiVersion: cis.f5.com/v1
  kind: TransportServer
  metadata:
    name: yourservice-tsc
    namespace: a1b2c3-dev
    labels:
      f5cr: nodeport
  spec:
    pool:
      service: yourservice
      servicePort: 8000
    virtualServerAddress: 142.34.229.62
    virtualServerPort: 37650
  status:
    vsAddress: 142.34.229.62
    status: OK
  ---
  apiVersion: porter.devops.gov.bc.ca/v1alpha1
  kind: TransportServerClaim
  metadata:
    name: yourservice-tsc
    namespace: a1b2c3-dev
  spec:
    service: yourservice
    servicePort: 8000
  status:
    address: 142.34.229.62
    conditions:
    - type: Running
      status: "True"
    - type: Successful
      status: "True"
    port: "37650"

  """
