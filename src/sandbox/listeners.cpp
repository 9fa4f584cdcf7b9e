// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/listeners.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.hpp"
#include "sandbox/supervisor.hpp"

namespace rastel::sandbox {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Result<Address> address_of(const Endpoint& endpoint) {
  Address address;
  if (endpoint.kind == Endpoint::Kind::unix_socket) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (endpoint.path.size() >= sizeof un.sun_path)
      return fail(ErrorKind::invalid_input, endpoint.path + ": too long for a unix socket");
    std::memcpy(un.sun_path, endpoint.path.data(), endpoint.path.size());
    std::memcpy(&address.storage, &un, sizeof un);
    address.length = sizeof un;
    return address;
  }
  sockaddr_in inet{};
  sockaddr_in6 inet6{};
  const std::string host = endpoint.host == "localhost" ? "127.0.0.1" : endpoint.host;
  if (inet_pton(AF_INET, host.c_str(), &inet.sin_addr) == 1) {
    inet.sin_family = AF_INET;
    inet.sin_port = htons(endpoint.port);
    std::memcpy(&address.storage, &inet, sizeof inet);
    address.length = sizeof inet;
  } else if (inet_pton(AF_INET6, host.c_str(), &inet6.sin6_addr) == 1) {
    inet6.sin6_family = AF_INET6;
    inet6.sin6_port = htons(endpoint.port);
    std::memcpy(&address.storage, &inet6, sizeof inet6);
    address.length = sizeof inet6;
  } else {
    return fail(ErrorKind::invalid_input, to_string(endpoint) + ": give a numeric address to listen on");
  }
  return address;
}

// Where a bound socket of streams listens; nothing of what can't be configured.
std::optional<Endpoint> endpoint_of(const Address& address) {
  Endpoint endpoint{Endpoint::Kind::inet, {}, 0, {}};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* generic = reinterpret_cast<const sockaddr*>(&address.storage);
  if (generic->sa_family == AF_UNIX) {
    const auto* local = reinterpret_cast<const sockaddr_un*>(generic);
    const std::size_t room = address.length - offsetof(sockaddr_un, sun_path);
    endpoint = {
        Endpoint::Kind::unix_socket, {}, 0, std::string(local->sun_path, strnlen(local->sun_path, room))};
    if (!endpoint.path.starts_with('/')) return std::nullopt;
    return endpoint;
  }
  if (generic->sa_family == AF_INET) {
    const auto* inet = reinterpret_cast<const sockaddr_in*>(generic);
    inet_ntop(AF_INET, &inet->sin_addr, text.data(), text.size());
    endpoint.port = ntohs(inet->sin_port);
  } else if (generic->sa_family == AF_INET6) {
    const auto* inet6 = reinterpret_cast<const sockaddr_in6*>(generic);
    inet_ntop(AF_INET6, &inet6->sin6_addr, text.data(), text.size());
    endpoint.port = ntohs(inet6->sin6_port);
  } else {
    return std::nullopt;
  }
  endpoint.host = text.data();
  return endpoint;
}

// One text for one address, however it is written.
std::string key_of(const Endpoint& endpoint) {
  const auto address = address_of(endpoint);
  const auto known = address ? endpoint_of(*address) : std::nullopt;
  return to_string(known.value_or(endpoint));
}

// The folder itself, never what a link in its place leads to.
Result<> make_folder(const std::string& path, mode_t mode, const Account& owner) {
  std::error_code code;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), code);
  if (mkdir(path.c_str(), mode) != 0) {
    if (errno == EEXIST) return {};
    return fail_errno(errno, "can't make the folder " + path);
  }
  const FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder || fchmod(folder.get(), mode) != 0 ||
      (owner.change && fchown(folder.get(), owner.user, owner.group) != 0))
    return fail_errno(errno, "can't set owner and mode of the folder " + path);
  return {};
}

std::vector<ListenerSpec> all_listeners(const MasterPlan& plan) {
  std::vector<ListenerSpec> all = plan.listeners;
  if (plan.page) all.push_back(plan.page->listener);
  return all;
}

gid_t group_for(const ListenerSpec& spec, const Account& account) {
  const group* named = spec.group.empty() ? nullptr : getgrnam(spec.group.c_str());
  return named != nullptr ? named->gr_gid : account.group;
}

