import Patterns
import Synchronization
package import YAMLTree

/// A schema that is compiled when something is first checked with it: a fleet meets a few kinds of the many that
/// there are schemas for.
///
/// A class because the compiled schema is kept; any number of tasks may ask at once.
package final class LazySchema: Sendable {
  package let source: Node
  package let uri: String
  private let registry: SchemaRegistry
  private let options: SchemaOptions
  private let patterns: PatternPool
  private let compiled = AtomicLazyReference<CompiledSchema>()

  /// - Parameter patterns: where schemas of a family find each other's patterns.
  package init(
    _ source: Node, at uri: String, registry: SchemaRegistry, options: SchemaOptions, patterns: PatternPool
  ) {
    self.source = source
    self.uri = uri
    self.registry = registry
    self.options = options
    self.patterns = patterns
  }

  /// The schema, compiled now if it was not before; throws its faults.
  package func schema() throws(SchemaCompilationError) -> CompiledSchema {
    if let schema = compiled.load() { return schema }
    var known = patterns.all
    let schema = try CompiledSchema.compile(
      root: source, at: uri, registry: registry, options: options, patterns: &known)
    patterns.add(known)
    return compiled.storeIfNil(schema)
  }
}

/// Compiled patterns by their source: schemas of a family share most of them.
package final class PatternPool: Sendable {
  private let patterns = Mutex<[String: Pattern]>([:])

  package init() {}

  var all: [String: Pattern] { patterns.withLock { $0 } }

  func add(_ more: [String: Pattern]) {
    patterns.withLock { $0.merge(more) { first, _ in first } }
  }
}
