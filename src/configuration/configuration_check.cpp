// SPDX-License-Identifier: GPL-2.0-only
// What single values can't show: what contradicts itself, and what is probably not meant.
#include "configuration/configuration_check.hpp"

#include <filesystem>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "configuration/clamd_check.hpp"
#include "configuration/configuration.hpp"
#include "configuration/milter_check.hpp"
#include "configuration/pipe_check.hpp"
#include "configuration/smtp_check.hpp"
#include "edit/edits.hpp"
#include "page/request.hpp"

namespace rastel {
namespace {

using Problems = std::vector<Problem>;
using Kind = Endpoint::Kind;

constexpr std::size_t most_addresses =
    200;  // the master hands listeners over in one message (SCM_MAX_FD is 253)
constexpr std::size_t longest_unix_path = 107;  // sockaddr_un

bool is_of(std::string_view text, std::string_view more) {
  return std::ranges::all_of(text, [&](char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || more.find(character) != std::string_view::npos;
  });
}
// Stands in the log, in our header line and in rules.
bool is_name(std::string_view text) { return !text.empty() && text.size() <= 64 && is_of(text, "-_."); }

}  // namespace

bool is_domain(std::string_view text) {
  const bool ascii =
      std::ranges::all_of(text, [](char character) { return static_cast<unsigned char>(character) < 0x80; });
  return !text.empty() && text.size() <= 255 && (!ascii || is_of(text, "-_.")) && !text.starts_with('.');
}

namespace {

// What stands before the name of a door's option.
std::string at(std::string_view kind, std::size_t index) { return fmt::format("door.{}[{}].", kind, index); }

// What is wrong with a door of each kind besides its name and its address.
void check_door(const Configuration& configuration, const SmtpDoorOptions& door, const std::string& where,
                Problems& problems) {
  check_smtp(door, configuration.door.smtp, where, problems);
}
void check_door(const Configuration&, const ClamdDoorOptions& door, const std::string& where,
                Problems& problems) {
  check_clamd(door, where, problems);
}
void check_door(const Configuration&, const PipeDoorOptions& door, const std::string& where,
                Problems& problems) {
  check_pipe(door, where, problems);
}
void check_door(const Configuration&, const MilterDoorOptions&, const std::string&, Problems&) {}

class Check {
 public:
  explicit Check(const Configuration& configuration) : configuration_(configuration) {}

  Problems problems() {
    site();
    addresses();
    http();
    for_each_door(configuration_.door, [&](std::string_view kind, std::size_t index, const auto& door) {
      door_name(door.name, kind, at(kind, index) + "name");
      check_door(configuration_, door, at(kind, index), problems_);
    });
    tags();
    for (std::size_t i = 0; i < configuration_.policy.rules.size(); ++i) rule(i);
    return std::move(problems_);
  }

 private:
  template <class... Arguments>
  void problem(std::string where, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    problems_.push_back({std::move(where), fmt::format(format, std::forward<Arguments>(arguments)...)});
  }

  void site() {
    const SiteOptions& site = configuration_.site;
    for (const auto& [name, path] : {std::pair{"site.run_directory", site.run_directory},
                                     std::pair{"store.directory", configuration_.store.directory},
                                     std::pair{"signatures.directory", configuration_.signatures.directory}})
      if (!path.starts_with('/')) problem(name, "{}: want an absolute path, not \"{}\"", name, path);
    if (site.run_directory.size() + std::string_view("/control.sock").size() > longest_unix_path)
      problem("site.run_directory", "site.run_directory is too long for a unix socket in it");
    if (!is_name(site.user))
      problem("site.user", "site.user: want the name of an account, not \"{}\"", site.user);
    if (site.user == "root") problem("site.user", "site.user: the daemon must not be root");
    if (!site.hostname.empty() && !is_domain(site.hostname))
      problem("site.hostname", "site.hostname: want a name like \"mx.example.com\", not \"{}\"",
              site.hostname);
    for (std::size_t i = 0; i < site.domains.size(); ++i)
      if (!is_domain(site.domains[i]))
        problem(fmt::format("site.domains[{}]", i),
                "site.domains: want domains like \"example.com\", not \"{}\"", site.domains[i]);
  }

  void http() {
    const HttpOptions& http = configuration_.http;
    for (const std::string& host : http.hosts)
      if (!page::parse_host(host))
        problem("http.hosts", "http.hosts: want names like \"mail.example.com\", not \"{}\"", host);
    if (http.users.empty()) return;
    if (!http.users.starts_with('/'))
      problem("http.users", "http.users: want an absolute path, not \"{}\"", http.users);
    if (http.listen.kind == Kind::none)
      problem("http.users", "http.users is set, but http.listen isn't: where shall the page be?");
    if (http.listen.kind == Kind::unix_socket && http.hosts.empty())
      problem("http.hosts", "http.hosts: behind a unix socket the page must know by which name it is called");
    if (!is_name(http.user) || http.user == "root")
      problem("http.user", "http.user: want the name of an account that isn't root, not \"{}\"", http.user);
    if (http.user == configuration_.site.user)
      problem("http.user", "http.user must not be site.user: the page would be the daemon to the system");
  }

