import YAMLTree

/// What compiled schemas say about the same value: `$ref`, `allOf`, `anyOf`, `oneOf`, `not`, `if`,
/// `dependencies`. Walking these consumes no data, so a cycle among them would never end.
struct InPlaceAnalysis {
  /// How many schemas may speak about one value inside one another; bounds the stack of a validation.
  static let depthLimit = 64

  private let records: [SchemaRecord]
  private let instructions: [Instruction]
  private let children: [Int32]
  private let sources: [Node?]
  private(set) var faults: [SchemaCompilationError.Fault] = []
  private var depths: [Int]
  private var isActive: [Bool]

  init(_ compiler: SchemaCompiler) {
    records = compiler.records
    instructions = compiler.instructions
    children = compiler.children
    sources = compiler.sources
    depths = Array(repeating: -1, count: compiler.records.count)
    isActive = Array(repeating: false, count: compiler.records.count)
  }

  mutating func run() {
    for slot in records.indices {
      _ = depth(of: Int32(slot), level: 0)
      if !faults.isEmpty { return }
    }
  }

  /// The number of schemas on the longest chain from here.
  private mutating func depth(of slot: Int32, level: Int) -> Int {
    let position = Int(slot)
    if depths[position] >= 0 { return depths[position] }
    if isActive[position] {
      if let node = sources[position] {
        faults.append(.init(message: "the schema refers to itself without end", node: node))
      }
      return 0
    }
    if level > Self.depthLimit * 4 { return Self.depthLimit + 1 }
    isActive[position] = true
    defer { isActive[position] = false }
    var deepest = 0
    for next in inPlace(slot) {
      deepest = max(deepest, depth(of: next, level: level + 1))
      if !faults.isEmpty { return 0 }
    }
    if deepest + 1 > Self.depthLimit, let node = sources[position] {
      let message = "more than \(Self.depthLimit) schemas are nested here without a step into the value"
      faults.append(.init(message: message, node: node))
    }
    depths[position] = deepest + 1
    return deepest + 1
  }

  /// The schemas that a schema applies to the same value.
  private func inPlace(_ slot: Int32) -> [Int32] {
    let record = records[Int(slot)]
    if record.reference >= 0 { return [record.reference] }
    var found: [Int32] = []
    for row in record.instructions {
      let instruction = instructions[Int(row)]
      switch instruction.operation {
      case .allOf, .anyOf, .oneOf:
        found += children[Int(instruction.first)..<Int(instruction.second)]
      case .not: found.append(instruction.first)
      case .dependencySchema: found.append(instruction.second)
      case .conditional:
        found += [instruction.first, instruction.second, Int32(instruction.value)].filter { $0 >= 0 }
      default: break
      }
    }
    return found
  }

  /// Every schema that speaks about the same value below one, itself left out; nil when there is none.
  func branches(below slot: Int32) -> Set<Int32>? {
    var open = inPlace(slot)
    guard !open.isEmpty else { return nil }
    var found: Set<Int32> = []
    while let next = open.popLast() {
      if found.insert(next).inserted { open += inPlace(next) }
    }
    return found
  }
}
