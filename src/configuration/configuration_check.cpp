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
bool is_domain(std::string_view text) {
  const bool ascii =
      std::ranges::all_of(text, [](char character) { return static_cast<unsigned char>(character) < 0x80; });
  return !text.empty() && text.size() <= 255 && (!ascii || is_of(text, "-_.")) && !text.starts_with('.');
}

std::string at_door(std::size_t index, std::string_view option) {
  return fmt::format("door.smtp[{}].{}", index, option);
}
std::string at_clamd(std::size_t index, std::string_view option) {
  return fmt::format("door.clamd[{}].{}", index, option);
}
std::string at_milter(std::size_t index, std::string_view option) {
  return fmt::format("door.milter[{}].{}", index, option);
}
std::string at_pipe(std::size_t index, std::string_view option) {
  return fmt::format("door.pipe[{}].{}", index, option);
}

// Whether who connects to `target` may reach who listens on `listen`.
bool reaches(const Endpoint& target, const Endpoint& listen) {
  if (target.kind == Kind::none || target.kind != listen.kind) return false;
  if (target.kind == Kind::unix_socket) return target.path == listen.path;
  if (target.port != listen.port) return false;
  const bool everywhere = listen.host == "0.0.0.0" || listen.host == "::";
  return target.host == listen.host || (everywhere && is_loopback(target.host)) ||
         (is_loopback(target.host) && is_loopback(listen.host) &&
          (target.host == "localhost" || listen.host == "localhost"));
}

class Check {
 public:
  explicit Check(const Configuration& configuration) : configuration_(configuration) {}

  Problems problems() {
    site();
    addresses();
    http();
    for (std::size_t i = 0; i < configuration_.door.smtp.size(); ++i) door(i);
    for (std::size_t i = 0; i < configuration_.door.clamd.size(); ++i) clamd(i);
    for (std::size_t i = 0; i < configuration_.door.milter.size(); ++i)
      door_name(configuration_.door.milter[i].name, "milter", at_milter(i, "name"));
    for (std::size_t i = 0; i < configuration_.door.pipe.size(); ++i) {
      door_name(configuration_.door.pipe[i].name, "pipe", at_pipe(i, "name"));
      check_pipe(configuration_.door.pipe[i], at_pipe(i, ""), problems_);
    }
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
    for (std::size_t i = 0; i < configuration_.door.smtp.size(); ++i) {
      const SmtpDoorOptions& door = configuration_.door.smtp[i];
      use(door.listen, at_door(i, "listen"), fmt::format("door \"{}\"", door.name));
    }
    for (std::size_t i = 0; i < configuration_.door.clamd.size(); ++i) {
      const ClamdDoorOptions& door = configuration_.door.clamd[i];
      use(door.listen, at_clamd(i, "listen"), fmt::format("door \"{}\"", door.name));
    }
    for (std::size_t i = 0; i < configuration_.door.milter.size(); ++i) {
      const MilterDoorOptions& door = configuration_.door.milter[i];
      use(door.listen, at_milter(i, "listen"), fmt::format("door \"{}\"", door.name));
    }
    for (std::size_t i = 0; i < configuration_.door.pipe.size(); ++i) {
      const PipeDoorOptions& door = configuration_.door.pipe[i];
      use(door.listen, at_pipe(i, "listen"), fmt::format("door \"{}\"", door.name));
    }
    if (used.size() > most_addresses)
      problem("", "{} addresses to listen on; {} is the most", used.size(), most_addresses);
  }

  // Doors of all kinds: rules, log and history know them by their names alone.
  void door_name(const std::string& name, std::string_view kind, const std::string& where) {
    if (!is_name(name))
      problem(where, "door.{}.name: want letters, digits, '-', '_' and '.', not \"{}\"", kind, name);
    if (!names_.insert(name).second) problem(where, "two doors are named \"{}\"", name);
  }

  void clamd(std::size_t index) {
    const ClamdDoorOptions& door = configuration_.door.clamd[index];
    door_name(door.name, "clamd", at_clamd(index, "name"));
    check_clamd(door, at_clamd(index, ""), problems_);
  }

