import Glibc

// A reader that goes away (`| head`) is no failure of ours; writes then return EPIPE.
signal(SIGPIPE, SIG_IGN)
Allocator.prepare()
Terminal.claimStandardStreams()

guard let arguments = ProgramArguments.all else {
  Terminal.printError("linkwright: what it was started with cannot be read: /proc is not mounted here\n")
  exit(ExitCode.failure.rawValue)
}
exit(CommandLineTool.run(arguments).rawValue)
