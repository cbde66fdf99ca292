import Testing

@testable import CEL

/// Rules as people publish them for ValidatingAdmissionPolicy and `x-kubernetes-validations`.
///
/// Origin: the Kubernetes documentation (CC BY 4.0) for those that limit replicas, name owners and compare with
/// `oldSelf`; kubescape/cel-admission-library (Apache License 2.0) for those with a control's number; the rest
/// are common forms found in many repositories.
@Suite struct AdmissionPolicyTests {
  struct Rule: Sendable, CustomTestStringConvertible {
    let text: String
    /// Its value for the object that follows the rules, and for the one that breaks them.
    let good: CELValue
    let bad: CELValue
    /// False for rules that name fields of several kinds, which no one schema has.
    var isTyped = true
    var testDescription: String { text }

    init(_ text: String, bad: Bool = false, isTyped: Bool = true) {
      self.init(text, good: .bool(true), bad: .bool(bad), isTyped: isTyped)
    }

    init(_ text: String, good: CELValue, bad: CELValue, isTyped: Bool = true) {
      self.text = text
      self.good = good
      self.bad = bad
      self.isTyped = isTyped
    }
  }

  /// Kubescape C-0016's variable: the containers of whatever kind of workload the object is.
  static let anyContainers = """
    object.kind == 'Pod'
      ? object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])
      : object.kind in ['Deployment','ReplicaSet','DaemonSet','StatefulSet','Job']
        ? object.spec.template.spec.containers + (has(object.spec.template.spec.initContainers) ? object.spec.template.spec.initContainers : [])
        : object.kind == 'CronJob'
          ? object.spec.jobTemplate.spec.template.spec.containers
          : []
    """

