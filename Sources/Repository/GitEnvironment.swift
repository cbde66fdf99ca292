/// What the environment says of git: where the repository and its objects are, and which configuration counts.
///
/// git hands these variables to hooks, and CI sets them; libgit2 1.5 reads none of them. Nothing here looks at the
/// environment itself: whoever may do so gives the variables.
package struct GitEnvironment: Sendable {
  /// A file of configuration, or where git looks for it by itself.
  enum ConfigurationFile: Sendable, Equatable {
    case usual
    case none
    case file(String)
  }

  /// A setting that stands in the environment, its name in lower case but for the part between the dots.
  struct Setting: Sendable, Equatable {
    let name: String
    let value: String
  }

  private(set) var system = ConfigurationFile.usual
  private(set) var global = ConfigurationFile.usual
  /// `GIT_CONFIG_PARAMETERS` (which `git -c` sets) and `GIT_CONFIG_COUNT`; the last of a name counts.
  private(set) var settings: [Setting] = []
  /// `GIT_DIR`: no repository is looked for then.
  package private(set) var directory: String?
  /// `GIT_WORK_TREE`.
  private(set) var workTree: String?
  /// Where objects are read from beside the repository's own: those of a push that is being judged, say.
  private(set) var objectDirectories: [String] = []
  /// True while a push is being judged: its objects may be thrown away, and no reference may move.
  package private(set) var isQuarantined = false
  /// `GIT_CEILING_DIRECTORIES`.
  package private(set) var ceilings: [String] = []
  private(set) var home: String?
  /// Who runs the program, where that is root by way of `sudo`.
  private(set) var sudoUser: UInt32?
  /// `GIT_NO_REPLACE_OBJECTS`: git reads the objects themselves.
  private(set) var ignoresReplacements = false
  /// `GIT_REPLACE_REF_BASE`, with a final `/`.
  private(set) var replacementPath: String?
  /// Where relative paths start.
  private(set) var currentDirectory = "/"

  /// Nothing is said.
  package init() {}

  /// - Parameters:
  ///   - variable: a variable's value; nil for one that is not set.
  ///   - currentDirectory: where relative paths start.
  package init(currentDirectory: String, _ variable: (String) -> String?) {
    self.currentDirectory = currentDirectory
    func path(_ name: String) -> String? {
      variable(name).flatMap { $0.isEmpty ? nil : Self.absolute($0, currentDirectory) }
    }
    if Self.isTrue(variable("GIT_CONFIG_NOSYSTEM")) {
      system = .none
    } else if variable("GIT_CONFIG_SYSTEM") != nil {
      system = path("GIT_CONFIG_SYSTEM").map { .file($0) } ?? .none
    }
    if variable("GIT_CONFIG_GLOBAL") != nil {
      global = path("GIT_CONFIG_GLOBAL").map { .file($0) } ?? .none
    }
    settings = Self.parameters(variable("GIT_CONFIG_PARAMETERS") ?? "")
    for index in 0..<min(variable("GIT_CONFIG_COUNT").flatMap(Int.init) ?? 0, 10_000) {
      guard let key = variable("GIT_CONFIG_KEY_\(index)"), let value = variable("GIT_CONFIG_VALUE_\(index)")
      else { continue }
      settings.append(Setting(name: Self.normalized(key), value: value))
    }
    directory = path("GIT_DIR")
    workTree = path("GIT_WORK_TREE")
    objectDirectories = [path("GIT_OBJECT_DIRECTORY")].compactMap { $0 }
    objectDirectories += Self.paths(variable("GIT_ALTERNATE_OBJECT_DIRECTORIES") ?? "").map {
      Self.absolute($0, currentDirectory)
    }
    isQuarantined = variable("GIT_QUARANTINE_PATH")?.isEmpty == false
    ceilings = variable("GIT_CEILING_DIRECTORIES")?.split(separator: ":").map(String.init) ?? []
    home = variable("HOME")
    ignoresReplacements = variable("GIT_NO_REPLACE_OBJECTS") != nil
    replacementPath = variable("GIT_REPLACE_REF_BASE").flatMap {
      $0.isEmpty ? nil : $0.hasSuffix("/") ? $0 : $0 + "/"
    }
    sudoUser = variable("SUDO_UID").flatMap(UInt32.init)
  }

  /// The value of a setting in the environment; nil where it has none.
  func setting(_ name: String) -> String? {
    let name = Self.normalized(name)
    return settings.last { $0.name == name }?.value
  }

  // MARK: Reading

  /// What git takes for true (`git_parse_maybe_bool`); false for nil and what is neither.
  static func isTrue(_ text: String?) -> Bool {
    guard let text = text?.lowercased() else { return false }
    return ["true", "yes", "on"].contains(text) || Int(text).map { $0 != 0 } ?? false
  }

  static func absolute(_ path: String, _ directory: String) -> String {
    path.hasPrefix("/") ? path : directory + (directory.hasSuffix("/") ? "" : "/") + path
  }

  /// Section and name in lower case; what stands between them counts as it is.
  static func normalized(_ key: String) -> String {
    guard let first = key.firstIndex(of: "."), let last = key.lastIndex(of: ".") else {
      return key.lowercased()
    }
    return key[..<first].lowercased() + key[first..<last] + key[last...].lowercased()
  }

  /// Paths between colons; one in double quotes may hold a colon and C escapes.
  private static func paths(_ text: String) -> [String] {
    var paths: [String] = []
    var current = ""
    var isQuoted = false
    var isEscaped = false
    for character in text {
      if isEscaped {
        current.append(character)
        isEscaped = false
      } else if isQuoted, character == "\\" {
        isEscaped = true
      } else if character == "\"" && (isQuoted || current.isEmpty) {
        isQuoted.toggle()
      } else if character == ":", !isQuoted {
        paths.append(current)
        current = ""
      } else {
        current.append(character)
      }
    }
    return (paths + [current]).filter { !$0.isEmpty }
  }

  /// `'key=value' 'key'='value'`, quoted as a shell would (git's `sq_quote`). What is quoted otherwise ends the reading.
  private static func parameters(_ text: String) -> [Setting] {
    var rest = Substring(text)
    var settings: [Setting] = []
    while true {
      rest = rest.drop { $0 == " " }
      guard let key = quoted(&rest) else { return settings }
      if rest.first == "=" {
        rest.removeFirst()
        settings.append(Setting(name: normalized(key), value: quoted(&rest) ?? ""))
      } else if let equals = key.firstIndex(of: "=") {
        settings.append(
          Setting(name: normalized(String(key[..<equals])), value: String(key[key.index(after: equals)...])))
      } else {
        settings.append(Setting(name: normalized(key), value: "true"))
      }
    }
  }

  private static func quoted(_ rest: inout Substring) -> String? {
    guard rest.first == "'" else { return nil }
    var text = ""
    while rest.first == "'" {
      rest.removeFirst()
      text += rest.prefix { $0 != "'" }
      rest = rest.drop { $0 != "'" }
      guard !rest.isEmpty else { return nil }
      rest.removeFirst()
      // '\'' and '\!' stand for one character between two quoted parts.
      guard rest.first == "\\", let character = rest.dropFirst().first, rest.dropFirst(2).first == "'" else {
        return text
      }
      text.append(character)
      rest.removeFirst(2)
    }
    return text
  }
}
