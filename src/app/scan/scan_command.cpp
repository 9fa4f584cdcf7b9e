// SPDX-License-Identifier: GPL-2.0-only
// rastel scan. One thread reads, `jobs` have scanned, one keeps the time: it draws the progress and, as the
// other threads may be in the middle of anything, is the one that ends the process on a Ctrl-C. An engine of
// our own sees that we are gone and ends with its workers.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/cli_table.hpp"
#include "app/scan/command.hpp"
#include "app/scan/mail_queue.hpp"
#include "app/scan/pieces.hpp"
#include "app/scan/progress.hpp"
#include "app/scan/setup.hpp"
#include "app/scan/walk.hpp"
#include "base/utf8.hpp"

namespace rastel::scan {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t most_jobs = 64;
constexpr auto tick = std::chrono::milliseconds(100);

volatile std::sig_atomic_t told_to_end = 0;

struct Choice {
  Place place;
  std::vector<std::string> paths;
  std::uint32_t jobs = 0;
  bool as_json = false;
  bool found_only = false;
};

std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col - 1U : 79U;
}

std::string name_of(const Mail& mail) {
  return mail.in_mbox ? fmt::format("{}[{}]", printable(mail.path), mail.number) : printable(mail.path);
}

std::string words_for(const ScanResult& result, bool colours) {
  const std::string word = class_with_reason(result.message_class, result.reason);
  std::string text = cli::coloured(word, cli::colour_of_class(to_string(result.message_class)), colours);
  if (!result.finding.empty()) text += " (" + printable(result.finding) + ')';
  return text;
}

// As other programs take FOUND for a refusal, what [policy] lets pass isn't told by it.
bool refused(const ScanResult& result) {
  return result.message_class != MessageClass::clean && result.message_class != MessageClass::unscanned &&
         result.action != Action::pass && result.action != Action::tag;
}

class Run {
 public:
  Run(const Choice& choice, cli::Console& console, const Configuration& configuration, Scanners& scanners)
      : choice_(choice),
        console_(console),
        configuration_(configuration),
        scanners_(scanners),
        queue_(2 * std::size_t{choice.jobs}) {}

