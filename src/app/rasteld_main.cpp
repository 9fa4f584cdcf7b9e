// SPDX-License-Identifier: GPL-2.0-only
// rasteld: the master's program. What it takes from the configuration is put together here.
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/tls_files.hpp"
#include "base/os/file.hpp"
#include "configuration/configuration.hpp"
#include "configuration/configuration_check.hpp"
#include "page/users.hpp"
#include "sandbox/listeners.hpp"
#include "sandbox/master.hpp"

namespace {

using namespace rastel;

constexpr std::size_t largest_configuration = 1 << 20;  // bytes

Result<Configuration> read_configuration(const std::string& file, std::string& text) {
  RASTEL_TRY(text, os::read_file(file, largest_configuration));
  return parse_configuration(text, file);
}

Endpoint control_socket(const Configuration& configuration) {
  return {Endpoint::Kind::unix_socket, {}, 0, configuration.site.run_directory + "/control.sock"};
}

Endpoint page_socket(const Configuration& configuration) {
  return {Endpoint::Kind::unix_socket, {}, 0, configuration.site.run_directory + "/page.sock"};
}

// By name: the group that may connect to page.sock besides the daemon itself.
std::string group_of(const std::string& user) {
  const passwd* account = getpwnam(user.c_str());
  const group* found = account == nullptr ? nullptr : getgrgid(account->pw_gid);
  return found == nullptr ? std::string() : found->gr_name;
}

// Read here, as the page can open no file; what is wrong in it is said here too, before the page is started.
Result<std::string> read_users(const std::string& file) {
  struct stat status{};
  if (stat(file.c_str(), &status) != 0)
    return fail_errno(errno,
                      "[http] users: can't find " + file + " (rastel user add NAME --role admin makes it)");
  if (!S_ISREG(status.st_mode) || (status.st_mode & 0022) != 0)
    return fail(ErrorKind::invalid_input, file + " must be a file that only its owner can write (chmod 600)");
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return fail(ErrorKind::invalid_input, file + " must belong to root or to whoever starts Rastel");
  RASTEL_TRY(std::string text, os::read_file(file, page::largest_users_file));
  RASTEL_CHECK(page::parse_users(text, file));
  return text;
}

Result<sandbox::MasterPlan> plan_from(const std::string& file) {
  sandbox::MasterPlan plan;
  RASTEL_TRY(const Configuration configuration, read_configuration(file, plan.text));
  plan.log = configuration.log;
  RASTEL_TRY(TlsFiles files, read_tls_files(configuration));
  plan.files = std::move(files.bytes);
  plan.source = file;
  plan.engine_text = show_engine_configuration(configuration);
  const Confinement confinement = configuration.engine.confinement;
  plan.confinement_required =
      confinement == Confinement::required || (confinement == Confinement::automatic && geteuid() == 0);
  plan.listeners.push_back({"control", control_socket(configuration), 0660, configuration.site.admin_group});
  const HttpOptions& http = configuration.http;
  const sandbox::ListenerSpec listener{"http", http.listen, 0660, {}};
  if (http.listen.kind != Endpoint::Kind::none && http.users.empty()) plan.listeners.push_back(listener);
  if (http.listen.kind != Endpoint::Kind::none && !http.users.empty()) {
    RASTEL_TRY(std::string users, read_users(http.users));
    plan.listeners.push_back({"page", page_socket(configuration), 0660, group_of(http.user)});
    plan.page =
        sandbox::PagePlan{listener, show_page_configuration(configuration), std::move(users), http.user};
  }
  for_each_door(configuration.door, [&](std::string_view kind, std::size_t, const auto& door) {
    std::string group;
    if constexpr (requires { door.socket_group; }) group = door.socket_group;
    plan.listeners.push_back(
        {std::string(kind) + ":" + door.name, door.listen, door.socket_mode.value, std::move(group)});
  });
  plan.private_folders = {configuration.store.directory, configuration.store.directory + "/spool"};
  plan.run_directory = configuration.site.run_directory;
  plan.user = configuration.site.user;
  return plan;
}

// A program that is started without them would take its first sockets for its standard error.
void open_standard_descriptors() {
  int number;
  do number = open("/dev/null", O_RDWR);
  while (number >= 0 && number <= 2);
  if (number > 2) close(number);
}

int check(const std::string& file) {
  std::string text;
  const auto configuration = read_configuration(file, text);
  if (!configuration) {
    std::fprintf(stderr, "%s\n", configuration.error().what.c_str());
    return 1;
  }
  const auto files = read_tls_files(*configuration);
  if (!files) {
    std::fprintf(stderr, "%s\n", files.error().what.c_str());
    return 1;
  }
  for (const std::string& warning : warnings(*configuration)) std::printf("warning: %s\n", warning.c_str());
  for (const std::string& remark : files->remarks) std::printf("warning: %s\n", remark.c_str());
  if (const auto plan = plan_from(file); plan)
    if (const auto account = sandbox::account_for(*plan); !account)
      std::printf("warning: %s\n", account.error().what.c_str());
  std::size_t doors = 0;
  for_each_door(configuration->door, [&](std::string_view, std::size_t, const auto&) { ++doors; });
  std::printf("%s is fine: %zu door%s\n", file.c_str(), doors, doors == 1 ? "" : "s");
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  open_standard_descriptors();
  CLI::App app{
      "Rastel: scans the mail of a mail server at every point of its way.\nStarts the daemon and its "
      "confined scanners, and keeps them running."};
  std::string file = "/etc/rastel/rastel.toml";
  bool only_check = false;
  app.add_option("-c,--config", file, "The configuration file")->capture_default_str();
  app.add_flag("--check", only_check, "Say what is wrong with the configuration, and end (0: nothing)");
  app.set_version_flag("--version", "rasteld " RASTEL_VERSION);
  CLI11_PARSE(app, count, arguments);
  if (only_check) return check(file);
  std::error_code code;
  const std::filesystem::path own = std::filesystem::read_symlink("/proc/self/exe", code);
  const std::filesystem::path beside = own.parent_path();
  if (code) {
    std::fprintf(stderr, "rasteld: can't tell where its own program lies (is /proc mounted?)\n");
    return 1;
  }
  file = std::filesystem::absolute(file, code);
  return sandbox::run_master(
      {beside / "rastel-daemon", beside / "rastel-engine", beside / "rastel-page", {own, "-c", file}},
      [&] { return plan_from(file); });
}