  void door(std::size_t index) {
    const SmtpDoorOptions& door = configuration_.door.smtp[index];
    door_name(door.name, "smtp", at_door(index, "name"));
    if (!door.greeting_host.empty() && !is_domain(door.greeting_host))
      problem(at_door(index, "greeting_host"), "door \"{}\": greeting_host is no host name", door.name);
    // RFC 2033 5: on port 25 a client expects SMTP.
    if (door.protocol == DoorProtocol::lmtp && door.listen.kind == Kind::inet && door.listen.port == 25)
      problem(at_door(index, "protocol"), "door \"{}\": LMTP must not be spoken on port 25 (RFC 2033)",
              door.name);
    if (door.next_hop.protocol == NextHop::Protocol::lmtp && door.next_hop.endpoint.kind == Kind::inet &&
        door.next_hop.endpoint.port == 25)
      problem(at_door(index, "next_hop"), "door \"{}\": LMTP must not be spoken to port 25 (RFC 2033)",
              door.name);
    if (door.protocol == DoorProtocol::lmtp && door.place == Place::outbound)
      problem(at_door(index, "protocol"),
              "door \"{}\": clients don't hand in mail by LMTP; an outbound door speaks SMTP", door.name);
    if (door.uniform_rcpt && door.place == Place::outbound)
      problem(
          at_door(index, "uniform_rcpt"),
          "door \"{}\": with uniform_rcpt every stranger would name a good recipient; it is for a queue's "
          "filter, not for an outbound door",
          door.name);
    if (door.uniform_rcpt && door.protocol == DoorProtocol::smtp &&
        door.next_hop.protocol == NextHop::Protocol::lmtp)
      problem(at_door(index, "uniform_rcpt"),
              "door \"{}\": one recipient at a time goes from SMTP to LMTP, so with uniform_rcpt no message "
              "with two would ever pass",
              door.name);
    if (door.proxy_protocol && door.trusted.empty())
      problem(at_door(index, "proxy_protocol"),
              "door \"{}\": proxy_protocol is believed from trusted peers alone, and `trusted` is empty",
              door.name);
    tls(index);
    for (const SmtpDoorOptions& other : configuration_.door.smtp)
      if (reaches(door.next_hop.endpoint, other.listen))
        problem(at_door(index, "next_hop"),
                "door \"{}\": its next_hop {} is our own door \"{}\": mail would go round in a circle",
                door.name, to_string(door.next_hop), other.name);
  }

