/// One self-contained page: the chart, a list of connections, the trace of each. It opens from a file, asks nothing of
/// the network, and works with the keyboard alone.
extension Chart {
  func page() -> String {
    var page = Self.part("page.html")
    // The data stands in a script element: nothing in it may end that element.
    let data = json(indentation: nil).replacing("<", with: "\\u003c")
    page = page.replacing("{{title}}", with: Self.xmlText("\(fleet) · connections"))
    page = page.replacing("/*{{style}}*/", with: Self.part("style.css"))
    page = page.replacing("/*{{script}}*/", with: Self.part("script.js"))
    return page.replacing("{{data}}", with: data)
  }

  private static func part(_ name: String) -> String {
    for file in EmbeddedResources.files where "\(file.path)".hasSuffix("/\(name)") { return "\(file.text)" }
    return ""
  }
}