  static let rules: [Rule] = [
    Rule("object.spec.replicas <= 5"),
    Rule("object.spec.replicas <= params.maxReplicas"),
    Rule("params != null", bad: true),
    Rule(
      "!has(params.optionalNumber) || (params.optionalNumber >= 5 && params.optionalNumber <= 10)", bad: true),
    Rule(
      "'object.spec.replicas must be no greater than ' + string(params.maxReplicas)",
      good: .string("object.spec.replicas must be no greater than 5"),
      bad: .string("object.spec.replicas must be no greater than 5")),
    Rule(
      "has(object.metadata.labels) && 'owner' in object.metadata.labels && object.metadata.labels['owner'].endsWith('.company.com')"
    ),
    Rule("has(object.metadata.labels.app) && object.metadata.labels.app == object.metadata.name", bad: true),
    Rule("object.metadata.?labels.owner.orValue('none') != 'none'"),
    Rule("object.metadata.?labels['owner'].hasValue()"),
    Rule("object.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')", bad: true),
    Rule("object.spec.template.spec.containers.all(c, c.image.startsWith('registry.company.com/'))"),
    Rule(
      "object.spec.template.spec.containers.all(c, !c.image.endsWith(':latest') && c.image.contains(':'))"),
    Rule(
      "object.spec.template.spec.containers.all(c, params.registries.exists(registry, "
        + "(registry == 'docker.io' && !c.image.contains('/')) || c.image.startsWith(registry)))"),
    Rule(
      "object.spec.template.spec.containers.all(container, has(container.securityContext) && "
        + "has(container.securityContext.allowPrivilegeEscalation) && !container.securityContext.allowPrivilegeEscalation)"
    ),
    Rule(
      "object.spec.template.spec.containers.all(container, params.insecureCapabilities.all(insecureCapability, "
        + "!has(container.securityContext) || !has(container.securityContext.capabilities) || "
        + "!has(container.securityContext.capabilities.add) || "
        + "container.securityContext.capabilities.add.all(capability, capability != insecureCapability)))"),
    Rule(
      "['Deployment','ReplicaSet','DaemonSet','StatefulSet','Job'].all(kind, object.kind != kind) || "
        + "object.spec.template.spec.containers.all(container, !has(container.env) || container.env.all(envVariable, "
        + "!['password', 'token'].exists(sensitiveKey, envVariable.name.lowerAscii().contains(sensitiveKey)) || "
        + "!has(envVariable.value) || (envVariable.value == \"\")))"),
    Rule(
      "object.spec.template.spec.containers.all(container, (!has(container.env) || container.env.all(env, "
        + "!has(env.valueFrom) || !has(env.valueFrom.secretKeyRef))))"),
    Rule(
      "object.spec.template.spec.containers.all(c, has(c.resources) && has(c.resources.limits) && "
        + "['cpu', 'memory'].all(k, k in c.resources.limits && string(c.resources.limits[k]) != ''))"),
    Rule(
      "object.spec.template.spec.containers.all(c, quantity(c.resources.limits['memory']).isLessThan(quantity('1Gi')))"
    ),
    Rule(
      "object.spec.template.spec.containers.all(c, quantity(c.resources.requests.memory) <= quantity(c.resources.limits.memory))"
    ),
    Rule("!has(object.spec.template.spec.hostNetwork) || !object.spec.template.spec.hostNetwork"),
    Rule("object.spec.template.spec.?hostNetwork.orValue(false) == false"),
    Rule("object.spec.template.spec.?securityContext.?runAsNonRoot.orValue(false)"),
    Rule(
      "(object.spec.template.spec.containers + object.spec.template.spec.?initContainers.orValue([])).all(c, has(c.securityContext))"
    ),
    Rule(
      "object.spec.template.spec.containers.map(c, c.name) == object.spec.template.spec.containers.map(c, c.name).distinct()",
      bad: true),
    Rule(
      "size(object.spec.template.spec.containers) == object.spec.template.spec.containers.size()", bad: true),
    Rule("object.spec.template.spec.containers.exists_one(c, c.name == 'app')", bad: true),
    Rule(
      "object.spec.template.spec.containers.filter(c, !c.image.startsWith('registry.company.com/')).map(c, c.name).join(', ')",
      good: .string(""), bad: .string("app")),
    Rule(
      "object.kind + '/' + object.metadata.name + ' has a container with allowPrivilegeEscalation not set to false.'",
      good: .string("Deployment/web has a container with allowPrivilegeEscalation not set to false."),
      bad: .string("Deployment/web has a container with allowPrivilegeEscalation not set to false.")),
    Rule(
      "object.spec.template.spec.containers.all(c, !has(c.ports) || c.ports.all(p, p.containerPort in [80, 443, 8080]))"
    ),
    Rule("cidr('10.0.0.0/8').containsIP(object.metadata.annotations['example.com/ip'])"),
    Rule("oldObject == null || object.metadata.name == oldObject.metadata.name", bad: true),
    Rule("request.operation != 'DELETE' && !(request.userInfo.username in ['system:admin'])", bad: true),
    Rule("\(anyContainers)", good: .bool(true), bad: .bool(true), isTyped: false),
    Rule(
      "(\(anyContainers)).all(c, has(c.securityContext) && !c.securityContext.allowPrivilegeEscalation)",
      isTyped: false),
    Rule("object.kind != 'Pod' || object.spec.containers.all(c, c.image != '')", bad: true, isTyped: false),
    Rule("type(object.spec.replicas) == int && type(object.spec) == map", bad: true),
  ]

  static let container = CELRecordType(
    name: "Container",
    fields: [
      ("name", .string), ("image", .string),
      (
        "securityContext",
        .record(
          CELRecordType(
            name: "SecurityContext",
            fields: [
              ("allowPrivilegeEscalation", .bool), ("privileged", .bool), ("runAsNonRoot", .bool),
              (
                "capabilities",
                .record(
                  CELRecordType(
                    name: "Capabilities", fields: [("add", .list(.string)), ("drop", .list(.string))]))
              ),
            ]))
      ),
      (
        "env",
        .list(
          .record(
            CELRecordType(
              name: "EnvVar",
              fields: [
                ("name", .string), ("value", .string),
                ("valueFrom", .record(CELRecordType(name: "EnvVarSource", fields: [("secretKeyRef", .dyn)]))),
              ])))
      ),
      ("ports", .list(.record(CELRecordType(name: "ContainerPort", fields: [("containerPort", .int)])))),
      (
        "resources",
        .record(
          CELRecordType(
            name: "ResourceRequirements",
            fields: [
              ("limits", .map(key: .string, value: .string)),
              ("requests", .map(key: .string, value: .string)),
            ]))
      ),
    ])