// The file of a socket that we have just bound, or had bound before; nothing else that may lie there by now.
#if defined(__linux__) && !defined(RASTEL_PORTABLE)
Result<struct stat> own_socket_file(const ListenerSpec& spec, const Account& account, bool change_mode) {
  const std::string& path = spec.endpoint.path;
  const FileDescriptor file(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!file || fstat(file.get(), &status) != 0) return fail_errno(errno, "can't find " + path);
  if (!S_ISSOCK(status.st_mode)) return fail(ErrorKind::ours, path + " is no socket any more");
  if (account.change && fchownat(file.get(), "", account.user, group_for(spec, account), AT_EMPTY_PATH) != 0)
    return fail_errno(errno, "can't set the owner of " + path);
  const std::string by_descriptor = "/proc/self/fd/" + std::to_string(file.get());
  if (change_mode && chmod(by_descriptor.c_str(), spec.mode) != 0)
    return fail_errno(errno, "can't set the mode of " + path);
  return status;
}
#else
Result<struct stat> own_socket_file(const ListenerSpec& spec, const Account& account, bool change_mode) {
  const char* path = spec.endpoint.path.c_str();
  struct stat status{};
  if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode))
    return fail(ErrorKind::ours, spec.endpoint.path + " is no socket any more");
  if (account.change && lchown(path, account.user, group_for(spec, account)) != 0)
    return fail_errno(errno, "can't set the owner of " + spec.endpoint.path);
  if (change_mode && chmod(path, spec.mode) != 0)
    return fail_errno(errno, "can't set the mode of " + spec.endpoint.path);
  return status;
}
#endif

// Only a socket file at which nobody answers is a left-over that may go. A listener that is merely busy
// answers EAGAIN.
void remove_stale(const Endpoint& endpoint, const Address& address) {
  struct stat there{};
  if (lstat(endpoint.path.c_str(), &there) != 0 || !S_ISSOCK(there.st_mode)) return;
  const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0 &&
      errno == ECONNREFUSED)
    unlink(endpoint.path.c_str());
}

}  // namespace

Result<Account> account_named(const std::string& name, const std::string& option) {
  Account account;
  if (geteuid() != 0) return account;
  const passwd* user = getpwnam(name.c_str());
  if (user == nullptr)
    return fail(ErrorKind::invalid_input, "there is no user \"" + name +
                                              "\": adduser --system --group --no-create-home " + name +
                                              "  (or set " + option + ")");
  if (user->pw_uid == 0) return fail(ErrorKind::invalid_input, option + " must not be root");
  account.change = true;
  account.user = user->pw_uid;
  account.group = user->pw_gid;
  return account;
}

namespace {

// But the user's own: those that an operator gave it.
std::vector<gid_t> further_groups(const std::string& user, gid_t own) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  while (getgrouplist(user.c_str(), own, groups.data(), &count) < 0 &&
         count > static_cast<int>(groups.size()))
    groups.resize(static_cast<std::size_t>(count));
  groups.resize(std::min(groups.size(), static_cast<std::size_t>(std::max(count, 0))));
  std::erase(groups, own);
  return groups;
}

}  // namespace

// With its groups, as spools that a door is to look into are readable by a group (Exim's, amavis's).
Result<Account> account_for(const MasterPlan& plan) {
  RASTEL_TRY(Account account, account_named(plan.user, "[site] user"));
  if (account.change) account.groups = further_groups(plan.user, account.group);
  return account;
}

Result<> make_folders(const MasterPlan& plan, const Account& account) {
  RASTEL_CHECK(make_folder(plan.run_directory, 0755, {}));  // root's: nobody else puts anything there
  for (const std::string& path : plan.private_folders) RASTEL_CHECK(make_folder(path, 0700, account));
  return {};
}

