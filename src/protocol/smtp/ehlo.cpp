// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/ehlo.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.hpp"
#include "protocol/smtp/xtext.hpp"

namespace rastel::smtp {

Keywords Keywords::parse(const Reply& ehlo_reply) {
  Keywords keywords;
  for (std::size_t i = 1; i < ehlo_reply.lines.size() && keywords.all_.size() < 64; ++i) {
    const std::string_view line = trim(ehlo_reply.lines[i]);
    const std::size_t end = std::min(line.find_first_of(" \t="), line.size());
    if (end == 0) continue;
    const std::string_view rest = end < line.size() ? trim(line.substr(end + 1)) : std::string_view();
    keywords.all_.emplace(upper(line.substr(0, end)), rest);  // the first of two wins
  }
  return keywords;
}

std::string_view Keywords::parameters(std::string_view keyword) const {
  const auto found = all_.find(keyword);
  return found == all_.end() ? std::string_view() : std::string_view(found->second);
}

std::uint64_t Keywords::size_limit() const {
  const std::string_view text = parameters("SIZE");
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() ? value : 0;
}

Keywords announce(const Keywords& next_hop, const Announcement& ours) {
  Keywords keywords;
  keywords.set("PIPELINING");  // ours: a strict in-order queue, whatever the next hop does
  keywords.set("CHUNKING");    // ours: ended here, the next hop gets DATA
  if (next_hop.has("ENHANCEDSTATUSCODES"))
    keywords.set("ENHANCEDSTATUSCODES");  // its replies pass as they are
  // Commands are forwarded unmodified (PROTOCOLS A-35): a SIZE= that the next hop didn't offer would be
  // refused there, as Dovecot's LMTP does.
  if (next_hop.has("SIZE")) {
    constexpr std::uint64_t allowance = 1024;  // for the header that we put on top
    std::uint64_t limit = next_hop.size_limit();
    if (limit > allowance) limit -= allowance;
    if (ours.size_limit > 0) limit = limit == 0 ? ours.size_limit : std::min(limit, ours.size_limit);
    keywords.set("SIZE", limit == 0 ? std::string() : std::to_string(limit));
  }
  const bool eight_bit = next_hop.has("8BITMIME");
  if (eight_bit) keywords.set("8BITMIME");
  if (eight_bit && next_hop.has("SMTPUTF8")) keywords.set("SMTPUTF8");
  // Purely parameters of MAIL and RCPT, or commands of one line, which we relay.
  constexpr std::array passed{"DSN",  "DELIVERBY", "FUTURERELEASE", "MT-PRIORITY", "RRVS",
                              "ETRN", "VRFY",      "EXPN",          "HELP"};
  for (const char* keyword : passed)
    if (next_hop.has(keyword)) keywords.set(keyword, next_hop.parameters(keyword));
  if (ours.prdr) keywords.set("PRDR");  // ended here, the next hop doesn't hear of it
  if (ours.starttls) keywords.set("STARTTLS");
  if (ours.require_tls && next_hop.has("REQUIRETLS")) keywords.set("REQUIRETLS");
  if (ours.xforward) keywords.set("XFORWARD", "NAME ADDR PORT PROTO HELO IDENT SOURCE");
  if (ours.xclient) keywords.set("XCLIENT", xclient_names);
  if (ours.auth && next_hop.has("AUTH")) {
    const std::string mechanisms = relayed_mechanisms(next_hop.parameters("AUTH"), *ours.auth);
    if (!mechanisms.empty()) keywords.set("AUTH", mechanisms);
  }
  return keywords;
}

Reply ehlo_reply(std::string_view host, const Keywords& keywords) {
  Reply reply(250, std::string(host));
  for (const auto& [keyword, parameters] : keywords.all())
    reply.lines.push_back(parameters.empty() ? keyword : keyword + ' ' + parameters);
  return reply;
}

}  // namespace rastel::smtp
