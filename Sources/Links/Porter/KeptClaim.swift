import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A claim that somebody wrote, with what it says of its virtual server.
struct KeptClaim {
  let claim: ClaimIndex.Claim
  let settings: ClaimSettings

  init(_ claim: ClaimIndex.Claim) {
    self.claim = claim
    settings = ClaimSettings(claim.manifest.node["spec"])
  }

  /// Anything but a real boolean is no override (transportserverclaim role, tasks/).
  var overridesServicePort: Bool { settings.overridesServicePort?.value ?? false }

  /// What connections ask for and the claim does not say. The claim is not written anew, so asking has no effect.
  func differences(
    _ overrides: Located<Bool>?, _ requested: Located<Int>?, _ interval: Located<Int>?,
    _ timeout: Located<Int>?
  ) -> [Diagnostic] {
    [
      difference(
        "overrideServicePort", overrides?.value.description, overrides?.node,
        String(overridesServicePort), settings.overridesServicePort?.node),
      difference(
        "requestedPort", requested.map { String($0.value) }, requested?.node,
        settings.requestedPort.map { String($0.value) }, settings.requestedPort?.node),
      difference(
        "monitor.interval", interval.map { String($0.value) }, interval?.node,
        settings.monitorInterval.map { String($0.value) }, settings.monitorInterval?.node),
      difference(
        "monitor.timeout", timeout.map { String($0.value) }, timeout?.node,
        settings.monitorTimeout.map { String($0.value) }, settings.monitorTimeout?.node),
    ].compactMap { $0 }
  }

  private func difference(
    _ field: String, _ wanted: String?, _ node: Node?, _ said: String?, _ place: Node?
  ) -> Diagnostic? {
    guard let wanted, let node, wanted != said else { return nil }
    let name = claim.manifest.name
    return Diagnostic(
      PorterRules.keptClaimDiffers,
      "claim '\(name)' exists, and its \(field) is \(said ?? "not given"), not \(wanted)", at: node.range,
      "asked for here", also: [Label((place ?? claim.manifest.nameNode).range, "the claim, which is kept")],
      help: [
        "write '\(field.split(separator: ".").last ?? ""): \(wanted)' in the claim, remove '\(field)' here, or remove the manifest and let Linkwright emit the claim"
      ])
  }
}
