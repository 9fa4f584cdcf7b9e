// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/confinement.hpp"

#include <cerrno>
#include <csignal>

#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/confinement_parts.hpp"

namespace rastel::sandbox {
namespace {

std::uint32_t worker_id(const Circumstances& circumstances) {
  switch (circumstances.user_namespace) {
    case UserNamespace::mapped:
      return 1 + circumstances.slot % (mapped_ids - 1);
    case UserNamespace::none:
      return first_worker_id + 1 + circumstances.slot % (mapped_ids - 1);
    case UserNamespace::single:
      break;
  }
  return 0;
}

// Without an empty root: a folder that only this process knows, removed by the zygote when it has ended.
// Never two workers in one folder: libclamav's names collide, and infected mail came back clean
// (docs/engine.md).
Result<std::filesystem::path> private_folder(const Circumstances& circumstances, std::uint32_t owner) {
  std::filesystem::path folder = circumstances.temporary / std::to_string(circumstances.slot);
  if (mkdir(folder.c_str(), 0700) != 0)
    return fail_errno(errno, "can't make a scratch folder " + folder.string());
  if (geteuid() == 0 && owner != 0 && chown(folder.c_str(), owner, owner) != 0)
    return fail_errno(errno, "can't give away " + folder.string());
  return folder;
}

class Applying {
 public:
  explicit Applying(Confined& confined) : confined_(confined) {}
  bool operator()(std::string_view what, const std::string& problem) {
    if (problem.empty()) return true;
    confined_.missing.push_back(std::string(what) + ": " + problem);
    return false;
  }

 private:
  Confined& confined_;
};

std::string_view sentence(Process process, Protection protection) {
  for (const ConfinementRow& row : confinement_table())
    if (row.process == process && row.protection == protection) return row.what;
  return "protection";
}

}  // namespace

const std::vector<ConfinementRow>& confinement_table() {
  using enum Protection;
  static const std::vector<ConfinementRow> table{
      {Process::zygote, own_namespaces, "own mount, network, IPC and host name"},
      {Process::zygote, empty_root, "no file of the system in reach after the signatures are loaded"},
      {Process::zygote, no_new_privileges, "no new privileges"},
      {Process::zygote, few_calls, "no program started, no socket made"},
      {Process::worker, own_namespaces, "own mount, network, IPC and host name"},
      {Process::worker, empty_root, "an empty root, which is its temporary space, limited in size"},
      {Process::worker, own_id, "a user id of its own"},
      {Process::worker, no_capabilities, "no capabilities"},
      {Process::worker, limits, "limits on memory, files and core dumps"},
      {Process::worker, no_new_privileges, "no new privileges"},
      {Process::worker, no_files, "Landlock: no file but its temporary space"},
      {Process::worker, few_calls, "seccomp: only the calls that a scan needs"},
      // Its own id and no capabilities: by the master, before it is started.
      {Process::page, limits, "limits on memory, descriptors and core dumps"},
      {Process::page, no_new_privileges, "no new privileges"},
      {Process::page, no_files, "Landlock: no file at all"},
      {Process::page, few_calls, "seccomp: no program, no socket but to the daemon, only what a page needs"},
  };
  return table;
}

Result<Confined> confine(Process process, const Circumstances& circumstances, int keep) {
  using enum Protection;
  Confined confined;
  Applying applied(confined);
  const auto what = [&](Protection protection) { return sentence(process, protection); };
  close_all_but(keep);
  if (process == Process::page) {
    applied(what(limits), set_page_limits());
    applied(what(no_new_privileges), forbid_new_privileges());
    applied(what(no_files), allow_no_file());
    applied(what(few_calls), allow_few_calls(process));
    return confined;
  }
  const bool apart = applied(what(own_namespaces), new_namespaces());
  const std::uint32_t id = process == Process::worker ? worker_id(circumstances) : 0;
  const bool root_enters =
      process == Process::zygote || circumstances.user_namespace == UserNamespace::single || geteuid() == 0;
  bool rooted = false;
  if (apart && root_enters) {
    // The zygote leaves /w behind for its workers to mount on.
    const std::filesystem::path mount_point = process == Process::zygote ? circumstances.temporary : "/w";
    rooted = applied(what(empty_root), enter_empty_root(mount_point, circumstances.scratch_size, id));
    if (rooted && process == Process::zygote && mkdir("/w", 0700) != 0)
      return fail_errno(errno, "can't make /w");
    if (rooted) confined.scratch = "/";
  } else if (apart) {
    applied(what(empty_root), "needs a user namespace or root");
  }
  if (process == Process::worker) {
    if (!rooted) {
      if (!apart) applied(what(empty_root), "needs a mount namespace of its own");
      RASTEL_TRY(confined.scratch, private_folder(circumstances, id));
    }
    applied(what(limits), set_limits(circumstances));
    empty_bounding_set();
    if (circumstances.user_namespace != UserNamespace::single)
      applied(what(own_id), geteuid() == 0 ? become(id) : "needs root or a mapped range of user ids");
    applied(what(no_capabilities), drop_capabilities());
    // Landlock goes by descriptors that are opened now, after the id has changed.
    applied(what(no_new_privileges), forbid_new_privileges());
    applied(what(no_files), allow_only_folder(confined.scratch));
  } else {
    if (!rooted && !apart) applied(what(empty_root), "needs a mount namespace of its own");
    applied(what(no_new_privileges), forbid_new_privileges());
  }
  applied(what(few_calls), allow_few_calls(process));
  return confined;
}

}  // namespace rastel::sandbox
