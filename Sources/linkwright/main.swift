import Glibc

// A reader that goes away (`| head`) is no failure of ours; writes then return EPIPE.
signal(SIGPIPE, SIG_IGN)
Allocator.prepare()
Terminal.claimStandardStreams()

exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())).rawValue)
