/// The character properties behind `\p{…}`.
enum UnicodeProperties {
  /// The set that a property name means in a dialect; nil when the name is unknown.
  ///
  /// RE2 knows `Any`, the short general categories and scripts. ECMA-262 also knows the long names,
  /// `General_Category=…`, `Script=…` and binary properties; its names are case sensitive.
  static func set(named name: String, dialect: Pattern.Dialect) -> ScalarSet? {
    if name == "Any" { return .all }
    switch dialect {
    case .re2:
      if let group = categoryGroups.first(where: { $0.short == name }) {
        // In RE2, C leaves out what is unassigned, and Cn is no name.
        let categories = group.categories.filter { $0 != .unassigned }
        return categories.isEmpty ? nil : set(of: categories)
      }
      return ScriptTable.set(named: name, allowsCodes: false)
    case .ecma262:
      if let separator = name.firstIndex(of: "=") {
        let value = String(name[name.index(after: separator)...])
        switch name[..<separator] {
        case "General_Category", "gc": return category(named: value)
        case "Script", "sc": return ScriptTable.set(named: value, allowsCodes: true)
        default: return nil
        }
      }
      return category(named: name) ?? binaryProperty(named: name)
    }
  }

  private static func category(named name: String) -> ScalarSet? {
    let group = categoryGroups.first { $0.short == name || $0.long == name || $0.alias == name }
    return group.map { set(of: $0.categories) }
  }

  // MARK: General categories

  private struct CategoryRun: Sendable {
    var interval: ScalarSet.Interval
    var category: Unicode.GeneralCategory
  }

  /// All code points by runs of equal category, from the standard library's tables.
  private static let categoryRuns: [CategoryRun] = {
    var runs: [CategoryRun] = []
    // Looking up a million code points takes 50 ms, so planes without characters are not scanned: of 4 to 13
    // and the rest of 14 everything is unassigned, of 15 and 16 everything but the last two is private.
    var value: UInt32 = 0
    while value <= ScalarSet.lastScalar {
      let skipTo: UInt32 =
        switch value {
        case 0x40000: 0xDFFFF
        case 0xE1000: 0xEFFFF
        case 0xF0000: 0xFFFFD
        case 0x100000: 0x10FFFD
        default: value
        }
      let category = Unicode.Scalar(value)?.properties.generalCategory ?? .surrogate
      if let last = runs.last, last.category == category {
        runs[runs.count - 1].interval.last = skipTo
      } else {
        runs.append(CategoryRun(interval: .init(value, skipTo), category: category))
      }
      value = skipTo + 1
    }
    return runs
  }()

  private static func set(of categories: [Unicode.GeneralCategory]) -> ScalarSet {
    ScalarSet(merging: categoryRuns.filter { categories.contains($0.category) }.map(\.interval))
  }

  private struct CategoryGroup: Sendable {
    var short: String
    var long: String
    var alias: String?
    var categories: [Unicode.GeneralCategory]

    init(
      _ short: String, _ long: String, alias: String? = nil, _ categories: [Unicode.GeneralCategory]
    ) {
      self.short = short
      self.long = long
      self.alias = alias
      self.categories = categories
    }
  }