  int go() {
    draws_ = error_is_terminal() && !choice_.found_only;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, [](int) { told_to_end = 1; });
    std::thread clock([this] { keep_time(); });
    if (draws_) std::thread([this] { count_bytes(); }).detach();
    std::vector<std::thread> jobs;
    for (std::uint32_t i = 0; i < choice_.jobs; ++i) jobs.emplace_back([this] { have_scanned(); });
    read_all();
    queue_.complete();
    for (std::thread& job : jobs) job.join();
    if (!given_up_) put_together();
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    clock.join();
    say_summary({});
    return exit();
  }

 private:
  void read_all() {
    Source source({spool_folder(), configuration_.engine.max_message.value},
                  {[this](Mail mail) { return queue_.put(std::move(mail)); },
                   [this](const std::string& what) { trouble(what); },
                   [this](std::uint64_t bytes) {
                     const std::lock_guard lock(mutex_);
                     progress_.bytes_read += bytes;
                   },
                   [] {}});
    for (const std::string& path : choice_.paths) source.read(path);
  }

  void have_scanned() {
    const auto scanner = scanners_.one();
    while (const auto mail = queue_.take()) {
      const auto result = mail->message ? scanner->scan(mail->message) : too_large(configuration_.policy);
      if (result) {
        tell(*mail, *result);
        if (mail->message && is_piece(result->report)) pieces_.add(*mail);
      } else if (result.error().kind == ErrorKind::peer_closed) {
        return give_up(name_of(*mail) + ": " + result.error().what);
      } else {
        trouble(name_of(*mail) + ": " + result.error().what);
      }
    }
  }

  // Once all were scanned by themselves.
  void put_together() {
    const Pieces::Taken taken = pieces_.take();
    if (taken.cut)
      trouble(fmt::format("over {} messages are pieces of others: only so many were put together",
                          Pieces::most_pieces));
    if (taken.mails.size() < 2) return;
    const auto scanner = scanners_.one();
    const auto all = scan_together(*scanner, taken.mails);
    if (!all) return trouble(not_together(taken.mails) + all.error().what);
    const auto wholes = wholes_in(all->report, taken.mails.size());
    if (wholes.empty() && all->message_class == MessageClass::unscanned)
      trouble(not_together(taken.mails) + words_for(*all, false));
    for (const std::vector<std::size_t>& whole : wholes) {
      std::vector<Mail> mails;
      for (const std::size_t number : whole) mails.push_back(taken.mails[number]);
      const auto result = mails.size() == taken.mails.size() ? all : scan_together(*scanner, mails);
      if (!result) {
        trouble(not_together(mails) + result.error().what);
        continue;
      }
      Mail together{.path = names_of(mails), .message = nullptr};
      together.named = true;
      tell(together, *result, mails);
    }
  }

  Result<ScanResult> scan_together(Scanner& scanner, const std::vector<Mail>& mails) {
    RASTEL_TRY(const MessagePointer message,
               wrapped(mails, spool_folder(), configuration_.engine.max_message.value));
    return scanner.scan(message);
  }

  static std::string not_together(const std::vector<Mail>& mails) {
    return fmt::format("{} pieces of messages could not be put together: ", mails.size());
  }

  // `pieces`: of which it was put together.
  void tell(const Mail& mail, const ScanResult& result, const std::vector<Mail>& pieces = {}) {
    std::string line, complaint;
    const bool clean = result.message_class == MessageClass::clean;
    if (choice_.as_json) {
      json::object object{{"path", printable(mail.path)}, {"message", mail.number}};
      if (!pieces.empty()) {
        json::array& all = object["pieces"].emplace_array();
        for (const Mail& piece : pieces)
          all.push_back(json::object{{"path", printable(piece.path)}, {"message", piece.number}});
      }
      for (auto& member : to_json(result)) object.emplace(member.key(), std::move(member.value()));
      line = json::serialize(object) + '\n';
    } else if (choice_.found_only) {
      if (result.message_class == MessageClass::unscanned)
        complaint = name_of(mail) + ": " + words_for(result, false);
      else if (refused(result))
        line = printable(mail.path) + ": " +
               (result.finding.empty() ? std::string(to_string(result.message_class))
                                       : printable(result.finding)) +
               " FOUND\n";
    } else if (!clean || mail.named || !draws_) {
      // Where a bar shows that it goes on, a folder's clean mails need no line each.
      line = name_of(mail) + ": " + words_for(result, console_.colour) + '\n';
    }
    const std::lock_guard lock(mutex_);
    ++progress_.classes[static_cast<std::size_t>(result.message_class)];
    if (!line.empty() || !complaint.empty()) erase_bar();
    if (!line.empty()) console_.out(line);
    if (!complaint.empty()) complain(console_, complaint);
  }

  void trouble(const std::string& what) {
    const std::lock_guard lock(mutex_);
    ++progress_.troubles;
    erase_bar();
    complain(console_, what);
  }

  // Once: each thread finds out for itself.
  void give_up(const std::string& what) {
    queue_.stop();
    const std::lock_guard lock(mutex_);
    ++progress_.troubles;
    if (std::exchange(given_up_, true)) return;
    erase_bar();
    complain(console_, what);
    complain(console_, "nobody is there to scan the rest: start rasteld again, or scan without it");
  }

  void keep_time() {
    for (;;) {
      std::this_thread::sleep_for(tick);
      std::unique_lock lock(mutex_, std::defer_lock);
      if (told_to_end != 0) {
        // Who holds it may wait for somebody to read what is said; nobody does any more. It isn't given back:
        // nothing is said after this.
        if (!lock.try_lock_for(std::chrono::seconds(1))) _exit(static_cast<int>(Exit::not_scanned));
        lock.release();
        say_summary("interrupted: ");
        (void)std::fflush(stdout);
        _exit(static_cast<int>(Exit::not_scanned));
      }
      if (!lock.try_lock_for(tick)) continue;
      if (finished_) return;
      if (!draws_) continue;
      progress_.spent = Clock::now() - begun_;
      console_.error("\r" + progress_line(progress_, terminal_width()) + "\x1b[K");
      bar_is_drawn_ = true;
    }
  }

  void erase_bar() {
    if (std::exchange(bar_is_drawn_, false)) console_.error("\r\x1b[K");
  }

  void say_summary(const std::string& lead) {
    erase_bar();
    progress_.spent = Clock::now() - begun_;
    if (choice_.found_only || (choice_.as_json && !draws_)) return;
    console_.error(lead + summary(progress_) + ", by " + scanners_.who() + '\n');
  }

  [[nodiscard]] int exit() const {
    if (progress_.troubles > 0 || progress_.of(MessageClass::unscanned) > 0)
      return static_cast<int>(Exit::not_scanned);
    const bool found = progress_.messages() > progress_.of(MessageClass::clean);
    return static_cast<int>(found && !choice_.found_only ? Exit::found : Exit::clean);
  }

  // For the bar alone; what it can't read is told when it is to be scanned.
  void count_bytes() {
    std::uint64_t bytes = 0;
    const auto add = [&bytes](const std::filesystem::path& path) {
      struct stat facts{};
      if (stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode))
        bytes += static_cast<std::uint64_t>(facts.st_size);
      return true;
    };
    for (const std::string& path : choice_.paths) {
      std::error_code code;
      if (path == "-") return;  // nobody knows
      if (std::filesystem::is_directory(path, code))
        walk(path, {add, [](const std::string&) {}});
      else
        add(path);
    }
    const std::lock_guard lock(mutex_);
    progress_.bytes_in_all = bytes;
  }

  const Choice& choice_;
  cli::Console& console_;
  const Configuration& configuration_;
  Scanners& scanners_;
  MailQueue queue_;
  Pieces pieces_;
  const Clock::time_point begun_ = Clock::now();
  bool draws_ = false;
  std::timed_mutex mutex_;
  // Under the mutex, with the console.
  Progress progress_;
  bool bar_is_drawn_ = false;
  bool given_up_ = false;
  bool finished_ = false;
};

}  // namespace

