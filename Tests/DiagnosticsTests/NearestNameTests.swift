import Diagnostics
import Testing

@Suite struct NearestNameTests {
  @Test(arguments: [
    ("servicPort", ["servicePort", "service", "port"], ["servicePort", "port"]),
    ("gold", ["golddr", "silver"], ["golddr"]), ("x", [], []), ("Gold", ["gold"], ["gold"]),
  ]) func nearest(_ name: String, _ candidates: [String], _ expected: [String]) {
    #expect(nearestNames(to: name, among: candidates) == expected)
  }
}
