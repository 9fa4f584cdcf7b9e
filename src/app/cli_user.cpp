// SPDX-License-Identifier: GPL-2.0-only
// rastel user add, remove, list: who may use the page. Works on the file alone, with or without a daemon.
#include <cerrno>
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "app/cli.hpp"
#include "base/identifier.hpp"
#include "base/os/file.hpp"
#include "configuration/configuration.hpp"
#include "page/users.hpp"

namespace rastel::cli {
namespace {

constexpr std::size_t largest_configuration = 1 << 20;  // bytes
constexpr std::string_view usual_file = "/etc/rastel/users";

struct Choice {
  std::string name, role, file;
};

// --file, or what the configuration says, or the usual place.
Result<std::string> file_of(const Context& context, const Choice& choice) {
  if (!choice.file.empty()) return choice.file;
  const auto text = os::read_file(context.configuration_file, largest_configuration);
  if (!text && context.configuration_given) return std::unexpected(text.error());
  if (!text) return std::string(usual_file);
  RASTEL_TRY(const Configuration configuration, parse_configuration(*text, context.configuration_file));
  return configuration.http.users.empty() ? std::string(usual_file) : configuration.http.users;
}

// Empty when it doesn't exist yet.
Result<std::string> text_of_file(const std::string& file) {
  if (access(file.c_str(), F_OK) != 0 && errno == ENOENT) return std::string();
  RASTEL_TRY(std::string text, os::read_file(file, page::largest_users_file));
  RASTEL_CHECK(page::parse_users(text, file));
  return text;
}

// Whole or not at all, readable by its owner alone, on disk when this returns.
Result<> replace(const std::string& file, const std::string& text) {
  const std::string part = file + "." + new_message_id();
  struct stat before{};
  const bool existed = stat(file.c_str(), &before) == 0;
  const FileDescriptor written(
      open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!written) return fail_errno(errno, "can't create " + part);
  Result<> done = os::write_all(written.get(), text);
  if (done && existed && (before.st_uid != geteuid() || before.st_gid != getegid()) &&
      fchown(written.get(), before.st_uid, before.st_gid) != 0)
    done = fail_errno(errno, "can't keep the owner of " + file);
  if (done && fsync(written.get()) != 0) done = fail_errno(errno, "can't write " + part);
  if (done && std::rename(part.c_str(), file.c_str()) != 0) done = fail_errno(errno, "can't replace " + file);
  if (!done) unlink(part.c_str());
  return done;
}

// One line without an echo.
Result<std::string> ask_terminal(const char* question) {
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) return fail_errno(errno, "can't ask for the password");
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  std::fputs(question, stderr);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string line;
  std::getline(std::cin, line);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  std::fputs("\n", stderr);
  return line;
}

Result<std::string> read_password() {
  std::string password;
  if (isatty(STDIN_FILENO) == 1) {
    RASTEL_TRY(password, ask_terminal("Password: "));
    RASTEL_TRY(const std::string again, ask_terminal("Again: "));
    if (password != again) return fail(ErrorKind::invalid_input, "the two are not the same");
  } else {
    std::getline(std::cin, password);
  }
  if (password.size() < 8 || password.size() > page::longest_password)
    return fail(ErrorKind::invalid_input, "a password needs 8 to 1024 bytes");
  return password;
}

Result<> add(const Context& context, const Choice& choice) {
  RASTEL_TRY(const std::string file, file_of(context, choice));
  RASTEL_TRY(const std::string text, text_of_file(file));
  page::User user{choice.name, *page::role_named(choice.role), {}};
  if (!page::is_user_name(user.name))
    return fail(ErrorKind::invalid_input, "a name has at most 64 letters, digits, '-', '_', '.', '@'");
  RASTEL_TRY(const std::string password, read_password());
  RASTEL_TRY(user.password, page::hash_password(password));
  const std::string changed = page::with_user(text, user);
  RASTEL_CHECK(page::parse_users(changed, file));
  RASTEL_CHECK(replace(file, changed));
  context.say(user.name + " (" + choice.role + ") is in " + file +
              "; `rastel reload` tells a running Rastel");
  return {};
}

Result<> remove(const Context& context, const Choice& choice) {
  RASTEL_TRY(const std::string file, file_of(context, choice));
  RASTEL_TRY(const std::string text, text_of_file(file));
  const std::string changed = page::without_user(text, choice.name);
  if (changed == text) return fail(ErrorKind::not_found, "there is no " + choice.name + " in " + file);
  RASTEL_CHECK(replace(file, changed));
  context.say(choice.name + " is no longer in " + file + "; `rastel reload` tells a running Rastel");
  return {};
}

Result<> list(const Context& context, const Choice& choice) {
  RASTEL_TRY(const std::string file, file_of(context, choice));
  RASTEL_TRY(const std::string text, os::read_file(file, page::largest_users_file));
  RASTEL_TRY(const page::Users users, page::parse_users(text, file));
  for (const page::User& user : users) context.say(user.name + " " + std::string(page::to_string(user.role)));
  return {};
}

using Act = Result<> (*)(const Context&, const Choice&);

CLI::App* verb(CLI::App& parent, Context& context, const std::shared_ptr<Choice>& choice,
               const std::string& name, const std::string& description, Act act) {
  CLI::App* added = parent.add_subcommand(name, description);
  added->add_option("--file", choice->file, "The users' file, if not the configuration's [http] users");
  added->callback([&context, choice, act] {
    context.action = [&context, choice, act] {
      const auto done = act(context, *choice);
      if (done) return Exit::ok;
      context.complain(done.error().what);
      return Exit::refused;
    };
  });
  return added;
}

}  // namespace

void add_user_verbs(CLI::App& app, Context& context) {
  const auto choice = std::make_shared<Choice>();  // the callbacks outlive this function
  CLI::App* user = app.add_subcommand("user", "Who may use the page: add, remove, list");
  user->require_subcommand(1);
  user->fallthrough();
  CLI::App* added =
      verb(*user, context, choice, "add",
           "Add a person, or set role and password anew; the password comes from the terminal or "
           "as one line on standard input",
           add);
  added->add_option("NAME", choice->name)->required();
  added
      ->add_option("--role", choice->role,
                   "What he may: look; also release and take held mail; also delete it")
      ->required()
      ->check(CLI::IsMember({"view", "release", "admin"}));
  verb(*user, context, choice, "remove", "Take a person out", remove)
      ->add_option("NAME", choice->name)
      ->required();
  verb(*user, context, choice, "list", "Names and roles", list);
}

}  // namespace rastel::cli
