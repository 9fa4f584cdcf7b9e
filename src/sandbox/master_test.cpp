// SPDX-License-Identifier: GPL-2.0-only
// The master with a daemon and an engine that do as they are told (master_programs_for_test.cpp), run in a
// process of its own. Waits end with what is waited for; a minute is only where a broken master ends a test.
#include "sandbox/master.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/identifier.hpp"
#include "base/os/file.hpp"
#include "sandbox/listeners.hpp"
#include "sandbox/master_programs_for_test.hpp"

namespace rastel::sandbox {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

struct TestFolder {
  std::string path;
  TestFolder() {
    path = (std::filesystem::temp_directory_path() / ("rastel-master-" + new_message_id().substr(0, 8)))
               .string();
    mkdir(path.c_str(), 0700);
    chmod(path.c_str(), 0777);  // the daemon's user and the engine's write here
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

template <class Condition>
bool eventually(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

Endpoint unix_endpoint(const std::string& path) { return {Endpoint::Kind::unix_socket, {}, 0, path}; }

int connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int result = connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int problem = result == 0 ? 0 : errno;
  close(client);
  return problem;
}

class MasterTest : public testing::Test {
 public:
  MasterTest() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // what a killed master leaves behind is ours to see
    setenv(folder_for_test, folder_.path.c_str(), 1);
    configure("");
  }
  ~MasterTest() override {
    if (master_ > 0) {
      kill(master_, SIGKILL);
      waitpid(master_, nullptr, 0);
    }
    unsetenv(folder_for_test);
    while (waitpid(-1, nullptr, 0) > 0) continue;
    prctl(PR_SET_CHILD_SUBREAPER, 0);
  }

 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return folder_.path + "/" + name; }
  [[nodiscard]] std::string socket_path() const { return at("run/control.sock"); }

  // The text that the daemon gets; lines "listen NAME PATH MODE" are further listeners, "wrong" is refused.
  void configure(const std::string& text) {
    std::ofstream(at("configuration.new")) << text;
    std::filesystem::rename(at("configuration.new"), at("configuration"));
  }

  [[nodiscard]] Result<MasterPlan> plan() const {
    MasterPlan plan;
    plan.text = text_of(at("configuration"));
    if (plan.text.find("wrong") != std::string::npos)
      return fail(ErrorKind::invalid_input, "configuration:1: wrong");
    plan.source = "configuration";
    plan.engine_text = "[engine]";
    plan.files = {{"/key", "secret of " + plan.text}, {"/empty", ""}};
    plan.listeners.push_back({"control", unix_endpoint(socket_path()), 0660, {}});
    std::istringstream lines(plan.text);
    for (std::string word, name, path; lines >> word;) {
      std::uint32_t mode = 0;
      if (word == "listen" && lines >> name >> path >> std::oct >> mode)
        plan.listeners.push_back({name, unix_endpoint(path), mode, {}});
    }
    plan.private_folders = {at("store"), at("store/spool")};
    plan.run_directory = at("run");
    plan.user = "nobody";
    plan.log.level = LogLevel::error;
    return plan;
  }

  void start() {
    master_ = fork();
    if (master_ != 0) return;
    if (freopen(at("log").c_str(), "w", stderr) == nullptr) _exit(99);
    // The test program as it is now: what /proc/self/exe names stays itself.
    const std::string self = std::filesystem::read_symlink("/proc/self/exe");
    _exit(run_master({self, self}, [this] { return plan(); }));
  }

  // What the daemons that have been started so far said, by process.
  [[nodiscard]] std::map<pid_t, std::string> daemons() const {
    std::map<pid_t, std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("daemon.") && !name.ends_with(".part"))
        found[std::atoi(name.c_str() + 7)] = text_of(entry.path());
    }
    return found;
  }
  [[nodiscard]] std::string said_by(pid_t daemon) const {
    return text_of(at("daemon." + std::to_string(daemon)));
  }
  std::string wait_for(const std::string& name) {
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(at(name)); })) << name << "\n"
                                                                               << text_of(at("log"));
    return text_of(at(name));
  }
  pid_t wait_for_daemon(std::size_t count = 1) {
    EXPECT_TRUE(eventually([&] { return daemons().size() >= count; })) << text_of(at("log"));
    for (const auto& [pid, said] : daemons())
      if (!seen_.contains(pid)) {
        seen_.insert(pid);
        return pid;
      }
    return -1;
  }
  int wait_for_end() {
    int status = -1;
    EXPECT_TRUE(eventually([&] { return waitpid(master_, &status, WNOHANG) == master_; }));
    master_ = -1;
    return status;
  }
  [[nodiscard]] bool engine_lives() const {
    const FileDescriptor lock(open(at("engine.lock").c_str(), O_RDWR | O_CLOEXEC));
    return lock && flock(lock.get(), LOCK_EX | LOCK_NB) != 0;
  }

  TestFolder folder_;
  pid_t master_ = -1;
  std::set<pid_t> seen_;
};

