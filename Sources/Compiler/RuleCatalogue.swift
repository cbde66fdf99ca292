package import Diagnostics
import FleetSpec
import Linker
import Output
import Policies
import Reachability
import Templates
import YAMLTree

/// Every rule of every module, by id.
package enum RuleCatalogue {
  package static let all: [Rule] =
    (YAMLRules.all + FleetSpecRules.all + OverrideRules.all + LinkerRules.all + CompilerRules.all
    + RecordingRules.all + AdoptionRules.all + PolicyRules.all + CustomResourceRules.all + GitRules.all
    + OutputRules.all
    + TemplateRules.all + ReachabilityRules.all + JudgementRules.all + PathRules.all
    + LinkRegistry.types.flatMap { $0.descriptor.rules }).sorted { $0.id < $1.id }

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  /// The rule with exactly this id.
  static func rule(exactly id: String) -> Rule? { byID[id] }

  /// The rule with an id, in any case.
  package static func rule(_ id: String) -> Rule? {
    all.first { $0.id == id.uppercased() || $0.name == id }
  }
}
