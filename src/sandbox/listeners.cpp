// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/listeners.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>

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
    if (endpoint.path.size() >= sizeof un.sun_path) return fail(ErrorKind::invalid_input, endpoint.path + ": too long for a unix socket");
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

Result<> make_folder(const std::string& path, mode_t mode, const Account& account) {
  std::error_code code;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), code);
  const bool made = mkdir(path.c_str(), mode) == 0;
  if (!made && errno != EEXIST) return fail_errno(errno, "can't make the folder " + path);
  if (made && account.change && chown(path.c_str(), account.user, account.group) != 0)
    return fail_errno(errno, "can't give the folder " + path + " to the daemon's user");
  return {};
}

}  // namespace

Result<Account> account_for(const MasterPlan& plan) {
  Account account;
  if (geteuid() != 0) return account;
  const passwd* user = getpwnam(plan.user.c_str());
  if (user == nullptr)
    return fail(ErrorKind::invalid_input, "there is no user \"" + plan.user + "\" for the daemon: adduser --system --group --no-create-home " +
                                              plan.user + "  (or set [site] user)");
  if (user->pw_uid == 0) return fail(ErrorKind::invalid_input, "[site] user must not be root");
  account.change = true;
  account.user = user->pw_uid;
  account.group = user->pw_gid;
  return account;
}

Result<> make_folders(const MasterPlan& plan, const Account& account) {
  RASTEL_CHECK(make_folder(plan.run_directory, 0755, account));
  for (const std::string& path : plan.private_folders) RASTEL_CHECK(make_folder(path, 0700, account));
  return {};
}

Result<FileDescriptor> Listeners::bind_to(const ListenerSpec& spec, const Account& account) {
  RASTEL_TRY(const Address address, address_of(spec.endpoint));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address.storage);
  const bool local = spec.endpoint.kind == Endpoint::Kind::unix_socket;
  FileDescriptor listener(socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) return fail_errno(errno, "can't make a socket for " + to_string(spec.endpoint));
  const int on = 1;
  if (local) {
    // Only a socket file at which nobody answers is a left-over that may go.
    const FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    struct stat there {};
    if (lstat(spec.endpoint.path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode) &&
        connect(probe.get(), generic, address.length) != 0 && errno == ECONNREFUSED)
      unlink(spec.endpoint.path.c_str());
  } else {
    (void)setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address.storage.ss_family == AF_INET6) (void)setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  const mode_t before = umask(0177);
  const int bound = bind(listener.get(), generic, address.length);
  const int problem = errno;
  umask(before);
  if (bound != 0)
    return fail_errno(problem, "can't listen on " + to_string(spec.endpoint) +
                                   (problem == EADDRINUSE ? " (is another rasteld or mail server running there?)" : ""));
  if (local) {
    const group* named = spec.group.empty() ? nullptr : getgrnam(spec.group.c_str());
    if (account.change && chown(spec.endpoint.path.c_str(), account.user, named != nullptr ? named->gr_gid : account.group) != 0)
      return fail_errno(errno, "can't set the owner of " + spec.endpoint.path);
    if (chmod(spec.endpoint.path.c_str(), spec.mode) != 0) return fail_errno(errno, "can't set the mode of " + spec.endpoint.path);
  }
  if (listen(listener.get(), SOMAXCONN) != 0) return fail_errno(errno, "can't listen on " + to_string(spec.endpoint));
  return listener;
}

Result<> Listeners::open(const MasterPlan& plan, const Account& account) {
  std::map<std::string, Open> added;
  for (const ListenerSpec& spec : plan.listeners) {
    const std::string address = to_string(spec.endpoint);
    if (open_.contains(address)) continue;
    RASTEL_TRY(FileDescriptor socket, bind_to(spec, account));
    added.emplace(address, Open{spec, std::move(socket)});
  }
  open_.merge(added);
  return {};
}

void Listeners::settle(const MasterPlan& plan) {
  std::set<std::string> wanted;
  for (const ListenerSpec& spec : plan.listeners) wanted.insert(to_string(spec.endpoint));
  std::erase_if(open_, [&](const auto& entry) {
    if (wanted.contains(entry.first)) return false;
    if (entry.second.spec.endpoint.kind == Endpoint::Kind::unix_socket) unlink(entry.second.spec.endpoint.path.c_str());
    return true;
  });
}

int Listeners::descriptor(const ListenerSpec& spec) const { return open_.at(to_string(spec.endpoint)).socket.get(); }

void Listeners::remove_socket_files() {
  for (const auto& [address, open] : open_)
    if (open.spec.endpoint.kind == Endpoint::Kind::unix_socket) unlink(open.spec.endpoint.path.c_str());
  open_.clear();
}

}  // namespace rastel::sandbox
