import Diagnostics
import Synchronization
import YAMLTree

/// The templates that used up the budget of a rendering in one compile. Every other rendering would take as long:
/// none is tried again.
///
/// Which rendering is the first depends on how threads run. So whoever renders in parallel looks at `wasMet`
/// afterwards, and if it was, resets this and renders again, one after the other.
package final class TemplateExhaustion: Sendable {
  /// By the paths of the templates' files.
  private let errors = Mutex<[String: TemplateError]>([:])
  private let isMet = Atomic(false)

  package init() {}

  /// True once any template used up its budget. Whatever was rendered since may lack what another unit used up.
  package var wasMet: Bool { isMet.load(ordering: .acquiring) }

  /// Forgets all.
  package func reset() {
    errors.withLock { $0 = [:] }
    isMet.store(false, ordering: .releasing)
  }

  /// Evaluates something of a template, unless the template is exhausted; notes when it is now.
  func spending<Result>(
    of template: Template, _ body: () throws(TemplateError) -> Result
  ) throws(TemplateError) -> Result {
    let path = template.tree.file.path
    if wasMet, let known = errors.withLock({ $0[path] }) { throw known }
    do throws(TemplateError) {
      return try body()
    } catch {
      if error.isBudget {
        errors.withLock { $0[path] = $0[path] ?? error }
        isMet.store(true, ordering: .releasing)
      }
      throw error
    }
  }
}
