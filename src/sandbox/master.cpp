// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/master.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <map>

#include "base/log.hpp"
#include "base/os/file.hpp"
#include "sandbox/listeners.hpp"
#include "sandbox/master_protocol.hpp"
#include "sandbox/seqpacket.hpp"

namespace rastel::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto drain_time = std::chrono::seconds(60);
constexpr std::size_t most_engines = 8;

volatile std::sig_atomic_t told_to_end = 0;
volatile std::sig_atomic_t told_to_reload = 0;

class Master {
 public:
  Master(const MasterPrograms& programs, const ReadPlan& read_plan) : programs_(programs), read_plan_(read_plan) {}

  int run() {
    if (const auto begun = begin(); !begun) {
      log::error("{}", begun.error().what);
      return 1;
    }
    catch_signals();
    while (!(ending_ && daemon_ < 0)) {
      reap();
      if (told_to_end && !ending_) end();
      if (ending_ && daemon_ > 0 && Clock::now() >= kill_at_) kill(daemon_, SIGKILL);
      if (std::exchange(told_to_reload, 0) && daemon_ > 0) kill(daemon_, SIGHUP);
      if (daemon_ < 0 && !ending_ && Clock::now() >= restart_at_) start_daemon_again();
      wait();
    }
    kill_engines();
    listeners_.remove_socket_files();
    return 0;
  }

 private:
  Result<> begin() {
    RASTEL_TRY(plan_, read_plan_());
    RASTEL_TRY(account_, account_for(plan_));
    RASTEL_CHECK(make_folders(plan_, account_));
    RASTEL_CHECK(listeners_.open(plan_, account_));
    return {};
  }

