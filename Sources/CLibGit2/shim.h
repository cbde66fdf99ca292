#include <git2.h>
#include <git2/sys/repository.h>

/* git_libgit2_opts is variadic, which Swift does not import: one inline function for each use of it. */

/* Accepts repository extensions that libgit2 1.5 does not know, and leaves the question whose repositories are read
   to the caller. Most of the extensions change where git looks for settings or which objects a clone fetched, not what
   an object is; objectformat and refstorage name formats, which the caller looks at. */
static inline int linkwright_git_prepare(void) {
  const char *names[] = {"partialclone",     "worktreeconfig", "preciousobjects", "objectformat",
                         "refstorage",       "relativeworktrees"};
  int status = git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, names, (size_t)6);
  if (status < 0) return status;
  return git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}
