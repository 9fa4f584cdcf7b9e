// SPDX-License-Identifier: GPL-2.0-only
// rastel-page: the page's process, started by rasteld alone, as a user of its own. Descriptor 3: its
// listener; 4: what it has to know of the configuration; 5: the users' file. It reads these, gives up
// everything else and serves; it talks to the daemon over page.sock only.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <boost/asio/io_context.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.hpp"
#include "configuration/configuration.hpp"
#include "page/server.hpp"
#include "sandbox/confinement.hpp"

namespace {

using namespace rastel;

std::string read_descriptor(int descriptor) {
  std::string text(page::largest_users_file + 1, '\0');
  const ssize_t got = pread(descriptor, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::vector<std::string> hosts_of(const HttpOptions& http) {
  std::vector<std::string> hosts;
  for (const std::string& host : http.hosts)
    if (const auto parsed = page::parse_host(host))
      hosts.push_back(parsed->port.empty() ? parsed->name : parsed->name + ":" + parsed->port);
  if (!hosts.empty()) return hosts;
  // Addresses, and the one name that always means this machine: nobody can point another name here.
  hosts = {"localhost", "127.0.0.1", "[::1]"};
  const bool six = http.listen.host.find(':') != std::string::npos;
  hosts.push_back(six ? "[" + http.listen.host + "]" : http.listen.host);
  return hosts;
}

page::Settings settings_of(const HttpOptions& http) {
  page::Settings settings;
  settings.hosts = hosts_of(http);
  settings.tls = http.tls == HttpTls::proxy ? page::Settings::Tls::by_proxy : page::Settings::Tls::none;
  settings.idle = http.session_idle;
  settings.longest = http.session_longest;
  return settings;
}

int run(bool confinement_required) {
  const auto configuration = parse_configuration(read_descriptor(4), "the page's options");
  if (!configuration) {
    log::error("{}", configuration.error().what);
    return 64;
  }
  log::configure(configuration->log, "rastel-page");
  auto users = page::parse_users(read_descriptor(5), configuration->http.users);
  if (!users) {
    log::error("{}", users.error().what);
    return 64;
  }
  // Hashes a password: OpenSSL then has loaded what it needs from files.
  page::Site site(settings_of(configuration->http), *std::move(users), page::built_assets());
  const auto confined = sandbox::confine(sandbox::Process::page, {}, 3);
  if (!confined) {
    log::error("the page: {}", confined.error().what);
    return 1;
  }
  for (const std::string& missing : confined->missing) log::warning("the page: not to be had: {}", missing);
  if (confinement_required && !confined->missing.empty()) {
    log::error("the page can't be confined as engine.confinement wants it");
    return 1;
  }
  boost::asio::io_context context(1);
  const auto server = page::Server::open(context.get_executor(), FileDescriptor(3), site,
                                         configuration->site.run_directory + "/page.sock");
  if (!server) {
    log::error("the page: {}", server.error().what);
    return 1;
  }
  log::info("the page listens on {}", to_string(configuration->http.listen));
  context.run();
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  int listens = 0;
  socklen_t length = sizeof listens;
  if (getsockopt(3, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) != 0 || listens == 0) {
    std::fprintf(stderr, "rastel-page is started by rasteld: run rasteld -c FILE\n");
    return 64;
  }
  bool required = false;
  for (int i = 1; i < count; ++i)
    if (std::strcmp(arguments[i], "--confinement=required") == 0) required = true;
  return run(required);
}
