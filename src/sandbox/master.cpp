// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/master.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>
#include <map>

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/os/file.hpp"
#include "base/os/huge_pages.hpp"
#include "sandbox/listeners.hpp"
#include "sandbox/master_protocol.hpp"
#include "sandbox/process_memory.hpp"
#include "sandbox/seqpacket.hpp"
#include "sandbox/supervisor.hpp"

namespace rastel::sandbox {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto drain_time = std::chrono::seconds(60);
constexpr auto farewell_time = std::chrono::seconds(10);  // between a daemon's closing its link and its end
constexpr auto shortest_pause = std::chrono::seconds(1);
constexpr auto longest_pause = std::chrono::seconds(30);
constexpr auto settled_after = std::chrono::minutes(1);
constexpr auto longest_check = std::chrono::seconds(10);
constexpr std::size_t most_engines = 8;

volatile std::sig_atomic_t told_to_end = 0;
volatile std::sig_atomic_t told_to_reload = 0;
volatile std::sig_atomic_t told_to_upgrade = 0;

class Master {
 public:
  Master(const MasterPrograms& programs, const ReadPlan& read_plan)
      : programs_(programs), read_plan_(read_plan) {}

  int run() {
    umask(022);
#ifdef RLIMIT_NICE
    // An engine that loads beside another makes itself less important, and this lets it come back from that.
    const rlimit back_to_usual{20, 20};
    (void)setrlimit(RLIMIT_NICE, &back_to_usual);
#endif
    if (const auto begun = begin(); !begun) {
      log_lines(begun.error().what);
      return 1;
    }
    catch_signals();
    for (;;) {
      reap();
      if (told_to_end && !ending_) end();
      if (std::exchange(told_to_upgrade, 0) != 0 && !ending_ && !upgrading_) prepare_upgrade();
      if (ending_ && daemon_ < 0) break;
      if (upgrading_ && daemon_ < 0) upgrade();
      if (daemon_ > 0 && Clock::now() >= kill_at_) kill(daemon_, SIGKILL);
      // Only a daemon that has asked for something has its handler in place: SIGHUP would kill it.
      if (told_to_reload && daemon_ > 0 && has_asked_) {
        told_to_reload = 0;
        kill(daemon_, SIGHUP);
      }
      if (daemon_ < 0 && Clock::now() >= restart_at_) start_daemon_again();
      if (plan_.page && page_ < 0 && !ending_ && Clock::now() >= page_restart_at_) start_page();
      wait();
    }
    end_page();
    end_engines();
    listeners_.remove_socket_files();
    return 0;
  }

