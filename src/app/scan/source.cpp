// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/source.hpp"

#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/scan/mbox.hpp"
#include "app/scan/walk.hpp"
#include "base/file_descriptor.hpp"
#include "base/utf8.hpp"

namespace rastel::scan {
namespace {

constexpr std::size_t piece = 256 * 1024;  // bytes read at a time

// One file's messages, each put together and handed on.
class Assembler final : public MessageSink {
 public:
  Assembler(const SourceOptions& options, std::function<bool(MessagePointer)> on_message)
      : options_(options), on_message_(std::move(on_message)) {}

  void begin() override {
    too_large_ = false;
    if (good()) writer_.emplace(options_.spool, options_.most_bytes);
  }
  void bytes(std::string_view piece_of_it) override {
    if (!good() || too_large_) return;
    const auto written = writer_->write(piece_of_it);
    if (written) return;
    if (written.error().kind == ErrorKind::hostile_message) {
      too_large_ = true;
      writer_.reset();
    } else {
      trouble_ = written.error().what;
    }
  }
  void end() override {
    if (!good()) return;
    if (too_large_) {
      enough_ = !on_message_(nullptr);
      return;
    }
    auto message = writer_->finish();
    writer_.reset();
    if (message)
      enough_ = !on_message_(*std::move(message));
    else
      trouble_ = message.error().what;
  }

  [[nodiscard]] bool good() const { return !enough_ && trouble_.empty(); }
  [[nodiscard]] bool enough() const { return enough_; }
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  const SourceOptions& options_;
  std::function<bool(MessagePointer)> on_message_;
  std::optional<MessageWriter> writer_;
  std::string trouble_;
  bool too_large_ = false;
  bool enough_ = false;
};

std::string reason(int number) { return std::strerror(number); }

}  // namespace

void Source::read(const std::string& path) {
  if (enough_) return;
  if (path == "-") return read_open(STDIN_FILENO, path, Named::on_the_command_line);
  struct stat facts{};
  if (stat(path.c_str(), &facts) != 0)
    return events_.on_trouble("can't read " + printable(path) + ": " + reason(errno));
  if (!S_ISDIR(facts.st_mode)) return read_file(path, Named::on_the_command_line);
  walk(path, {[this](const std::filesystem::path& file) {
                read_file(file.native(), Named::in_a_folder);
                return !enough_;
              },
              events_.on_trouble});
}

// What the walk found to be a file may be something else by now: a link is refused, and a pipe isn't waited
// for.
void Source::read_file(const std::string& path, Named named) {
  const int careful = named == Named::in_a_folder ? O_NOFOLLOW | O_NONBLOCK : 0;
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | careful));
  if (!file) return events_.on_trouble("can't read " + printable(path) + ": " + reason(errno));
  struct stat facts{};
  if (named == Named::in_a_folder && (fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))) return;
  (void)posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  read_open(file.get(), path, named);
}

void Source::read_open(int descriptor, const std::string& path, Named named) {
  std::uint64_t number = 0;
  MboxSplitter* splitting = nullptr;
  Assembler assembler(options_, [&](MessagePointer message) {
    Mail mail{path, ++number, std::move(message)};
    mail.in_mbox = splitting->is_mbox();
    mail.named = named == Named::on_the_command_line;
    return events_.on_mail(std::move(mail));
  });
  MboxSplitter splitter(assembler);
  splitting = &splitter;
  std::string buffer(piece, '\0');
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    // What came of it is no message: the rest is missing.
    if (got < 0) return events_.on_trouble("can't read " + printable(path) + ": " + reason(errno));
    if (got == 0) break;
    events_.on_read(static_cast<std::uint64_t>(got));
    splitter.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    if (!assembler.good()) break;
  }
  if (assembler.good()) splitter.finish();
  enough_ = enough_ || assembler.enough();
  if (!assembler.trouble().empty()) events_.on_trouble(printable(path) + ": " + assembler.trouble());
  events_.on_file();
}

}  // namespace rastel::scan
