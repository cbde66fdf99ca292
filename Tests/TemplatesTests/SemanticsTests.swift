import Testing

/// What templates mean.
@Suite struct SemanticsTests {
  /// A template and what it yields.
  struct Case: Sendable, CustomTestStringConvertible {
    let template: String
    let result: String
    var testDescription: String { template }

    init(_ template: String, _ result: String) {
      self.template = template
      self.result = result
    }
  }

  static let values: [Case] = [
    Case("a: ${service.name}", "a: db\n"),
    Case("a: ${service.port}", "a: 5432\n"),
    Case("a: \"${ service.port + 1 }\"", "a: 5433\n"),
    Case("a: ${service.isHeadless}", "a: false\n"),
    Case("a: ${service.labels}", "a:\n  a/b: c\n  app: db\n"),
    Case("a: ${service.ports[1].name}", "a: metrics\n"),
    Case("a: \"${service.ports.map(p, p.port)}\"", "a:\n- 5432\n- 9187\n"),
    Case("a: \"${service.ports.filter(p, p.port > 6000)}\"", "a:\n- name: metrics\n  port: 9187\n"),
    Case("a: \"${{'x': 1, 'z': [true, null]}}\"", "a:\n  x: 1\n  z:\n  - true\n  - null\n"),
    Case("a: ${1.5 + 1.0}", "a: 2.5\n"),
    Case("a: x-${service.name}-${service.port}-${service.isHeadless}", "a: x-db-5432-false\n"),
    Case("a: ${string(service.port)}", "a: \"5432\"\n"),
    Case("a: $${service.name} costs $5", "a: \"${service.name} costs $5\"\n"),
    Case("$$if: x", "\"$if\": x\n"),
    Case("${service.name}/role: x", "db/role: x\n"),
    Case("a: ${'}' + '\\'}' + r'}\\' + \"}\"}", "a: \"}'}}\\\\}\"\n"),
    Case("a: \"${'''it's } here''' /* */}\"", ""),
    Case("a: |-\n  ${service.name\n    + \"x\"}", "a: dbx\n"),
    Case("a: \"${service.labels.exists(k, k == 'app') ? 'yes' : 'no'}\"", "a: \"yes\"\n"),
    Case("a: ${service.target}", "a: pg\n"),
  ].filter { !$0.result.isEmpty }

  @Test(arguments: values)
  func value(_ example: Case) { #expect(rendered(example.template) == example.result) }

  static let absence: [Case] = [
    // None removes the entry or item; null and what is empty stay.
    Case("a: ${service.alias}\nb: 1", "b: 1\n"),
    Case("a: ${service.weight}", "a: 3\n"),
    Case("a: [\"${service.alias}\", x]", "a:\n- x\n"),
    Case("a: ${service.selector.matchLabels}\nb: 1", "b: 1\n"),
    Case("a: ${optional.none()}\nb: 1", "b: 1\n"),
    Case("a: \"${[service.alias, service.weight]}\"", "a:\n- 3\n"),
    Case("a: \"${{'x': service.alias, 'z': service.weight}}\"", "a:\n  z: 3\n"),
    Case("a: ${null}", "a: null\n"),
    Case("a: ${anything}", "a: null\n"),
    Case("a: ${service.numbers}\nb: \"${{}}\"", "a: []\nb: {}\n"),
    Case("a: ${service.alias.orValue(service.name)}", "a: db\n"),
    Case("a: ${service.weight.optMap(w, w * 2)}", "a: 6\n"),
    Case("a: ${service.labels[?'tier']}\nb: ${service.labels.?app}", "b: db\n"),
    Case("a: \"${service.?alias.orValue('x')}-${service.?weight.orValue(1)}\"", "a: x-3\n"),
    Case("a: ${service.ports.map(p, p.protocol)}", "a:\n- TCP\n"),
  ]

  @Test(arguments: absence)
  func absent(_ example: Case) { #expect(rendered(example.template) == example.result) }

  static let structure: [Case] = [
    Case("$if: service.isHeadless\na: 1", "nothing"),
    Case("$if: '!service.isHeadless'\na: 1", "a: 1\n"),
    Case("a: {$if: service.isHeadless, $then: 1, $else: 2}", "a: 2\n"),
    Case("a: {$if: service.isHeadless, $then: 1}\nb: 1", "b: 1\n"),
    Case("a:\n- {$if: service.isHeadless, $then: 1}\n- 2", "a:\n- 2\n"),
    Case("a: {$if: service.isHeadless, x: 1}\nb: {$if: service.port == 5432, x: 1}", "b:\n  x: 1\n"),
    Case("a: {$if: 'service.weight.hasValue()', $then: \"${service.weight}\"}", "a: 3\n"),
    Case(
      "a:\n- first\n- {$for: p, $in: service.ports, $yield: {id: '${p.name}', kind: '${p.protocol}'}}\n- last",
      "a:\n- first\n- id: pg\n  kind: TCP\n- id: metrics\n- last\n"),
    Case("a: {$for: p, $in: service.ports, $yield: '${p.port}'}", "a:\n- 5432\n- 9187\n"),
    Case(
      "a: {$for: p, $in: service.ports, $yield: {'${p.name}': '${p.port}'}}",
      "a:\n  metrics: 9187\n  pg: 5432\n"
    ),
    Case("a: {$for: n, $in: service.numbers, $yield: '${n}', $else: []}", "a: []\n"),
    Case("a:\n- {$for: n, $in: service.numbers, $yield: '${n}', $else: none}", "a:\n- none\n"),
    Case("a:\n- 1\n- {$for: n, $in: service.numbers, $yield: '${n}', $else: []}", "a:\n- 1\n"),
    Case(
      "a: {$for: p, $in: service.ports, $yield: {$for: q, $in: service.ports, $yield: '${p.name}-${q.name}'}}",
      "a:\n- pg-pg\n- pg-metrics\n- metrics-pg\n- metrics-metrics\n"),
    Case("a: {$for: k, $in: 'service.labels.map(k, k)', $yield: '${k}'}", "a:\n- a/b\n- app\n"),
    Case("a: {$merge: '${service.labels}', z: 1}", "a:\n  a/b: c\n  app: db\n  z: 1\n"),
    Case("a: {$merge: service.labels}", "a:\n  a/b: c\n  app: db\n"),
    Case("a: {$merge: service.selector, z: 1}", "a:\n  z: 1\n"),
    Case("a: {$merge: '{\"x\": service.alias, \"z\": 1}'}", "a:\n  z: 1\n"),
  ]

  @Test(arguments: structure)
  func structured(_ example: Case) { #expect(rendered(example.template) == example.result) }
}