  static let deployment: CELType = {
    let podSpec = CELRecordType(
      name: "PodSpec",
      fields: [
        ("containers", .list(.record(container))), ("initContainers", .list(.record(container))),
        ("hostNetwork", .bool),
        (
          "securityContext",
          .record(CELRecordType(name: "PodSecurityContext", fields: [("runAsNonRoot", .bool)]))
        ),
      ])
    let template = CELRecordType(name: "PodTemplateSpec", fields: [("spec", .record(podSpec))])
    let spec = CELRecordType(
      name: "DeploymentSpec", fields: [("replicas", .int), ("template", .record(template))])
    let metadata = CELRecordType(
      name: "ObjectMeta",
      fields: [
        ("name", .string), ("labels", .map(key: .string, value: .string)),
        ("annotations", .map(key: .string, value: .string)),
      ])
    return .record(
      CELRecordType(
        name: "Deployment",
        fields: [("kind", .string), ("metadata", .record(metadata)), ("spec", .record(spec))]))
  }()

  static let params = CELType.record(
    CELRecordType(
      name: "Params",
      fields: [
        ("maxReplicas", .int), ("optionalNumber", .int), ("registries", .list(.string)),
        ("insecureCapabilities", .list(.string)),
      ]))

  static let typed = CELEnvironment(variables: [
    "object": deployment, "oldObject": deployment, "params": params, "request": .dyn,
  ])
  static let untyped = CELEnvironment(variables: [
    "object": .dyn, "oldObject": .dyn, "params": .dyn, "request": .dyn,
  ])

