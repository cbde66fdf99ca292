package import Chart
import Linker
import Reachability

extension Compilation {
  /// The fleet as a picture; nil where the compile did not get as far as binding names.
  package func chart(_ options: Chart.Options) -> Chart? {
    workings.map {
      Chart(
        $0.model, links: $0.plan.links, connections: $0.judged, judgement: judgement,
        options: options)
    }
  }
}
