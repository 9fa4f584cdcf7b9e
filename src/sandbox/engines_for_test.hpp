// SPDX-License-Identifier: GPL-2.0-only
// A master for tests: forks the zygote out of the test program itself, in whichever circumstances a test
// wants, and kills and reaps it. The test program must have one thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <sys/types.h>

#include "sandbox/master_link.hpp"
#include "sandbox/zygote.hpp"

namespace rastel::sandbox {

// How the master could start the zygote.
enum class Start {
  mapped,      // root: in a user namespace with a range of ids
  plain_root,  // root without a user namespace
  chrooted,    // the same inside an empty chroot, where the kernel gives no user namespaces
  single,      // an ordinary user in a user namespace
  plain_user,  // an ordinary user without any namespace
};
[[nodiscard]] std::string_view to_string(Start start);
// Those that this process can bring about on this machine.
[[nodiscard]] std::vector<Start> possible_starts();
// The one with the most protections.
[[nodiscard]] Start best_start();
// Complete confinement is to be had with it.
[[nodiscard]] bool is_complete(Start start);

// A fresh folder that everybody may use, $TMPDIR while it lives; fails the test if something is left in it.
class TemporaryFolderForTest {
 public:
  TemporaryFolderForTest();
  ~TemporaryFolderForTest();
  TemporaryFolderForTest(const TemporaryFolderForTest&) = delete;
  TemporaryFolderForTest& operator=(const TemporaryFolderForTest&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  std::string before_;
};

// Forks; the child, in the circumstances of `start`, runs `body` and ends with its result. -1 and a failed
// expectation if that isn't possible. `temporary`: for chrooted, the new root (it gets a folder tmp).
[[nodiscard]] pid_t fork_for_test(Start start, const std::filesystem::path& temporary,
                                  const std::function<int(UserNamespace)>& body);

// Processes whose parent is `parent`.
[[nodiscard]] std::vector<pid_t> children_of(pid_t parent);

class MasterForTest final : public MasterLink {
 public:
  // `load`: called in the zygote; gets the engine's number, 1, 2, …
  MasterForTest(Start start, ZygoteOptions options, std::filesystem::path temporary,
                std::function<Result<Loaded>(std::uint32_t)> load);
  ~MasterForTest() override;

  boost::asio::awaitable<Result<Handover>> configuration() override;
  boost::asio::awaitable<Result<Handover>> reload_configuration() override;
  boost::asio::awaitable<Result<EngineProcess>> start_engine() override;
  void kill_engine(std::uint32_t number) override;
  boost::asio::awaitable<Result<std::vector<ProcessMemory>>> memory() override;
  boost::asio::awaitable<void> master_gone() override;

  [[nodiscard]] pid_t pid(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t started() const { return started_; }
  [[nodiscard]] std::uint32_t alive() const { return static_cast<std::uint32_t>(pids_.size()); }

 private:
  Start start_;
  ZygoteOptions options_;
  std::filesystem::path temporary_;
  std::function<Result<Loaded>(std::uint32_t)> load_;
  std::map<std::uint32_t, pid_t> pids_;
  std::uint32_t started_ = 0;
};

}  // namespace rastel::sandbox