  // Signals come in only while we wait in ppoll, so that none is missed between a look and the wait.
  void catch_signals() {
    struct sigaction action {};
    action.sa_handler = [](int number) {
      if (number == SIGTERM || number == SIGINT) told_to_end = 1;
      if (number == SIGHUP) told_to_reload = 1;
    };
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) {
      sigaction(number, &action, nullptr);
      sigaddset(&blocked, number);
    }
    std::signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &blocked, &waiting_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigdelset(&waiting_, number);
  }

  void wait() {
    pollfd poll_for{link_ ? link_.get() : -1, POLLIN, 0};
    const timespec longest{1, 0};
    if (ppoll(&poll_for, 1, &longest, &waiting_) <= 0) return;
    auto packet = receive_packet(link_.get(), sizeof(MasterRequest), 0, MSG_DONTWAIT);
    if (packet && packet->would_block) return;
    const auto request = packet && packet->bytes.size() == sizeof(MasterRequest) ? read_layout<MasterRequest>(packet->bytes) : std::nullopt;
    if (request) return obey(*request);
    // It has closed its end, or it doesn't keep to the protocol: it is not to be trusted any further.
    link_.close();
    if (daemon_ > 0 && !ending_) kill(daemon_, SIGKILL);
  }

  void obey(const MasterRequest& request) {
    switch (request.verb) {
      case MasterVerb::configuration: return hand_over(request.verb);
      case MasterVerb::reload: return reload();
      case MasterVerb::start_engine: return start_engine();
      case MasterVerb::kill_engine:
        if (const auto found = engines_.find(request.number); found != engines_.end()) kill(found->second, SIGKILL);
        return;
    }
  }

  void answer(MasterVerb verb, bool failed, std::uint32_t number, std::string_view text, const std::vector<int>& descriptors = {}) {
    MasterAnswer head;
    head.verb = verb;
    head.failed = failed ? 1 : 0;
    head.number = number;
    (void)send_packet(link_.get(), write_layout(head, text.substr(0, largest_answer / 2)), descriptors, MSG_DONTWAIT);
  }

  void hand_over(MasterVerb verb) {
    auto text = os::sealed_memory_file(plan_.text, plan_.private_folders.empty() ? "/tmp" : plan_.private_folders.back());
    if (!text) return answer(verb, true, 0, text.error().what);
    std::string names = plan_.source;
    std::vector<int> descriptors{text->get()};
    for (const ListenerSpec& spec : plan_.listeners) {
      names += "\n" + spec.name;
      descriptors.push_back(listeners_.descriptor(spec));
    }
    answer(verb, false, 0, names, descriptors);
  }

  // All or nothing: a wrong configuration changes nothing.
  void reload() {
    auto plan = read_plan_();
    if (!plan) return answer(MasterVerb::reload, true, 0, plan.error().what);
    if (plan->user != plan_.user || plan->private_folders != plan_.private_folders || plan->run_directory != plan_.run_directory)
      return answer(MasterVerb::reload, true, 0, "site.user, site.run_directory and store.directory change with a restart only");
    if (const auto opened = listeners_.open(*plan, account_); !opened) return answer(MasterVerb::reload, true, 0, opened.error().what);
    listeners_.settle(*plan);
    plan_ = *std::move(plan);
    hand_over(MasterVerb::reload);
  }

  void start_engine() {
    if (engines_.size() >= most_engines) return answer(MasterVerb::start_engine, true, 0, "too many engines run at once");
    auto ends = packet_socket_pair();
    if (!ends) return answer(MasterVerb::start_engine, true, 0, ends.error().what);
    auto text = os::sealed_memory_file(plan_.engine_text, plan_.private_folders.empty() ? "/tmp" : plan_.private_folders.back());
    if (!text) return answer(MasterVerb::start_engine, true, 0, text.error().what);
    Program program{programs_.engine, {}, {ends->second.get(), text->get()}};
    if (plan_.confinement_required) program.arguments.push_back("--confinement=required");
    const auto child = start_engine_program(program, next_engine_ % 200);
    if (!child) return answer(MasterVerb::start_engine, true, 0, child.error().what);
    engines_.emplace(next_engine_, child->pid);
    answer(MasterVerb::start_engine, false, next_engine_++, {}, {ends->first.get()});
  }

  void start_daemon_again() {
    auto ends = packet_socket_pair();
    if (!ends) return log::error("{}", ends.error().what);
    const auto child = start_daemon({programs_.daemon, {}, {ends->second.get()}}, account_);
    started_at_ = Clock::now();
    if (!child) {
      log::error("{}", child.error().what);
      restart_at_ = Clock::now() + pause_;
      return;
    }
    daemon_ = child->pid;
    link_ = std::move(ends->first);
  }

  void reap() {
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == daemon_) daemon_ended(status);
      std::erase_if(engines_, [&](const auto& engine) { return engine.second == pid; });
    }
  }

  void daemon_ended(int status) {
    daemon_ = -1;
    link_.close();
    kill_engines();
    if (ending_) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      ending_ = true;
      return;
    }
    if (Clock::now() - started_at_ > std::chrono::minutes(1)) pause_ = std::chrono::seconds(1);
    log::error("the daemon died ({} {}); starting it again in {} s", WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), pause_.count());
    restart_at_ = Clock::now() + pause_;
    pause_ = std::min(pause_ * 2, std::chrono::seconds(30));
  }

  void end() {
    ending_ = true;
    kill_at_ = Clock::now() + drain_time;
    if (daemon_ > 0) kill(daemon_, SIGTERM);
  }

  void kill_engines() {
    for (const auto& [number, pid] : engines_) kill(pid, SIGKILL);
  }

  MasterPrograms programs_;
  ReadPlan read_plan_;
  MasterPlan plan_;
  Account account_;
  Listeners listeners_;
  FileDescriptor link_;
  pid_t daemon_ = -1;
  std::map<std::uint32_t, pid_t> engines_;
  std::uint32_t next_engine_ = 1;
  sigset_t waiting_{};
  bool ending_ = false;
  Clock::time_point kill_at_{}, restart_at_{}, started_at_{};
  std::chrono::seconds pause_{1};
};

}  // namespace

int run_master(const MasterPrograms& programs, const ReadPlan& read_plan) { return Master(programs, read_plan).run(); }

}  // namespace rastel::sandbox