  private static func variables(isGood: Bool) -> [String: CELValue] {
    let bad: [String: Any] = [
      "name": "app", "image": "nginx:latest",
      "securityContext": ["allowPrivilegeEscalation": true, "capabilities": ["add": ["SYS_ADMIN"]]],
      "env": [
        ["name": "DB_PASSWORD", "value": "x"],
        ["name": "X", "valueFrom": ["secretKeyRef": ["name": "s"]]] as [String: Any],
      ],
      "ports": [["containerPort": 22]],
      "resources": ["limits": ["memory": "2Gi"], "requests": ["memory": "3Gi"]],
    ]
    let good: [String: Any] = [
      "name": "app", "image": "registry.company.com/app:1.0",
      "securityContext": ["allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]]],
      "ports": [["containerPort": 8080]],
      "resources": ["limits": ["memory": "512Mi", "cpu": "1"], "requests": ["memory": "256Mi"]],
    ]
    var podSpec: [String: Any] = ["containers": [isGood ? good : bad]]
    if isGood {
      podSpec["securityContext"] = ["runAsNonRoot": true]
    } else {
      podSpec["hostNetwork"] = true
      podSpec["initContainers"] = [["name": "init", "image": "registry.company.com/init:1"]]
    }
    var labels = ["app": "web"]
    if isGood { labels["owner"] = "team.company.com" }
    let root: [String: Any] = [
      "kind": "Deployment",
      "metadata": [
        "name": "web", "labels": labels, "annotations": ["example.com/ip": isGood ? "10.1.2.3" : "192.0.2.1"],
      ] as [String: Any],
      "spec": ["replicas": isGood ? 3 : 7, "template": ["spec": podSpec]] as [String: Any],
    ]
    return [
      "object": object(root), "oldObject": .null,
      "params": object([
        "maxReplicas": 5, "registries": ["registry.company.com/"], "insecureCapabilities": ["SYS_ADMIN"],
      ]),
      "request": object(["operation": "CREATE", "userInfo": ["username": "jane"]]),
    ]
  }

  @Test(arguments: rules)
  func untypedObjects(_ rule: Rule) throws { try check(rule, Self.untyped) }

  @Test(arguments: rules.filter(\.isTyped))
  func typedObjects(_ rule: Rule) throws { try check(rule, Self.typed) }

  private func check(_ rule: Rule, _ environment: CELEnvironment) throws {
    let expression = try CELExpression.compile(rule.text, in: environment)
    for (isGood, expected) in [(true, rule.good), (false, rule.bad)] {
      let value = try expression.evaluate(environment.bindings(Self.variables(isGood: isGood)))
      if rule.text == Self.anyContainers {
        #expect(value.typeName == "list")
      } else {
        #expect(value.isEqual(to: expected), "good \(isGood): got \(value)")
      }
    }
  }

  @Test func misspeltFieldsOfTypedObjectsAreFound() {
    let found = issues(
      "object.spec.template.spec.containers.all(c, !c.securityContext.priviliged)",
      ["object": Self.deployment])
    #expect(found.map(\.at) == ["priviliged"])
    #expect(found.first?.issue.help?.hasPrefix("did you mean 'privileged'?") == true)
  }

  /// The examples of the documentation on validation rules of custom resources.
  @Test(arguments: [
    "self.minReplicas <= self.replicas && self.replicas <= self.maxReplicas",
    "'Available' in self.stateCounts",
    "(self.list1.size() == 0) != (self.list2.size() == 0)",
    "self.envars.filter(e, e.name == 'MY_ENV').all(e, e.value.matches('^[a-zA-Z]*$'))",
    "has(self.expired) && timestamp(self.created) + duration(self.ttl) < timestamp(self.expired)",
    "self.health.startsWith('ok')", "self.widgets.exists(w, w.key == 'x' && w.foo < 10)",
    "type(self.port) == string ? self.port == '99%' : self.port == 42", "self.metadata.name == 'singleton'",
    "self.set1.all(e, !(e in self.set2))",
    "self.names.size() == self.details.size() && self.names.all(n, n in self.details)",
    "self.details.all(key, key.matches('^[a-zA-Z]*$'))", "self == oldSelf",
    "self.replicas >= oldSelf.replicas",
    "self.details.map(k, self.details[k]).sum() == 3",
    "!self.getOrElse.exists(x, x == 'y') || self.replicas > 0",
    "isURL(self.endpoint) && url(self.endpoint).getScheme() == 'https'",
    "self.names.isSorted() && self.names.indexOf('b') == 1", "self.text.find('[0-9]+') == '12'",
    "ip(self.address).family() == 4 && !ip(self.address).isLoopback()",
    "self.x__dash__y == 1 || self.`x-y` == 1",
  ])
  func customResourceRules(_ rule: String) throws {
    let resource = object([
      "minReplicas": 1, "replicas": 2, "maxReplicas": 3, "stateCounts": ["Available": 1], "list1": [1],
      "list2": [],
      "envars": [["name": "MY_ENV", "value": "abc"], ["name": "OTHER", "value": "1"]],
      "created": "2024-01-01T00:00:00Z", "ttl": "24h", "expired": "2024-01-03T00:00:00Z", "health": "ok: all",
      "widgets": [["key": "x", "foo": 5] as [String: Any]], "port": 42, "metadata": ["name": "singleton"],
      "set1": [1, 2], "set2": [3], "names": ["a", "b"], "details": ["a": 1, "b": 2], "getOrElse": ["y"],
      "endpoint": "https://example.com:8443/path", "text": "abc 12", "address": "10.0.0.1", "x-y": 1,
    ])
    let result = try value(rule, ["self": resource, "oldSelf": resource])
    #expect(result.isEqual(to: .bool(true)))
  }
}
