import Diagnostics

/// Rules about access to API servers.
extension ClusterMeshRules {
  static let accessRules = [
    serverURL, credentials, certificateAuthority, apiServerService,
  ]

  static let serverURL = Rule(
    "LW3048", "api-server-url", .error, "the URL of an API server cannot be used",
    explanation: """
      A kubeconfig's server is https, a host and a port, and one cluster's alone.
      """,
    failing: mesh(cluster(apiServer: "{certificateAuthorityFile: pki/ca.crt, server: \"10.6.124.67:6443\"}")),
    passing: mesh(
      cluster(apiServer: "{certificateAuthorityFile: pki/ca.crt, server: \"https://10.6.124.67:6443\"}")))

  static let credentials = Rule(
    "LW3049", "kubeconfig-credentials", .error, "credentials of a kubeconfig are ambiguous or incomplete",
    explanation: """
      kubectl takes one kind: a program (exec), a file with a token, or a certificate with its key \
      (client-go, clientcmd/validation.go).
      """,
    failing: mesh(
      cluster(
        apiServer:
          "{certificateAuthorityFile: pki/ca.crt, server: \"https://10.6.124.67:6443\", credentials: {tokenFile: token, exec: {command: kubelogin}}}"
      )),
    passing: mesh(
      cluster(
        apiServer:
          "{certificateAuthorityFile: pki/ca.crt, server: \"https://10.6.124.67:6443\", credentials: {tokenFile: token}}"
      )))

  static let certificateAuthority = Rule(
    "LW3050", "certificate-authority", .error,
    "the certificate authority of an API server is missing or unreadable",
    explanation: """
      A kubeconfig carries the public certificate that the server's is checked against; no form of \
      Linkwright skips the check. Without a file, only public authorities are trusted: a warning.
      """,
    failing: mesh(
      cluster(apiServer: "{certificateAuthorityFile: pki/missing.crt, server: \"https://10.6.124.67:6443\"}")),
    passing: mesh())

  static let apiServerService = Rule(
    "LW3051", "api-server-service", .error, "the API server's Service does not lead to it",
    explanation: """
      The Service selects the static pods that kubeadm makes (component: kube-apiserver), at port 6443; \
      managed control planes have none: a warning. The certificate must hold the node's address, or \
      another name must be checked.
      """,
    failing: mesh(
      cluster(
        apiServer:
          "{certificateAuthorityFile: pki/ca.crt, server: \"https://10.6.124.67:31000\", expose: {nodePort: 31466}}"
      )),
    passing: mesh(
      cluster(
        apiServer:
          "{certificateAuthorityFile: pki/ca.crt, server: \"https://10.6.124.67:31466\", expose: {nodePort: 31466}}"
      )))
}