  // Everything that we listen on, each address once.
  void addresses() {
    std::map<std::string, std::string> used;
    const auto use = [&](const Endpoint& endpoint, const std::string& where, const std::string& who) {
      if (endpoint.kind == Kind::none) return;
      const auto [earlier, is_new] = used.emplace(to_string(endpoint), who);
      if (!is_new) problem(where, "{} and {} both listen on {}", earlier->second, who, earlier->first);
    };
    use({Kind::unix_socket, {}, 0, configuration_.site.run_directory + "/control.sock"}, "",
        "the control socket");
    use(configuration_.http.listen, "http.listen", "[http]");
    if (!configuration_.http.users.empty())
      use({Kind::unix_socket, {}, 0, configuration_.site.run_directory + "/page.sock"}, "",
          "the page's socket");
    for_each_door(configuration_.door, [&](std::string_view kind, std::size_t index, const auto& door) {
      use(door.listen, at(kind, index) + "listen", fmt::format("door \"{}\"", door.name));
    });
    if (used.size() > most_addresses)
      problem("", "{} addresses to listen on; {} is the most", used.size(), most_addresses);
  }

  // Doors of all kinds: rules, log and history know them by their names alone.
  void door_name(const std::string& name, std::string_view kind, const std::string& where) {
    if (!is_name(name))
      problem(where, "door.{}.name: want letters, digits, '-', '_' and '.', not \"{}\"", kind, name);
    if (!names_.insert(name).second) problem(where, "two doors are named \"{}\"", name);
  }

  void tags() {
    constexpr std::size_t longest_banner = 2000;
    const PolicyOptions& policy = configuration_.policy;
    for (const auto& [option, text, longest] :
         {std::tuple{"tag_subject", policy.tag_subject, edit::Edits::longest_mark},
          std::tuple{"tag_banner", policy.tag_banner, longest_banner}})
      if (text.size() > longest)
        problem(fmt::format("policy.{}", option), "policy.{}: has {} bytes, want at most {}", option,
                text.size(), longest);
  }

  void rule(std::size_t index) {
    for (const std::string& door : configuration_.policy.rules[index].doors)
      if (!names_.contains(door))
        problem(fmt::format("policy.rule[{}].doors", index), "policy.rule.doors: there is no door \"{}\"",
                door);
  }

  const Configuration& configuration_;
  Problems problems_;
  std::set<std::string> names_;
};

bool sets_something(const PolicyRule& rule) {
  bool sets = rule.mode || rule.infected || rule.suspicious || rule.encrypted;
  for_each_row<UnscannedRule>(
      [&](const auto& row) { sets = sets || (rule.unscanned.*(row.member)).has_value(); });
  return sets;
}

void look_at_policy(const PolicyOptions& policy, std::vector<std::string>& said) {
  if (policy.mode == PolicyMode::observe) said.push_back("policy.mode = \"observe\": everything passes");
  if (policy.infected == Action::pass || policy.infected == Action::tag)
    said.push_back("policy.infected lets infected mail through");
  if (policy.ambiguous == Action::strip)
    said.push_back("policy.ambiguous = \"strip\": an ambiguous message is never edited, it is held");
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const PolicyRule& rule = policy.rules[i];
    const bool may_loosen =
        rule.mode == PolicyMode::observe || rule.infected || rule.suspicious || rule.encrypted;
    if (!sets_something(rule)) said.push_back(fmt::format("policy.rule {} sets nothing", i + 1));
    if (may_loosen && !rule.senders.empty() && rule.clients.empty() && rule.authenticated != true)
      said.push_back(fmt::format(
          "policy.rule {} goes by the sender alone, which is forgeable: it can only make things stricter",
          i + 1));
  }
}

}  // namespace

std::vector<Problem> contradictions(const Configuration& configuration) {
  return Check(configuration).problems();
}

namespace {

bool holds_mail(const DoorOptions& doors) {
  return !doors.smtp.empty() || !doors.milter.empty() || !doors.pipe.empty();
}

}  // namespace

std::vector<std::string> warnings(const Configuration& configuration) {
  std::vector<std::string> said;
  std::error_code code;
  if (!std::filesystem::is_directory(configuration.signatures.directory, code))
    said.push_back(
        fmt::format("signatures.directory {} does not exist: {}", configuration.signatures.directory,
                    configuration.signatures.builtin ? "install freshclam (Debian: clamav-freshclam), or "
                                                       "only the built-in test signatures are looked for"
                                                     : "with builtin = false nothing can be scanned"));
  if (configuration.door.clamd.empty() && !holds_mail(configuration.door))
    said.push_back("no door is configured: no mail will come in");
  if (configuration.store.release.endpoint.kind == Kind::none && holds_mail(configuration.door))
    said.push_back("store.release is not set: held mail can't be released");
  if (configuration.engine.scratch < configuration.engine.max_message)
    said.push_back("engine.scratch is smaller than engine.max_message: large messages will be unscanned");
  if (!configuration.http.users.empty() && configuration.http.tls == HttpTls::none &&
      configuration.http.listen.kind == Kind::inet && !is_loopback(configuration.http.listen.host))
    said.push_back(
        "http.listen is open to the network without TLS: passwords can be read on the way; listen on "
        "127.0.0.1 "
        "behind a proxy with TLS, and set http.tls = \"proxy\"");
  for (const SmtpDoorOptions& door : configuration.door.smtp)
    look_at_smtp(door, configuration.store.release.endpoint, said);
  for (const ClamdDoorOptions& door : configuration.door.clamd)
    look_at_clamd(door, configuration.store.directory, said);
  for (const MilterDoorOptions& door : configuration.door.milter) look_at_milter(door, said);
  for (const PipeDoorOptions& door : configuration.door.pipe) look_at_pipe(door, said);
  look_at_policy(configuration.policy, said);
  for (std::string& sentence : said) sentence = printable(sentence);
  return said;
}

}  // namespace rastel