int run_scan(const std::vector<std::string>& arguments, cli::Console& console) {
  Choice choice;
  CLI::App app{
      "Scans files (each one message, or an mbox), folders (every file in them; Maildir) and standard input "
      "(-),\n"
      "by the running rasteld where it answers, else by an engine of its own.",
      "rastel scan"};
  add_place_options(app, choice.place);
  app.add_option("PATH", choice.paths, "Files and folders; -: standard input")->required();
  app.add_flag("--json", choice.as_json, "One JSON object a message");
  app.add_option("--jobs", choice.jobs, "Messages at a time; default: one a processor")
      ->check(CLI::Range(1U, most_jobs));
  app.add_flag("--found-only", choice.found_only,
               "Only \"PATH: NAME FOUND\" for what [policy] doesn't let pass; exit 0 or 2");
  app.footer("Exit: 0 clean, 1 something found, 2 something could not be scanned.");
  if (const auto done = parse(app, arguments, console)) return *done;
  const auto configuration = configuration_of(choice.place, console);
  if (!configuration) {
    complain(console, configuration.error().what);
    return static_cast<int>(Exit::not_scanned);
  }
  if (choice.jobs == 0) choice.jobs = std::clamp(std::thread::hardware_concurrency(), 1U, most_jobs);
  const auto scanners = scanners_for(choice.place, *configuration, choice.jobs, console);
  if (!scanners) {
    complain(console, scanners.error().what);
    return static_cast<int>(Exit::not_scanned);
  }
  choice.jobs = std::min(choice.jobs, (*scanners)->most_at_once());
  // Never destroyed: a thread that counts may still be about when the process ends.
  auto* run = new Run(choice, console, *configuration, **scanners);
  const int exit = run->go();
  (*scanners)->end();
  (void)std::fflush(stdout);
  _exit(exit == 0 && std::ferror(stdout) != 0 ? static_cast<int>(Exit::not_scanned) : exit);
}

}  // namespace rastel::scan
