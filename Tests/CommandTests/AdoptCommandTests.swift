import Foundation
import TestSupport
import Testing

/// `linkwright adopt` at the file system: where it writes.
@Suite struct AdoptCommandTests {
  private static let manifests = """
    apiVersion: porter.devops.gov.bc.ca/v1alpha1
    kind: TransportServerClaim
    metadata: {name: web-tsc, namespace: a1b2c3-dev}
    spec: {service: web, servicePort: 8000, monitor: {type: tcp, interval: 10, timeout: 10}}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: web, namespace: a1b2c3-dev}
    spec: {type: NodePort, selector: {app: web}, ports: [{port: 8000}]}

    """

  /// A directory that does not exist is made, as `init` does; it is a fleet of its own, also below another.
  @Test(arguments: ["new", "new/deeper", "./new/"])
  func missingDirectoriesAreMade(_ directory: String) throws {
    let repository = try FleetRepository()
    try repository.write("in/silver.yaml", Self.manifests)
    let looked = try repository.linkwright(
      "adopt", directory, "--dry-run", "--cluster", "silver=in/silver.yaml")
    #expect(looked.text.hasPrefix("would write\n  linkwright.yaml"), "\(looked.text)\(looked.errorText)")
    #expect(!FileManager.default.fileExists(atPath: "\(repository.path)/new"))
    let adopted = try repository.linkwright("adopt", directory, "--cluster", "silver=in/silver.yaml")
    #expect(adopted.text.hasPrefix("wrote\n  linkwright.yaml"), "\(adopted.text)\(adopted.errorText)")
    #expect(FileManager.default.fileExists(atPath: "\(repository.path)/\(directory)/links/silver.yaml"))
    let validated = try repository.linkwright("validate", directory, "--quiet")
    #expect(validated.status == 0, "\(validated.errorText)")
    let again = try repository.linkwright("adopt", directory, "--cluster", "silver=in/silver.yaml")
    #expect(again.text.hasPrefix("nothing new to write"), "\(again.text)")
  }

  /// Nothing is made for input that is refused, nor where a file is in the way.
  @Test func refusedInputMakesNoDirectory() throws {
    let repository = try FleetRepository()
    try repository.write("in/silver.yaml", "kind: Kustomization\nresources: [a.yaml]\n")
    let refused = try repository.linkwright("adopt", "new", "--cluster", "silver=in/silver.yaml")
    #expect(refused.status == 1, "\(refused.errorText)")
    #expect(!FileManager.default.fileExists(atPath: "\(repository.path)/new"))
    for directory in ["in/silver.yaml", "in/silver.yaml/new", "missing/../new"] {
      let adopted = try repository.linkwright("adopt", directory, "--cluster", "silver=in/silver.yaml")
      #expect(adopted.status == 2 && adopted.errorText.contains("there is no directory '\(directory)'"))
    }
  }

  /// Arguments that cannot be meant.
  @Test(arguments: [
    (["--cluster", "gold=-", "--cluster", "golddr=-"], "standard input can be read once"),
    (["--cluster", "gold"], "'gold' is not NAME=PATH"), (["--cluster", "Gold=in"], "is not NAME=PATH"),
    (["--cluster", "gold/a/b=in"], "is not NAME=PATH"),
    (["--cluster", "gold=nowhere"], "cannot read nowhere"),
    (["--cluster", "gold="], "is not NAME=PATH"), (["--cluster", ""], "'' is not NAME=PATH"),
    (["--cluster", "="], "'=' is not NAME=PATH"), ([], "whose manifests are to be adopted?"),
    (["--cluster", "gold/a=in", "--cluster", "gold/b=in"], "was given twice, for namespaces a and b"),
  ])
  func argumentsAreRefused(_ arguments: [String], _ message: String) throws {
    let repository = try FleetRepository()
    try repository.write("in/silver.yaml", Self.manifests)
    let output = try FleetRepository.program.run(
      ["adopt", "new"] + arguments, in: repository.path, environment: FleetRepository.environment)
    #expect(output.status == 2 && output.errorText.contains(message), "\(output.errorText)")
  }

  /// Renderings of two environments that name no namespace.
  @Test func namespacesOfFiles() throws {
    let repository = try FleetRepository()
    let bare = Self.manifests.replacingOccurrences(of: ", namespace: a1b2c3-dev", with: "")
    for name in ["dev", "prod"] { try repository.write("in/\(name).yaml", bare) }
    let adopted = try repository.linkwright(
      "adopt", "new", "--cluster", "silver/a1b2c3-dev=in/dev.yaml", "--cluster",
      "silver/a1b2c3-prod=in/prod.yaml")
    #expect(adopted.text.contains("Connection a1b2c3-dev,a1b2c3-prod/web"), "\(adopted.errorText)")
    let validated = try repository.linkwright("validate", "new", "--quiet")
    #expect(validated.status == 0, "\(validated.errorText)")
  }
}