  private static let categoryGroups: [CategoryGroup] = [
    CategoryGroup(
      "L", "Letter",
      [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter]),
    CategoryGroup("LC", "Cased_Letter", [.uppercaseLetter, .lowercaseLetter, .titlecaseLetter]),
    CategoryGroup("Lu", "Uppercase_Letter", [.uppercaseLetter]),
    CategoryGroup("Ll", "Lowercase_Letter", [.lowercaseLetter]),
    CategoryGroup("Lt", "Titlecase_Letter", [.titlecaseLetter]),
    CategoryGroup("Lm", "Modifier_Letter", [.modifierLetter]),
    CategoryGroup("Lo", "Other_Letter", [.otherLetter]),
    CategoryGroup("M", "Mark", alias: "Combining_Mark", [.nonspacingMark, .spacingMark, .enclosingMark]),
    CategoryGroup("Mn", "Nonspacing_Mark", [.nonspacingMark]),
    CategoryGroup("Mc", "Spacing_Mark", [.spacingMark]),
    CategoryGroup("Me", "Enclosing_Mark", [.enclosingMark]),
    CategoryGroup("N", "Number", [.decimalNumber, .letterNumber, .otherNumber]),
    CategoryGroup("Nd", "Decimal_Number", alias: "digit", [.decimalNumber]),
    CategoryGroup("Nl", "Letter_Number", [.letterNumber]),
    CategoryGroup("No", "Other_Number", [.otherNumber]),
    CategoryGroup(
      "P", "Punctuation", alias: "punct",
      [
        .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
        .initialPunctuation, .finalPunctuation, .otherPunctuation,
      ]),
    CategoryGroup("Pc", "Connector_Punctuation", [.connectorPunctuation]),
    CategoryGroup("Pd", "Dash_Punctuation", [.dashPunctuation]),
    CategoryGroup("Ps", "Open_Punctuation", [.openPunctuation]),
    CategoryGroup("Pe", "Close_Punctuation", [.closePunctuation]),
    CategoryGroup("Pi", "Initial_Punctuation", [.initialPunctuation]),
    CategoryGroup("Pf", "Final_Punctuation", [.finalPunctuation]),
    CategoryGroup("Po", "Other_Punctuation", [.otherPunctuation]),
    CategoryGroup("S", "Symbol", [.mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol]),
    CategoryGroup("Sm", "Math_Symbol", [.mathSymbol]),
    CategoryGroup("Sc", "Currency_Symbol", [.currencySymbol]),
    CategoryGroup("Sk", "Modifier_Symbol", [.modifierSymbol]),
    CategoryGroup("So", "Other_Symbol", [.otherSymbol]),
    CategoryGroup("Z", "Separator", [.spaceSeparator, .lineSeparator, .paragraphSeparator]),
    CategoryGroup("Zs", "Space_Separator", [.spaceSeparator]),
    CategoryGroup("Zl", "Line_Separator", [.lineSeparator]),
    CategoryGroup("Zp", "Paragraph_Separator", [.paragraphSeparator]),
    CategoryGroup("C", "Other", [.control, .format, .surrogate, .privateUse, .unassigned]),
    CategoryGroup("Cc", "Control", alias: "cntrl", [.control]),
    CategoryGroup("Cf", "Format", [.format]),
    CategoryGroup("Cs", "Surrogate", [.surrogate]),
    CategoryGroup("Co", "Private_Use", [.privateUse]),
    CategoryGroup("Cn", "Unassigned", [.unassigned]),
  ]

  // MARK: Binary properties of ECMA-262

  private static func binaryProperty(named name: String) -> ScalarSet? {
    switch name {
    case "ASCII": ScalarSet(pairs: [0, 0x7F])
    case "ASCII_Hex_Digit", "AHex": ScalarSet(pairs: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66])
    case "Assigned": set(of: [.unassigned]).inverted
    case "Alphabetic", "Alpha": scalars { $0.isAlphabetic }
    case "Lowercase", "Lower": scalars { $0.isLowercase }
    case "Uppercase", "Upper": scalars { $0.isUppercase }
    case "White_Space", "space": scalars { $0.isWhitespace }
    case "ID_Start", "IDS": scalars { $0.isIDStart }
    case "ID_Continue", "IDC": scalars { $0.isIDContinue }
    case "XID_Start", "XIDS": scalars { $0.isXIDStart }
    case "XID_Continue", "XIDC": scalars { $0.isXIDContinue }
    case "Emoji": scalars { $0.isEmoji }
    case "Emoji_Presentation", "EPres": scalars { $0.isEmojiPresentation }
    case "Ideographic", "Ideo": scalars { $0.isIdeographic }
    case "Math": scalars { $0.isMath }
    case "Dash": scalars { $0.isDash }
    default: nil
    }
  }

  private static func scalars(
    where holds: (Unicode.Scalar.Properties) -> Bool
  ) -> ScalarSet {
    var pieces: [ScalarSet.Interval] = []
    for value: UInt32 in 0...ScalarSet.lastScalar {
      guard let scalar = Unicode.Scalar(value), holds(scalar.properties) else { continue }
      if let last = pieces.last, last.last + 1 == value {
        pieces[pieces.count - 1].last = value
      } else {
        pieces.append(.init(value, value))
      }
    }
    return ScalarSet(merging: pieces)
  }
}