  void tls(std::size_t index) {
    const SmtpDoorOptions& door = configuration_.door.smtp[index];
    const bool on = door.tls.mode != DoorTlsMode::none;
    if (on && (door.tls.certificate.empty() || door.tls.key.empty()))
      problem(at_door(index, "tls"),
              "door \"{}\": TLS needs a certificate and its key: tls = {{ mode = \"{}\", certificate = "
              "\"/etc/rastel/mx.pem\", key = \"/etc/rastel/mx.key\" }}",
              door.name, name_of(door.tls.mode));
    const bool verified =
        door.next_hop_tls == NextHopTls::require || door.next_hop_tls == NextHopTls::implicit;
    if (verified && door.next_hop_tls_name.empty() && door.next_hop.endpoint.kind == Kind::unix_socket)
      problem(
          at_door(index, "next_hop_tls"),
          "door \"{}\": next_hop_tls = \"{}\" needs next_hop_tls_name: a unix socket has no name to verify",
          door.name, name_of(door.next_hop_tls));
    if (!verified && !(door.next_hop_tls_name.empty() && door.next_hop_tls_ca.empty()))
      problem(at_door(index, door.next_hop_tls_name.empty() ? "next_hop_tls_ca" : "next_hop_tls_name"),
              "door \"{}\": nothing is verified with next_hop_tls = \"{}\"; set it to require or implicit",
              door.name, name_of(door.next_hop_tls));
    for (const auto& [option, path] : {std::pair{"tls", door.tls.certificate}, std::pair{"tls", door.tls.key},
                                       std::pair{"next_hop_tls_ca", door.next_hop_tls_ca}})
      if (!path.empty() && !path.starts_with('/'))
        problem(at_door(index, option), "door \"{}\": {}: want an absolute path, not \"{}\"", door.name,
                option, path);
    for (std::size_t i = 0; i < door.certificates.size(); ++i)
      for (const std::string& path : {door.certificates[i].certificate, door.certificates[i].key})
        if (!path.starts_with('/'))
          problem(fmt::format("{}[{}]", at_door(index, "certificates"), i),
                  "door \"{}\": certificates: want an absolute path, not \"{}\"", door.name, path);
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

// How long who waits behind a door of this place waits for the reply to his message.
struct Patience {
  Duration least;
  std::string_view who;
};
Patience patience_at(Place place) {
  switch (place) {
    case Place::before_queue:
      return {std::chrono::seconds(100), "Postfix before its queue (smtpd_proxy_timeout)"};
    case Place::after_queue:
      return {std::chrono::seconds(600), "Postfix's delivery agent"};
    case Place::outbound:
      return {std::chrono::seconds(60), "a mail program"};
  }
  return {};
}

bool sets_something(const PolicyRule& rule) {
  bool sets = rule.mode || rule.infected || rule.suspicious || rule.encrypted;
  for_each_row<UnscannedRule>(
      [&](const auto& row) { sets = sets || (rule.unscanned.*(row.member)).has_value(); });
  return sets;
}

// Behind us every client has our address: a mail server that relays for that relays for anybody (PROTOCOLS
// XFORWARD is for its log alone, and `auto` falls back to it where XCLIENT isn't offered.
bool may_make_open_relay(const SmtpDoorOptions& door) {
  const bool told = door.forward_client == ForwardClient::xclient || door.next_hop_proxy != ProxyVersion::off;
  const bool local = door.listen.kind == Kind::unix_socket || is_loopback(door.listen.host);
  return !told && (!local || door.proxy_protocol);
}

void look_at_door(const Configuration& configuration, const SmtpDoorOptions& door,
                  std::vector<std::string>& said) {
  if (may_make_open_relay(door))
    said.push_back(fmt::format(
        "door \"{}\": clients come from the network, but its next hop is not told their addresses: one that "
        "relays for this machine relays for all of them (an open relay); set forward_client = \"xclient\" or "
        "next_hop_proxy = \"v2\"",
        door.name));
  if (door.fail == DoorFailure::pass)
    said.push_back(fmt::format(
        "door \"{}\": fail = \"pass\" lets mail through unscanned when the scanner is away", door.name));
  const Patience patience = patience_at(door.place);
  if (door.reply_deadline && *door.reply_deadline >= patience.least)
    said.push_back(fmt::format(
        "door \"{}\": reply_deadline is {}, but {} gives up after {}: mail will be scanned and sent again",
        door.name, to_string(*door.reply_deadline), patience.who, to_string(patience.least)));
  if (door.tls.mode == DoorTlsMode::none && !(door.tls.certificate.empty() && door.certificates.empty()))
    said.push_back(fmt::format(
        "door \"{}\": certificates without TLS; set tls.mode to starttls, require or implicit", door.name));
  // What clients take care to encrypt isn't to go on in clear.
  const Endpoint& hop = door.next_hop.endpoint;
  const bool leaves = hop.kind == Kind::inet && !is_loopback(hop.host);
  if (door.tls.mode != DoorTlsMode::none && leaves &&
      (door.next_hop_tls == NextHopTls::none || door.next_hop_tls == NextHopTls::may))
    said.push_back(fmt::format(
        "door \"{}\": clients use TLS, but next_hop_tls = \"{}\" sends their mail on over the "
        "network in clear, or to anybody who answers, and where it goes in clear no AUTH is offered "
        "inside TLS: set it to require or implicit",
        door.name, name_of(door.next_hop_tls)));
  if (door.line_breaks == LineBreaks::as_is)
    said.push_back(
        fmt::format("door \"{}\": line_breaks = \"as-is\" lets smuggled messages of trusted peers through to "
                    "the next hop",
                    door.name));
  // who hands in mail by LMTP has accepted it from somebody already.
  if (door.protocol == DoorProtocol::lmtp && door.place == Place::before_queue)
    said.push_back(
        fmt::format("door \"{}\" speaks LMTP, whose clients have a queue: what it refuses they bounce to a "
                    "sender who may be "
                    "forged; set place = \"after-queue\"",
                    door.name));
  // one reply for several recipients, of which LMTP may answer each differently.
  if (door.place == Place::before_queue && door.protocol == DoorProtocol::smtp &&
      door.next_hop.protocol == NextHop::Protocol::lmtp)
    said.push_back(
        fmt::format("door \"{}\" takes one recipient a message, as it hands on by LMTP what came by SMTP: "
                    "with several, Postfix's speed_adjust defers the message for ever",
                    door.name));
  if (reaches(configuration.store.release.endpoint, door.listen))
    said.push_back(fmt::format(
        "store.release is the door \"{}\": released mail is scanned again; name the door's next_hop instead",
        door.name));
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
  for (const SmtpDoorOptions& door : configuration.door.smtp) look_at_door(configuration, door, said);
  for (const ClamdDoorOptions& door : configuration.door.clamd)
    look_at_clamd(door, configuration.store.directory, said);
  for (const MilterDoorOptions& door : configuration.door.milter) look_at_milter(door, said);
  for (const PipeDoorOptions& door : configuration.door.pipe) look_at_pipe(door, said);
  look_at_policy(configuration.policy, said);
  for (std::string& sentence : said) sentence = printable(sentence);
  return said;
}

}  // namespace rastel