 private:
  static void log_lines(std::string_view text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      log::error("{}", text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  Result<> begin() {
    RASTEL_TRY(plan_, read_plan_());
    log::configure(plan_.log, "rasteld");
    RASTEL_TRY(account_, account_for(plan_));
    if (plan_.page) {
      RASTEL_TRY(page_account_, account_named(plan_.page->user, "[http] user"));
    }
    RASTEL_CHECK(make_folders(plan_, account_));
    listeners_.take_from_supervisor();
    listeners_.inherit();
    RASTEL_CHECK(listeners_.open(plan_, account_));
    listeners_.settle(plan_, account_);
    return {};
  }

  // Signals come in only while we wait in ppoll, so that none is missed between a look and the wait.
  void catch_signals() {
    struct sigaction action{};
    action.sa_handler = [](int number) {
      if (number == SIGTERM || number == SIGINT) told_to_end = 1;
      if (number == SIGHUP) told_to_reload = 1;
      if (number == SIGUSR2) told_to_upgrade = 1;
    };
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD}) {
      sigaction(number, &action, nullptr);
      sigaddset(&blocked, number);
    }
    std::signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &blocked, &waiting_);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD}) sigdelset(&waiting_, number);
  }

  void wait() {
    pollfd poll_for{link_ ? link_.get() : -1, POLLIN, 0};
    const timespec longest{1, 0};
    if (ppoll(&poll_for, 1, &longest, &waiting_) <= 0) return;
    auto packet = receive_packet(link_.get(), sizeof(MasterRequest), 0, MSG_DONTWAIT);
    if (packet && packet->would_block) return;
    const auto request = packet && packet->bytes.size() == sizeof(MasterRequest)
                             ? read_layout<MasterRequest>(packet->bytes)
                             : std::nullopt;
    if (request) return obey(*request);
    if (packet && packet->end) {
      // It is about to go, after what it has to put in order.
      kill_at_ = std::min(kill_at_, Clock::now() + farewell_time);
    } else if (daemon_ > 0) {
      // It doesn't keep to the protocol and is not to be trusted any further. Before the link is closed: at
      // its end a daemon ends in order, which would end us too.
      kill(daemon_, SIGKILL);
    }
    link_.close();
  }

  void obey(const MasterRequest& request) {
    if (!std::exchange(has_asked_, true)) tell_supervisor("READY=1");
    switch (request.verb) {
      case MasterVerb::configuration:
        return hand_over(request.verb);
      case MasterVerb::reload:
        return reload();
      case MasterVerb::start_engine:
        return start_engine();
      case MasterVerb::kill_engine:
        if (const auto found = engines_.find(request.number); found != engines_.end())
          kill(found->second, SIGKILL);
        return;
      case MasterVerb::memory:
        return answer(MasterVerb::memory, false, 0, encode_memory(memory()));
    }
  }

  void answer(MasterVerb verb, bool failed, std::uint32_t number, std::string_view text,
              const std::vector<int>& descriptors = {}) {
    MasterAnswer head;
    head.verb = verb;
    head.failed = failed ? 1 : 0;
    head.number = number;
    (void)send_packet(link_.get(), write_layout(head, text.substr(0, largest_answer / 2)), descriptors,
                      MSG_DONTWAIT);
  }

  void hand_over(MasterVerb verb) {
    auto text = os::sealed_memory_file(plan_.text,
                                       plan_.private_folders.empty() ? "/tmp" : plan_.private_folders.back());
    if (!text) return answer(verb, true, 0, text.error().what);
    auto files = os::sealed_memory_file(
        pack_files(plan_.files), plan_.private_folders.empty() ? "/tmp" : plan_.private_folders.back());
    if (!files) return answer(verb, true, 0, files.error().what);
    std::string names = plan_.source;
    std::vector<int> descriptors{text->get(), files->get()};
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
    if (plan->user != plan_.user || plan->private_folders != plan_.private_folders ||
        plan->run_directory != plan_.run_directory)
      return answer(MasterVerb::reload, true, 0,
                    "site.user, site.run_directory and store.directory change with a restart only");
    Result<Account> page_account;
    if (plan->page) page_account = account_named(plan->page->user, "[http] user");
    if (!page_account) return answer(MasterVerb::reload, true, 0, page_account.error().what);
    if (const auto opened = listeners_.open(*plan, account_); !opened)
      return answer(MasterVerb::reload, true, 0, opened.error().what);
    listeners_.settle(*plan, account_);
    page_account_ = *page_account;
    if (plan->page != plan_.page) end_page();
    plan_ = *std::move(plan);
    log::configure(plan_.log, "rasteld");
    hand_over(MasterVerb::reload);
  }

  void start_engine() {
    if (engines_.size() >= most_engines)
      return answer(MasterVerb::start_engine, true, 0, "too many engines run at once");
    auto ends = packet_socket_pair();
    if (!ends) return answer(MasterVerb::start_engine, true, 0, ends.error().what);
    auto text = os::sealed_memory_file(plan_.engine_text,
                                       plan_.private_folders.empty() ? "/tmp" : plan_.private_folders.back());
    if (!text) return answer(MasterVerb::start_engine, true, 0, text.error().what);
    Program program{programs_.engine, {}, {ends->second.get(), text->get()}};
    if (plan_.confinement_required) program.arguments.push_back("--confinement=required");
    if (!engines_.empty()) program.arguments.push_back("--beside");
    // For what libclamav allocates in a scan: a fifth of a large mail's time are page faults.
    program.environment.push_back(os::huge_pages_for_malloc());
    const auto child = start_engine_program(program, next_engine_ % 200);
    if (!child) return answer(MasterVerb::start_engine, true, 0, child.error().what);
    engines_.emplace(next_engine_, child->pid);
    answer(MasterVerb::start_engine, false, next_engine_++, {}, {ends->first.get()});
  }

  // Files of the kernel about our own children; nothing that a process could have written.
  [[nodiscard]] std::vector<ProcessMemory> memory() const {
    std::vector<ProcessMemory> all;
    const auto add = [&all](std::string name, const std::vector<pid_t>& processes) {
      ProcessMemory sum;
      sum.name = std::move(name);
      for (const pid_t pid : processes) {
        const auto one = memory_of(pid);
        if (!one) continue;
        ++sum.processes;
        sum.pss += one->pss;
        sum.uss += one->uss;
        sum.rss += one->rss;
      }
      if (sum.processes > 0) all.push_back(std::move(sum));
    };
    std::vector<pid_t> zygotes, workers;
    for (const auto& [number, pid] : engines_) {
      zygotes.push_back(pid);
      const auto forked = forked_by(pid);
      workers.insert(workers.end(), forked.begin(), forked.end());
    }
    add("master", {getpid()});
    add("daemon", {daemon_});
    add("page", {page_});
    add("zygote", zygotes);
    add("worker", workers);
    return all;
  }

  void start_daemon_again() {
    auto ends = packet_socket_pair();
    if (!ends) {
      log::error("{}", ends.error().what);
      return restart_later();
    }
    const auto child = start_daemon({programs_.daemon, {}, {ends->second.get()}}, account_);
    started_at_ = Clock::now();
    if (!child) {
      log::error("{}", child.error().what);
      return restart_later();
    }
    has_asked_ = false;
    kill_at_ = Clock::time_point::max();
    daemon_ = child->pid;
    link_ = std::move(ends->first);
  }

  void start_page() {
    const std::string folder = plan_.private_folders.empty() ? "/tmp" : plan_.private_folders.back();
    auto text = os::sealed_memory_file(plan_.page->text, folder);
    auto users = os::sealed_memory_file(plan_.page->users, folder);
    if (!text || !users) return page_later("no memory for its configuration");
    Program program{
        programs_.page, {}, {listeners_.descriptor(plan_.page->listener), text->get(), users->get()}};
    if (plan_.confinement_required) program.arguments.push_back("--confinement=required");
    const auto child = start_daemon(program, page_account_);
    page_started_at_ = Clock::now();
    if (!child) return page_later(child.error().what);
    page_ = child->pid;
  }

  void page_later(std::string_view why) {
    if (Clock::now() - page_started_at_ > settled_after) page_pause_ = shortest_pause;
    log::error("the page: {}; starting it again in {} s", why, page_pause_.count());
    page_restart_at_ = Clock::now() + page_pause_;
    page_pause_ = std::min(page_pause_ * 2, longest_pause);
  }

  // It keeps nothing that a kill could tear. The next one starts at once.
  void end_page() {
    if (page_ > 0) {
      kill(page_, SIGKILL);
      while (waitpid(page_, nullptr, 0) < 0 && errno == EINTR) continue;
    }
    page_ = -1;
    page_restart_at_ = {};
    page_pause_ = shortest_pause;
  }

  void reap() {
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
      if (pid == daemon_) daemon_ended(status);
      if (pid == page_) {
        page_ = -1;
        page_later(WIFSIGNALED(status) ? "it was killed" : "it has ended");
      }
      std::erase_if(engines_, [&](const auto& engine) { return engine.second == pid; });
    }
  }

  void daemon_ended(int status) {
    daemon_ = -1;
    link_.close();
    kill_engines();
    if (ending_ || upgrading_) return;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      ending_ = true;
      return;
    }
    if (Clock::now() - started_at_ > settled_after) pause_ = shortest_pause;
    log::error("the daemon died ({} {}); starting it again in {} s",
               WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), pause_.count());
    restart_later();
  }

  void restart_later() {
    restart_at_ = Clock::now() + pause_;
    pause_ = std::min(pause_ * 2, longest_pause);
  }

  void end() {
    tell_supervisor("STOPPING=1");
    ending_ = true;
    kill_at_ = Clock::now() + drain_time;
    if (daemon_ > 0) kill(daemon_, SIGTERM);
  }

  // The new program must be one, and understand the configuration, before anything ends for it.
  void prepare_upgrade() {
    if (programs_.own.empty()) return;
    log::info("told to go on as the program that lies in {} now", programs_.own.front());
    std::vector<std::string> check = programs_.own;
    check.emplace_back("--check");
    if (const auto checked = run_and_wait(check, longest_check); !checked)
      return log::error("not upgraded, everything stays as it was: {}", checked.error().what);
    upgrading_ = true;
    if (daemon_ < 0) return;
    kill_at_ = Clock::now() + drain_time;
    kill(daemon_, SIGUSR2);
  }

  // Doesn't come back, but for a program that can't be started; then all goes on as before.
  void upgrade() {
    upgrading_ = false;
    end_page();
    end_engines();
    restart_at_ = {};
    const Error error = listeners_.go_on_as(programs_.own);
    log::error("not upgraded, the programs before go on: {}", error.what);
  }

  void kill_engines() {
    for (const auto& [number, pid] : engines_) kill(pid, SIGKILL);
  }

  // SIGKILL to a zygote takes its workers along; none is left when the master is gone.
  void end_engines() {
    kill_engines();
    for (const auto& [number, pid] : engines_)
      while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    engines_.clear();
  }

  MasterPrograms programs_;
  ReadPlan read_plan_;
  MasterPlan plan_;
  Account account_;
  Listeners listeners_;
  FileDescriptor link_;
  pid_t daemon_ = -1;
  pid_t page_ = -1;
  Account page_account_;
  Clock::time_point page_restart_at_{}, page_started_at_{};
  std::chrono::seconds page_pause_ = shortest_pause;
  std::map<std::uint32_t, pid_t> engines_;
  std::uint32_t next_engine_ = 1;
  sigset_t waiting_{};
  bool ending_ = false;
  bool upgrading_ = false;  // the daemon drains for it
  bool has_asked_ = false;  // the daemon, for something
  Clock::time_point kill_at_ = Clock::time_point::max();
  Clock::time_point restart_at_{}, started_at_{};
  std::chrono::seconds pause_ = shortest_pause;
};

}  // namespace

int run_master(const MasterPrograms& programs, const ReadPlan& read_plan) {
  return Master(programs, read_plan).run();
}

}  // namespace rastel::sandbox
