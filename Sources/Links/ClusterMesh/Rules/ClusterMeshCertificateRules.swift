import Diagnostics

/// Rules about certificates and authentication.
extension ClusterMeshRules {
  static let certificateRules = [
    differentAuthorities, certificateMethod, unprovenAuthority, helmCertificates, privateKey, authMode,
    longValidity, certificateSchedule,
  ]

  static let differentAuthorities = Rule(
    "LW3023", "different-authorities", .error, "members have different certificate authorities",
    explanation: """
      Each member checks the others' certificates against its own CA. Different issuers need an object \
      with the CA certificates of all members (tls.caBundle); where manifests hold it, it must be the same in every \
      member, with a certificate for each authority.
      """,
    failing: mesh(cluster(cilium: "issuer: {kind: ClusterIssuer, name: other}")),
    passing: mesh(
      link(
        certificates:
          "{method: certmanager, issuerRef: {kind: ClusterIssuer, name: clustermesh-ca}, caBundle: {name: mesh-roots}}"
      ) + cluster(cilium: "issuer: {kind: ClusterIssuer, name: other}"))
  ).breaking(.tunnel)

  static let certificateMethod = Rule(
    "LW3024", "certificate-method", .error, "the certificate method is unknown or incomplete",
    explanation: """
      The chart renders an unknown method without complaint and without certificates; for certmanager it \
      needs an issuer. 'releasedByHelm' belongs to method helm.
      """,
    failing: mesh(link(certificates: "{method: certmanger}")),
    passing: mesh(link(certificates: "{method: cronJob}")))

  static let unprovenAuthority = Rule(
    "LW3052", "unproven-authority", .warning, "nothing proves that the members have one CA",
    explanation: """
      An issuer is an object of its cluster, and so is the Secret cilium-ca from which certgen issues. Members trust \
      each other when the issuers of that name, or these Secrets, lead to one CA, which no manifest here proves.
      """,
    failing: mesh(
      link(certificates: "{method: certmanager, issuerRef: {kind: ClusterIssuer, name: clustermesh-ca}}")),
    passing: mesh(
      link(
        certificates:
          "{method: certmanager, issuerRef: {kind: ClusterIssuer, name: clustermesh-ca}, sharedAuthority: true}"
      )))

  static let helmCertificates = Rule(
    "LW3025", "helm-certificates", .error, "certificates would be made anew at every rendering",
    explanation: """
      With method helm, and under helm template as Argo CD and Flux use it, each rendering makes a CA and \
      keys (#14550, #43156): they lie in the rendered manifests, and every sync breaks the mesh. A release of Helm \
      (helm upgrade, Flux's HelmRelease) looks up what is there: 'releasedByHelm: true' says that there is one. Hubble's \
      certificates have the same default: leaving them to it is a warning.
      """,
    failing: mesh(link(certificates: "{method: helm}")),
    passing: mesh(link(certificates: "{method: helm, releasedByHelm: true}")))

  static let privateKey = Rule(
    "LW3026", "private-key", .error, "a file of the repository holds a private key",
    explanation: """
      Only public certificates belong into a repository: no file of a CA, and no Secret cilium-ca in clear, may hold a \
      key. It is never printed.
      """,
    failing: mesh(
      """
      -- pki/ca.crt --
      -----BEGIN PRIVATE KEY-----
      bm90IGEga2V5
      -----END PRIVATE KEY-----

      """),
    passing: mesh())

  static let authMode = Rule(
    "LW3027", "mesh-auth-mode", .error, "members authenticate in ways that do not fit together",
    explanation: """
      The modes are legacy, migration and cluster, in this order. Members one stage apart understand each \
      other.
      """,
    failing: mesh(
      cluster(1, mesh: "{ips: [10.6.124.66, 10.6.125.66], authMode: legacy}")
        + cluster(mesh: "{ips: [10.6.124.67, 10.6.125.67], authMode: cluster}")),
    passing: mesh(link(also: "authMode: cluster"))
  ).breaking(.tunnel)

  static let longValidity = Rule(
    "LW3029", "long-validity", .warning, "certificates are valid for more than 825 days",
    explanation: """
      Renewal is automatic with both methods; long validity only keeps a lost key useful.
      """,
    failing: mesh(link(certificates: "{method: cronJob, validityDays: 1095}")),
    passing: mesh(link(certificates: "{method: cronJob, validityDays: 365}")))

  static let certificateSchedule = Rule(
    "LW3080", "certificate-schedule", .error, "the schedule of the certificates' CronJob is none",
    explanation: """
      The chart writes it into a CronJob as it stands. The API server refuses one that it cannot read, and then nobody \
      makes certificates. With another method it has no effect: that is a warning.
      """,
    failing: mesh(link(certificates: "{method: cronJob, sharedAuthority: true, schedule: every day}")),
    passing: mesh(link(certificates: "{method: cronJob, sharedAuthority: true, schedule: \"0 3 1 */2 *\"}")))
}