TEST_F(MasterTest, HandsConfigurationAndListenersToADaemonWithoutPrivileges) {
  configure("text of the file\nlisten smtp:a " + at("a.sock") + " 0600");
  start();
  const std::string said = said_by(wait_for_daemon());
  EXPECT_THAT(said, HasSubstr("source configuration\ntext text of the file\n"));
  EXPECT_THAT(said, HasSubstr("file /empty = \nfile /key = secret of text of the file\n"));
  EXPECT_THAT(said, HasSubstr("listener control inode "));
  EXPECT_THAT(said, HasSubstr("listener smtp:a inode "));
  EXPECT_THAT(said, Not(HasSubstr("deaf")));
  EXPECT_THAT(said, HasSubstr("fds 0 1 2 3 "));
  EXPECT_THAT(said, HasSubstr("CapEff:\t0000000000000000"));
#if defined(__linux__) && !defined(RASTEL_PORTABLE)
  EXPECT_THAT(said, HasSubstr("NoNewPrivs:\t1"));
#endif
  EXPECT_THAT(said, HasSubstr("sid own"));
  if (geteuid() == 0) {
    EXPECT_THAT(said, HasSubstr("uid 65534\n"));
    EXPECT_THAT(said, HasSubstr("Groups:\t \n"));
  }
  struct stat status{};
  ASSERT_EQ(stat(at("store/spool").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  EXPECT_EQ(status.st_uid, geteuid() == 0 ? 65534U : geteuid());
  ASSERT_EQ(stat(at("run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U);
  EXPECT_EQ(status.st_uid, geteuid())
      << "the daemon must not be able to put something into a folder that root works in";
  ASSERT_EQ(stat(at("a.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(MasterTest, EndsInOrderWhenTold) {
  configure("engine\nlisten smtp:a " + at("a.sock") + " 0600");
  start();
  wait_for("engine");
  kill(master_, SIGTERM);
  const int status = wait_for_end();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(std::filesystem::exists(at("told-to-end")));
  EXPECT_FALSE(std::filesystem::exists(socket_path()));
  EXPECT_FALSE(std::filesystem::exists(at("a.sock")));
  EXPECT_TRUE(eventually([&] { return !engine_lives(); }));
}

TEST_F(MasterTest, ADaemonThatLeavesInOrderEndsTheMaster) {
  configure("leave");
  start();
  EXPECT_EQ(wait_for_end(), 0);
  EXPECT_EQ(daemons().size(), 1U);
}

TEST_F(MasterTest, ADaemonThatIsKilledIsStartedAgainOnTheSameListeners) {
  configure("engine");
  start();
  const pid_t first = wait_for_daemon();
  wait_for("engine");
  EXPECT_TRUE(engine_lives());
  kill(first, SIGKILL);
  EXPECT_TRUE(eventually([&] { return !engine_lives(); })) << "its engine is killed with it";
  EXPECT_EQ(connect_to(socket_path()), 0) << "clients wait in the listener's queue meanwhile";
  const pid_t second = wait_for_daemon(2);
  const auto listeners = [&](pid_t pid) {
    const std::string said = said_by(pid);
    return said.substr(said.find("listener"));
  };
  EXPECT_EQ(listeners(first), listeners(second));
}

TEST_F(MasterTest, ADaemonThatDiesAgainAndAgainIsStartedEverLater) {
  configure("die");
  start();
  wait_for_daemon(3);
  EXPECT_TRUE(eventually([&] { return text_of(at("log")).find("in 4 s") != std::string::npos; }));
  const std::string log = text_of(at("log"));
  EXPECT_THAT(log, HasSubstr("status 3"));
  EXPECT_LT(log.find("in 1 s"), log.find("in 2 s"));
  EXPECT_LT(log.find("in 2 s"), log.find("in 4 s"));
}

TEST_F(MasterTest, ADaemonThatBreaksTheProtocolIsKilled) {
  configure("garbage");
  start();
  wait_for_daemon(2);
  EXPECT_THAT(text_of(at("log")), HasSubstr("signal 9"));
}

TEST_F(MasterTest, AnEngineSeesItsSocketAndItsTextAlone) {
  configure("engine");
  start();
  const std::string said = wait_for("engine");
  EXPECT_THAT(said, HasSubstr("fds 0 1 2 3 4 "));
  EXPECT_THAT(said, HasSubstr("text [engine]\n"));
  EXPECT_THAT(said, HasSubstr("argument --userns="));
  EXPECT_THAT(said, HasSubstr("lock held"));
  const bool has_namespaces = said.find("--userns=none") == std::string::npos;
  EXPECT_TRUE(!has_namespaces || said.find("pid 1\n") != std::string::npos)
      << "first of a process namespace: its end is the end of its workers\n"
      << said;
}

TEST_F(MasterTest, AnEngineIsKilledOnRequestWithItsWorkers) {
  configure("kill");
  start();
  wait_for("engine-ended");
  EXPECT_TRUE(eventually([&] { return !engine_lives(); }));
  EXPECT_EQ(daemons().size(), 1U);
}

TEST_F(MasterTest, AWrongConfigurationIsRefusedAsAWhole) {
  start();
  wait_for_daemon();
  configure("wrong");
  kill(master_, SIGHUP);
  EXPECT_EQ(wait_for("reload.1"), "error configuration:1: wrong");
  EXPECT_EQ(connect_to(socket_path()), 0);
  // One listener that can be had and one that can't: neither comes.
  configure("listen smtp:a " + at("a.sock") + " 0600\nlisten smtp:b /nonexistent/b.sock 0600");
  kill(master_, SIGHUP);
  EXPECT_THAT(wait_for("reload.2"), StartsWith("error can't listen on unix:/nonexistent/b.sock"));
  EXPECT_FALSE(std::filesystem::exists(at("a.sock")));
  EXPECT_EQ(connect_to(socket_path()), 0);
}

TEST_F(MasterTest, AReloadKeepsWhatStaysAndClosesWhatGoes) {
  configure("listen smtp:a " + at("a.sock") + " 0600\nlisten smtp:b " + at("b.sock") + " 0600");
  start();
  const std::string before = said_by(wait_for_daemon());
  configure("new text\nlisten smtp:b " + at("b.sock") + " 0666\nlisten smtp:c " + at("c.sock") + " 0600");
  kill(master_, SIGHUP);
  const std::string after = wait_for("reload.1");
  EXPECT_THAT(after, HasSubstr("text new text"));
  const auto line = [](const std::string& text, const std::string& name) {
    const std::size_t begin = text.find("listener " + name);
    return begin == std::string::npos ? std::string() : text.substr(begin, text.find('\n', begin) - begin);
  };
  EXPECT_EQ(line(before, "smtp:b"), line(after, "smtp:b"));
  EXPECT_EQ(line(before, "control"), line(after, "control"));
  EXPECT_NE(line(after, "smtp:c"), "");
  EXPECT_EQ(line(after, "smtp:a"), "");
  EXPECT_FALSE(std::filesystem::exists(at("a.sock")));
  struct stat status{};
  ASSERT_EQ(stat(at("b.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0666U);
}

TEST_F(MasterTest, AWrongConfigurationAtTheStartIsSaidAndEndsIt) {
  configure("wrong");
  start();
  const int status = wait_for_end();
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_THAT(text_of(at("log")), HasSubstr("configuration:1: wrong"));
}

TEST_F(MasterTest, ADaemonThatLosesItsMasterIsTold) {
  start();
  wait_for_daemon();
  kill(master_, SIGKILL);
  wait_for_end();
  wait_for("master-gone");
}

// ---- listeners and folders
// ----------------------------------------------------------------------------------------------

class ListenersTest : public testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return folder_.path + "/" + name; }
  [[nodiscard]] MasterPlan plan_for(const std::string& path) const {
    MasterPlan plan;
    plan.listeners.push_back({"x", unix_endpoint(path), 0660, {}});
    return plan;
  }
  TestFolder folder_;
  Account account_;
};

TEST_F(ListenersTest, ALeftOverSocketIsReplaced) {
  const auto leave_over = [&] {
    const int left = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    at("x").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(left, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    close(left);
  };
  leave_over();
  ASSERT_EQ(connect_to(at("x")), ECONNREFUSED);
  Listeners listeners;
  const auto opened = listeners.open(plan_for(at("x")), account_);
  ASSERT_TRUE(opened) << opened.error().what;
  EXPECT_EQ(connect_to(at("x")), 0);
}

TEST_F(ListenersTest, ASocketAtWhichSomebodyAnswersIsNot) {
  Listeners first;
  ASSERT_TRUE(first.open(plan_for(at("x")), account_));
  {
    Listeners second;
    const auto opened = second.open(plan_for(at("x")), account_);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().what, HasSubstr("is another rasteld"));
  }
  EXPECT_EQ(connect_to(at("x")), 0);
}

TEST_F(ListenersTest, AFileOrALinkInItsPlaceIsLeftAlone) {
  std::ofstream(at("file")) << "precious";
  std::filesystem::create_symlink(at("file"), at("link"));
  for (const char* name : {"file", "link"}) {
    Listeners listeners;
    EXPECT_FALSE(listeners.open(plan_for(at(name)), account_));
  }
  EXPECT_EQ(text_of(at("file")), "precious");
  EXPECT_TRUE(std::filesystem::is_symlink(at("link")));
}

TEST_F(ListenersTest, AnotherSocketInItsPlaceIsNotRemovedAtTheEnd) {
  Listeners first;
  ASSERT_TRUE(first.open(plan_for(at("x")), account_));
  std::filesystem::remove(at("x"));
  Listeners second;
  ASSERT_TRUE(second.open(plan_for(at("x")), account_));
  first.remove_socket_files();
  EXPECT_EQ(connect_to(at("x")), 0);
}

TEST_F(ListenersTest, ALinkThatTheDaemonPutInPlaceOfItsSocketIsNotFollowed) {
  std::ofstream(at("precious")) << "";
  chmod(at("precious").c_str(), 0600);
  Listeners listeners;
  MasterPlan plan = plan_for(at("x"));
  ASSERT_TRUE(listeners.open(plan, account_));
  std::filesystem::remove(at("x"));
  std::filesystem::create_symlink(at("precious"), at("x"));
  plan.listeners[0].mode = 0666;
  testing::internal::CaptureStderr();
  listeners.settle(plan, account_);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is no socket any more"));
  struct stat status{};
  ASSERT_EQ(stat(at("precious").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

TEST_F(ListenersTest, AFolderIsMadeOnceAndKeptAsItIs) {
  MasterPlan plan;
  plan.run_directory = at("run/deep");
  plan.private_folders = {at("store")};
  ASSERT_TRUE(make_folders(plan, account_));
  chmod(at("store").c_str(), 0750);
  ASSERT_TRUE(make_folders(plan, account_));
  struct stat status{};
  ASSERT_EQ(stat(at("store").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0750U);
  plan.run_directory = "/proc/nonexistent/run";
  EXPECT_FALSE(make_folders(plan, account_));
}

TEST_F(ListenersTest, ANameIsNoAddressToListenOn) {
  MasterPlan plan;
  plan.listeners.push_back({"x", *parse_endpoint("mail.example.com:25"), 0660, {}});
  Listeners listeners;
  const auto opened = listeners.open(plan, account_);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().what, HasSubstr("numeric address"));
}

TEST(AccountForTheDaemon, RootNeedsOneThatIsNotRoot) {
  if (geteuid() != 0) GTEST_SKIP() << "only root changes the account";
  MasterPlan plan;
  plan.user = "nosuchuser";
  const auto missing = account_for(plan);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().what, HasSubstr("adduser --system"));
  plan.user = "root";
  EXPECT_FALSE(account_for(plan));
  plan.user = "nobody";
  const auto account = account_for(plan);
  ASSERT_TRUE(account);
  EXPECT_TRUE(account->change);
  EXPECT_TRUE(account->groups.empty());
}

// `adduser rastel Debian-exim` had no effect: the door couldn't read what Exim asked it to scan.
TEST(AccountForTheDaemon, HasTheGroupsThatItsUserWasGiven) {
  if (geteuid() != 0) GTEST_SKIP() << "only root changes the account";
  std::map<std::string, std::set<gid_t>> given;
  setgrent();
  while (const group* found = getgrent())
    for (char** member = found->gr_mem; *member != nullptr; ++member) given[*member].insert(found->gr_gid);
  endgrent();
  given["nobody"];
  for (const auto& [user, groups] : given) {
    const passwd* entry = getpwnam(user.c_str());
    if (entry == nullptr || entry->pw_uid == 0) continue;
    std::set<gid_t> expected = groups;
    expected.erase(entry->pw_gid);
    MasterPlan plan;
    plan.user = user;
    const auto account = account_for(plan);
    ASSERT_TRUE(account) << user;
    EXPECT_EQ(std::set<gid_t>(account->groups.begin(), account->groups.end()), expected) << user;
  }
}

}  // namespace
}  // namespace rastel::sandbox