Result<Listeners::Open> Listeners::bind_to(const ListenerSpec& spec, const Account& account) {
  RASTEL_TRY(const Address address, address_of(spec.endpoint));
  const bool local = spec.endpoint.kind == Endpoint::Kind::unix_socket;
  FileDescriptor listener(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail_errno(errno, "can't make a socket for " + to_string(spec.endpoint));
  const int on = 1;
  if (local)
    remove_stale(spec.endpoint, address);
  else
    (void)setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (address.storage.ss_family == AF_INET6)
    (void)setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  const mode_t before = umask(0777 & ~spec.mode);  // the file is never more open than it is to be
  const int bound = bind(listener.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length);
  const int problem = errno;
  umask(before);
  if (bound != 0)
    return fail_errno(
        problem, "can't listen on " + to_string(spec.endpoint) +
                     (problem == EADDRINUSE ? " (is another rasteld or mail server running there?)" : ""));
  Open opened{spec, std::move(listener)};
  if (local) {
    const auto status = own_socket_file(spec, account, false);
    if (!status) {
      unlink(spec.endpoint.path.c_str());
      return std::unexpected(status.error());
    }
    opened.device = status->st_dev;
    opened.inode = status->st_ino;
  }
  if (listen(opened.socket.get(), SOMAXCONN) == 0) return opened;
  const int refused = errno;
  remove_socket_file(opened);
  return fail_errno(refused, "can't listen on " + to_string(spec.endpoint));
}

void Listeners::remove_socket_file(const Open& open) {
  struct stat there{};
  const char* path = open.spec.endpoint.path.c_str();
  if (open.spec.endpoint.kind == Endpoint::Kind::unix_socket && lstat(path, &there) == 0 &&
      there.st_dev == open.device && there.st_ino == open.inode)
    unlink(path);
}

Result<> Listeners::open(const MasterPlan& plan, const Account& account) {
  std::map<std::string, Open> added;
  for (const ListenerSpec& spec : all_listeners(plan)) {
    const std::string address = key_of(spec.endpoint);
    if (open_.contains(address) || added.contains(address)) continue;
    auto opened = bind_to(spec, account);
    if (!opened) {
      for (const auto& [which, listener] : added) remove_socket_file(listener);
      return std::unexpected(std::move(opened).error());
    }
    added.emplace(address, *std::move(opened));
  }
  open_.merge(added);
  return {};
}

void Listeners::settle(const MasterPlan& plan, const Account& account) {
  std::map<std::string, const ListenerSpec*> wanted;
  const std::vector<ListenerSpec> all = all_listeners(plan);
  for (const ListenerSpec& spec : all) wanted.emplace(key_of(spec.endpoint), &spec);
  for (auto at = open_.begin(); at != open_.end();) {
    auto& [address, open] = *at;
    const auto found = wanted.find(address);
    if (found == wanted.end()) {
      remove_socket_file(open);
      at = open_.erase(at);
      continue;
    }
    const ListenerSpec& spec = *found->second;
    const bool other_access = spec.mode != open.spec.mode || spec.group != open.spec.group;
    if (other_access && spec.endpoint.kind == Endpoint::Kind::unix_socket && open.inode != 0)
      if (const auto done = own_socket_file(spec, account, true); !done) log::error("{}", done.error().what);
    open.spec = spec;
    ++at;
  }
}

int Listeners::descriptor(const ListenerSpec& spec) const {
  return open_.at(key_of(spec.endpoint)).socket.get();
}

namespace {

constexpr const char* handed_on = "RASTEL_LISTENERS";

// "descriptor device inode address", a line each. The address last: it may hold blanks.
bool is_listening(int descriptor) {
  int listening = 0;
  socklen_t length = sizeof listening;
  return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening == 1;
}

void close_on_exec(int descriptor, bool on) { (void)fcntl(descriptor, F_SETFD, on ? FD_CLOEXEC : 0); }

}  // namespace

Error Listeners::go_on_as(const std::vector<std::string>& program) {
  std::string text;
  for (const auto& [address, open] : open_) {
    if (address.find('\n') != std::string::npos) continue;  // bound anew
    text += fmt::format("{} {} {} {}\n", open.socket.get(), open.device, open.inode, address);
    close_on_exec(open.socket.get(), false);
  }
  setenv(handed_on, text.c_str(), 1);
  std::vector<char*> arguments;
  for (const std::string& argument : program) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execv(arguments.front(), arguments.data());
  const int problem = errno;
  unsetenv(handed_on);
  for (const auto& [address, open] : open_) close_on_exec(open.socket.get(), true);
  return fail_errno(problem, "can't start " + program.front()).error();
}

void Listeners::inherit() {
  const char* set = getenv(handed_on);
  if (set == nullptr) return;
  std::istringstream lines{std::string(set)};
  unsetenv(handed_on);  // it isn't for our children
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    int descriptor = -1;
    Open open;
    std::string address;
    if (!(words >> descriptor >> open.device >> open.inode >> std::ws) || !std::getline(words, address))
      continue;
    const auto endpoint = parse_endpoint(address);
    if (descriptor <= 2 || !endpoint || !is_listening(descriptor)) {
      log::warning("the listener {} didn't come through the upgrade", address);
      continue;
    }
    close_on_exec(descriptor, true);
    open.socket = FileDescriptor(descriptor);
    open.spec.endpoint = *endpoint;
    open.spec.mode = 0;  // settle() gives it the plan's
    open_.emplace(address, std::move(open));
  }
}

void Listeners::take_from_supervisor() {
  for (FileDescriptor& socket : sockets_of_supervisor()) {
    Address address;
    address.length = sizeof address.storage;
    const bool named =
        getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length) == 0;
    const auto endpoint = named && is_listening(socket.get()) ? endpoint_of(address) : std::nullopt;
    if (!endpoint) {
      log::warning("systemd gave us what is no listening socket with an address: closed");
      continue;
    }
    log::info("systemd listens on {}", to_string(*endpoint));
    Open open;
    open.socket = std::move(socket);
    open.spec.endpoint = *endpoint;
    open_.emplace(to_string(*endpoint), std::move(open));
  }
}

void Listeners::remove_socket_files() {
  for (const auto& [address, open] : open_) remove_socket_file(open);
  open_.clear();
}

}  // namespace rastel::sandbox
