// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/options.hpp"
#include "base/units.hpp"
#include "inspect/door_options.hpp"
#include "verdict/envelope.hpp"

namespace rastel {

enum class LineBreaks { normalize, reject, as_is };  // PROTOCOLS A-11
enum class DoorProtocol { smtp, lmtp };
enum class ProxyVersion { off, v1, v2 };
enum class DoorTlsMode { none, starttls, require, implicit };
enum class LowestTls { v1_2, v1_3 };
enum class NextHopTls { none, may, require, implicit };
enum class ForwardClient { off, xforward, xclient, automatic };  // PROTOCOLS X-10

struct DoorTlsOptions {
  DoorTlsMode mode = DoorTlsMode::none;
  std::string certificate;  // a file, as all of these
  std::string key;
  LowestTls lowest = LowestTls::v1_2;
};

struct DoorCertificateOptions {
  std::string certificate;  // required
  std::string key;          // required
};

struct SmtpDoorOptions {
  std::string name;  // required
  DoorProtocol protocol = DoorProtocol::smtp;
  Endpoint listen;   // required
  NextHop next_hop;  // required
  Place place = Place::before_queue;
  std::vector<Network> trusted;  // may say XFORWARD, XCLIENT and PROXY
  bool proxy_protocol = false;
  DoorFailure fail = DoorFailure::defer;
  std::optional<Duration> reply_deadline;  // unset: 80 s before-queue, 480 s after-queue, 45 s outbound
  std::uint32_t max_sessions = 200;
  std::uint32_t max_recipients = 1000;
  bool uniform_rcpt = false;
  bool header = true;
  std::string greeting_host;  // empty: site.hostname
  LineBreaks line_breaks = LineBreaks::normalize;
  std::uint32_t max_hops = 50;                       // Received: lines, PROTOCOLS A-39
  Duration idle_timeout{std::chrono::seconds(300)};  // RFC 5321 4.5.3.2.7
  Duration next_hop_timeout{std::chrono::seconds(60)};
  Duration next_hop_keep{std::chrono::seconds(2)};
  ForwardClient forward_client = ForwardClient::xforward;
  ProxyVersion next_hop_proxy = ProxyVersion::off;
  bool auth_without_tls = false;
  Duration auth_deadline{std::chrono::seconds(180)};
  std::uint32_t max_commands_before_auth = 30;
  std::uint32_t max_sessions_per_client = 50;
  std::uint32_t max_errors_per_client = 60;  // a minute
  FileMode socket_mode{0660};                // for unix sockets
  DoorTlsOptions tls;
  std::vector<DoorCertificateOptions> certificates;  // beside tls.certificate, chosen by name
  NextHopTls next_hop_tls = NextHopTls::none;
  std::string next_hop_tls_name;  // empty: the host of next_hop
  std::string next_hop_tls_ca;    // empty: what the system trusts
};

template <>
struct Names<LineBreaks> {
  static constexpr std::array names{std::pair{std::string_view("normalize"), LineBreaks::normalize},
                                    std::pair{std::string_view("reject"), LineBreaks::reject},
                                    std::pair{std::string_view("as-is"), LineBreaks::as_is}};
};
template <>
struct Names<DoorProtocol> {
  static constexpr std::array names{std::pair{std::string_view("smtp"), DoorProtocol::smtp},
                                    std::pair{std::string_view("lmtp"), DoorProtocol::lmtp}};
};
template <>
struct Names<ProxyVersion> {
  static constexpr std::array names{std::pair{std::string_view("off"), ProxyVersion::off},
                                    std::pair{std::string_view("v1"), ProxyVersion::v1},
                                    std::pair{std::string_view("v2"), ProxyVersion::v2}};
};
template <>
struct Names<ForwardClient> {
  static constexpr std::array names{std::pair{std::string_view("off"), ForwardClient::off},
                                    std::pair{std::string_view("xforward"), ForwardClient::xforward},
                                    std::pair{std::string_view("xclient"), ForwardClient::xclient},
                                    std::pair{std::string_view("auto"), ForwardClient::automatic}};
};
template <>
struct Names<DoorTlsMode> {
  static constexpr std::array names{std::pair{std::string_view("none"), DoorTlsMode::none},
                                    std::pair{std::string_view("starttls"), DoorTlsMode::starttls},
                                    std::pair{std::string_view("require"), DoorTlsMode::require},
                                    std::pair{std::string_view("implicit"), DoorTlsMode::implicit}};
};
template <>
struct Names<LowestTls> {
  static constexpr std::array names{std::pair{std::string_view("1.2"), LowestTls::v1_2},
                                    std::pair{std::string_view("1.3"), LowestTls::v1_3}};
};
template <>
struct Names<NextHopTls> {
  static constexpr std::array names{std::pair{std::string_view("none"), NextHopTls::none},
                                    std::pair{std::string_view("may"), NextHopTls::may},
                                    std::pair{std::string_view("require"), NextHopTls::require},
                                    std::pair{std::string_view("implicit"), NextHopTls::implicit}};
};
template <>
struct Rows<DoorTlsOptions> {
  static constexpr std::tuple rows{
      Option{"mode", &DoorTlsOptions::mode,
             "STARTTLS offered (starttls), demanded (require), or TLS from the first byte (implicit)."},
      Option{"certificate", &DoorTlsOptions::certificate,
             "PEM file: the certificate, then what leads to a root; for clients that ask for no other name."},
      Option{"key", &DoorTlsOptions::key,
             "PEM file: its key, without a passphrase; root alone need read it."},
      Option{"lowest", &DoorTlsOptions::lowest, "The oldest version of TLS that clients may speak."}};
};
template <>
struct Rows<DoorCertificateOptions> {
  static constexpr std::tuple rows{Option{"certificate", &DoorCertificateOptions::certificate,
                                          Required{"/etc/rastel/other.pem"}, "PEM file, as tls.certificate."},
                                   Option{"key", &DoorCertificateOptions::key,
                                          Required{"/etc/rastel/other.key"}, "PEM file, as tls.key."}};
};
template <>
struct Rows<SmtpDoorOptions> {
  static constexpr std::tuple rows{
      Option{"name", &SmtpDoorOptions::name, Required{"before"}, "Names the door in log, history and rules."},
      Option{"protocol", &SmtpDoorOptions::protocol, "What clients speak to this door."},
      Option{"listen", &SmtpDoorOptions::listen, Required{"127.0.0.1:10025"}, "Where the door listens."},
      Option{"next_hop", &SmtpDoorOptions::next_hop, Required{"127.0.0.1:10026"},
             "Where passed mail goes; lmtp: in front for LMTP."},
      Option{"place", &SmtpDoorOptions::place,
             "Before or after the mail server's queue, or outbound; decides what the door can still do."},
      Option{"trusted", &SmtpDoorOptions::trusted,
             "Peers that may say XFORWARD, XCLIENT and PROXY; no limit a client binds them (\"unix\": all of "
             "a unix socket)."},
      Option{"proxy_protocol", &SmtpDoorOptions::proxy_protocol,
             "Every connection begins with a PROXY header (haproxy's send-proxy), from trusted peers alone."},
      Option{"fail", &SmtpDoorOptions::fail,
             "When nothing can be scanned: defer, or pass (logged and counted a message)."},
      Option{"reply_deadline", &SmtpDoorOptions::reply_deadline, Duration(100), Duration(3600'000),
             "The client is answered by then; unset: 80s before-queue, 480s after-queue, 45s outbound."},
      Option{"max_sessions", &SmtpDoorOptions::max_sessions, 1U, 10'000U, "Clients at a time."},
      Option{"max_recipients", &SmtpDoorOptions::max_recipients, 1U, 4'000U, "Recipients a message."},
      Option{"uniform_rcpt", &SmtpDoorOptions::uniform_rcpt,
             "The next hop's refusal of one recipient is the whole message's, at its end. For Postfix's "
             "speed_adjust, which can't go on behind a refused recipient."},
      Option{"header", &SmtpDoorOptions::header, "Put the X-Rastel line on top; false towards the Internet."},
      Option{"greeting_host", &SmtpDoorOptions::greeting_host,
             "Our name in banner and EHLO; empty: site.hostname."},
      Option{"line_breaks", &SmtpDoorOptions::line_breaks,
             "Bare CR, LF and NUL: normalize, reject, or as-is (trusted local clients alone)."},
      Option{"max_hops", &SmtpDoorOptions::max_hops, 1U, 1'000U,
             "Received: lines above which a message loops."},
      Option{"idle_timeout", &SmtpDoorOptions::idle_timeout, Duration(10'000), Duration(3600'000),
             "How long a client may take for a command; for a message, and 2 ms more a byte."},
      Option{"next_hop_timeout", &SmtpDoorOptions::next_hop_timeout, Duration(1'000), Duration(3600'000),
             "How long the next hop may take for an answer before the end of data."},
      Option{"next_hop_keep", &SmtpDoorOptions::next_hop_keep, Duration(0), Duration(60'000),
             "How long a connection to the next hop that its session has left waits for another one; 0s: it "
             "ends with its session."},
      Option{"next_hop_proxy", &SmtpDoorOptions::next_hop_proxy,
             "Begin each connection to the next hop with a PROXY header that names the client: off, v1, v2."},
      Option{"forward_client", &SmtpDoorOptions::forward_client,
             "How the next hop is told of the client: xforward (for its log alone), xclient (always, or "
             "nothing is handed on), auto (XCLIENT where it is offered, else XFORWARD), off."},
      Option{"auth_without_tls", &SmtpDoorOptions::auth_without_tls,
             "Offer the next hop's AUTH to clients without TLS too: passwords cross the network in clear."},
      Option{"auth_deadline", &SmtpDoorOptions::auth_deadline, Duration(10'000), Duration(3600'000),
             "Outbound: by then a client, unless trusted, has logged in or named a good recipient."},
      Option{"max_commands_before_auth", &SmtpDoorOptions::max_commands_before_auth, 5U, 10'000U,
             "Outbound: commands of a client that has done neither."},
      Option{"max_sessions_per_client", &SmtpDoorOptions::max_sessions_per_client, 1U, 10'000U,
             "Sessions at a time from one address (IPv6: one /64)."},
      Option{"max_errors_per_client", &SmtpDoorOptions::max_errors_per_client, 1U, 1'000'000U,
             "Errors and failed logins a minute from one address; beyond, MAIL and AUTH are answered 421."},
      Option{"socket_mode", &SmtpDoorOptions::socket_mode, "Permissions of a unix socket."},
      Option{"tls", &SmtpDoorOptions::tls, "TLS of the clients' side."},
      Option{"certificates", &SmtpDoorOptions::certificates,
             "More certificates, beside tls.certificate: chosen by the name that a client asks for."},
      Option{"next_hop_tls", &SmtpDoorOptions::next_hop_tls,
             "Where offered and unverified (may), or always and verified by STARTTLS (require) or at once."},
      Option{"next_hop_tls_name", &SmtpDoorOptions::next_hop_tls_name,
             "The name that must stand in the next hop's certificate; empty: the host of next_hop."},
      Option{"next_hop_tls_ca", &SmtpDoorOptions::next_hop_tls_ca,
             "PEM file of the roots to trust; empty: those of the system."}};
};

}  // namespace rastel
