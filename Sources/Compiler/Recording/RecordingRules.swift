package import Diagnostics

/// Rules about what `observe` and `record` are given, and about a cluster that differs from what is expected.
package enum RecordingRules {
  package static let all = [
    observedDiffers, expectedMissing, unusableInput, withoutNamespace, twiceInInput, recordingPlace,
    recordingConflict,
    partialInput,
  ]

  private static let why =
    "it needs the answer of a cluster on standard input; the tests of Recording run some"

  package static let observedDiffers = Rule(
    "LW1402", "observed-differs", .error, "an object in the cluster is not what the output expects",
    explanation: """
      Files below expected/ say what controllers will make of the emitted objects. 'linkwright observe --compare' \
      holds the cluster's answer against them, field by field; fields that the expected object does not name are \
      free. A difference means that the cluster has not caught up, that the output on record is older than the \
      observation, or that somebody else writes the object.
      """,
    unexampled: why)

  package static let expectedMissing = Rule(
    "LW1403", "expected-missing", .error,
    "an object that a controller should have made is not in the cluster",
    explanation: """
      A file below expected/ names an object, its namespace was observed, and the object is not there. Either the \
      controller has not made it (look at the status of the claim), or the kind was not asked for: \
      'oc get tscs,ts,svc,endpoints -o yaml' asks for all that Linkwright expects of Porter.
      """,
    unexampled: why)

  package static let unusableInput = Rule(
    "LW1404", "unusable-input", .error,
    "the input holds something that is no Kubernetes object, or nothing at all",
    explanation: """
      'observe' and 'record' read what 'kubectl get -o yaml' (or json) or a renderer printed. Empty input usually \
      means that the command before the pipe failed, so it never removes anything.
      """,
    unexampled: why)

  package static let withoutNamespace = Rule(
    "LW1405", "input-without-namespace", .error, "an object of the input lies in no namespace",
    explanation: """
      The objects of a namespace go to a file of its name. Renderers often leave metadata.namespace out and let \
      the consumer fill it in; then --namespace says which one is meant.
      """,
    unexampled: why)

  package static let twiceInInput = Rule(
    "LW1406", "twice-in-input", .error, "the input holds an object twice with different content",
    explanation: """
      Which of the two is right cannot be told, and choosing by order would make the result depend on chance. \
      Answers of two clusters, or of two moments, in one input are the usual cause.
      """,
    unexampled: why)

  package static let recordingPlace = Rule(
    "LW1407", "recording-place", .error, "there is no place for what was observed or recorded",
    explanation: """
      'observe' and 'record' write one file per namespace below the directory that spec.sources names for the \
      cluster. They can do so where a pattern has the form 'directory/{cluster}/**'; other patterns are read, not \
      written.
      """,
    unexampled: why)

  package static let recordingConflict = Rule(
    "LW1408", "recording-conflict", .error, "a file that Linkwright did not write stands in the way",
    explanation: """
      A second file with an older answer about the same objects would contradict the new one, and a hand-written \
      file is not overwritten. Remove the file, or move it out of the source's directory.
      """,
    unexampled: why)

  package static let partialInput = Rule(
    "LW1409", "partial-input", .error, "the input is only a part of a list",
    explanation: """
      An API server answers long lists in pieces; metadata.continue says that more follow. Objects of the other \
      pieces would be taken for gone. 'kubectl get' without --raw joins the pieces.
      """,
    unexampled: why)
}
