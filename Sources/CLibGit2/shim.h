#include <git2.h>
#include <git2/sys/repository.h>

/* git_libgit2_opts is variadic, which Swift does not import: one inline function for each use of it. */

/* Accepts repository extensions that libgit2 1.5 does not know. These change where git looks for settings or
   which objects a clone fetched, not what an object is; none of them needs anything from a reader. */
static inline int linkwright_git_accept_extensions(void) {
  const char *names[] = {"partialclone", "worktreeconfig", "preciousobjects"};
  return git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, names, (size_t)3);
}
