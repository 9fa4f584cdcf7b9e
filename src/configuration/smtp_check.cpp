// SPDX-License-Identifier: GPL-2.0-only
#include "configuration/smtp_check.hpp"

#include <utility>

#include <fmt/format.h>

namespace rastel {
namespace {

using Kind = Endpoint::Kind;

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

class SmtpCheck {
 public:
  SmtpCheck(const SmtpDoorOptions& door, const std::vector<SmtpDoorOptions>& all, const std::string& where,
            std::vector<Problem>& problems)
      : door_(door), all_(all), where_(where), problems_(problems) {}

  void all() {
    if (!door_.greeting_host.empty() && !is_domain(door_.greeting_host))
      problem("greeting_host", "door \"{}\": greeting_host is no host name", door_.name);
    // RFC 2033 5: on port 25 a client expects SMTP.
    if (door_.protocol == DoorProtocol::lmtp && door_.listen.kind == Kind::inet && door_.listen.port == 25)
      problem("protocol", "door \"{}\": LMTP must not be spoken on port 25 (RFC 2033)", door_.name);
    if (door_.next_hop.protocol == NextHop::Protocol::lmtp && door_.next_hop.endpoint.kind == Kind::inet &&
        door_.next_hop.endpoint.port == 25)
      problem("next_hop", "door \"{}\": LMTP must not be spoken to port 25 (RFC 2033)", door_.name);
    if (door_.protocol == DoorProtocol::lmtp && door_.place == Place::outbound)
      problem("protocol", "door \"{}\": clients don't hand in mail by LMTP; an outbound door speaks SMTP",
              door_.name);
    if (door_.uniform_rcpt && door_.place == Place::outbound)
      problem(
          "uniform_rcpt",
          "door \"{}\": with uniform_rcpt every stranger would name a good recipient; it is for a queue's "
          "filter, not for an outbound door",
          door_.name);
    if (door_.uniform_rcpt && door_.protocol == DoorProtocol::smtp &&
        door_.next_hop.protocol == NextHop::Protocol::lmtp)
      problem("uniform_rcpt",
              "door \"{}\": one recipient at a time goes from SMTP to LMTP, so with uniform_rcpt no message "
              "with two would ever pass",
              door_.name);
    if (door_.proxy_protocol && door_.trusted.empty())
      problem("proxy_protocol",
              "door \"{}\": proxy_protocol is believed from trusted peers alone, and `trusted` is empty",
              door_.name);
    tls();
    for (const SmtpDoorOptions& other : all_)
      if (reaches(door_.next_hop.endpoint, other.listen))
        problem("next_hop",
                "door \"{}\": its next_hop {} is our own door \"{}\": mail would go round in a circle",
                door_.name, to_string(door_.next_hop), other.name);
  }

 private:
  void tls() {
    const bool on = door_.tls.mode != DoorTlsMode::none;
    if (on && (door_.tls.certificate.empty() || door_.tls.key.empty()))
      problem("tls",
              "door \"{}\": TLS needs a certificate and its key: tls = {{ mode = \"{}\", certificate = "
              "\"/etc/rastel/mx.pem\", key = \"/etc/rastel/mx.key\" }}",
              door_.name, name_of(door_.tls.mode));
    const bool verified =
        door_.next_hop_tls == NextHopTls::require || door_.next_hop_tls == NextHopTls::implicit;
    if (verified && door_.next_hop_tls_name.empty() && door_.next_hop.endpoint.kind == Kind::unix_socket)
      problem(
          "next_hop_tls",
          "door \"{}\": next_hop_tls = \"{}\" needs next_hop_tls_name: a unix socket has no name to verify",
          door_.name, name_of(door_.next_hop_tls));
    if (!verified && !(door_.next_hop_tls_name.empty() && door_.next_hop_tls_ca.empty()))
      problem(door_.next_hop_tls_name.empty() ? "next_hop_tls_ca" : "next_hop_tls_name",
              "door \"{}\": nothing is verified with next_hop_tls = \"{}\"; set it to require or implicit",
              door_.name, name_of(door_.next_hop_tls));
    for (const auto& [option, path] :
         {std::pair{"tls", door_.tls.certificate}, std::pair{"tls", door_.tls.key},
          std::pair{"next_hop_tls_ca", door_.next_hop_tls_ca}})
      if (!path.empty() && !path.starts_with('/'))
        problem(option, "door \"{}\": {}: want an absolute path, not \"{}\"", door_.name, option, path);
    for (std::size_t i = 0; i < door_.certificates.size(); ++i)
      for (const std::string& path : {door_.certificates[i].certificate, door_.certificates[i].key})
        if (!path.starts_with('/'))
          problem(fmt::format("certificates[{}]", i),
                  "door \"{}\": certificates: want an absolute path, not \"{}\"", door_.name, path);
  }

  template <class... Arguments>
  void problem(std::string_view option, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    problems_.push_back(
        {where_ + std::string(option), fmt::format(format, std::forward<Arguments>(arguments)...)});
  }

  const SmtpDoorOptions& door_;
  const std::vector<SmtpDoorOptions>& all_;
  const std::string& where_;
  std::vector<Problem>& problems_;
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

// Behind us every client has our address: a mail server that relays for that relays for anybody (PROTOCOLS
// XFORWARD is for its log alone, and `auto` falls back to it where XCLIENT isn't offered.
bool may_make_open_relay(const SmtpDoorOptions& door) {
  const bool told = door.forward_client == ForwardClient::xclient || door.next_hop_proxy != ProxyVersion::off;
  const bool local = door.listen.kind == Kind::unix_socket || is_loopback(door.listen.host);
  return !told && (!local || door.proxy_protocol);
}

}  // namespace

void check_smtp(const SmtpDoorOptions& door, const std::vector<SmtpDoorOptions>& all,
                const std::string& where, std::vector<Problem>& problems) {
  SmtpCheck(door, all, where, problems).all();
}

void look_at_smtp(const SmtpDoorOptions& door, const Endpoint& release, std::vector<std::string>& said) {
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
  if (reaches(release, door.listen))
    said.push_back(fmt::format(
        "store.release is the door \"{}\": released mail is scanned again; name the door's next_hop instead",
        door.name));
}

}  // namespace rastel
