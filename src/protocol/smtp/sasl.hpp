// SPDX-License-Identifier: GPL-2.0-only
// AUTH (RFC 4954) as somebody in the middle sees it: which mechanisms may pass, and who it is that logs in.
// Pure; any thread. It keeps a user name of at most 255 octets and nothing else of what is said: no password,
// token or proof. It doesn't authenticate anybody; the next hop does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rastel::smtp {

// Where the client's channel ends: a mechanism that binds itself to a channel fails where that ends with us.
enum class Channel : std::uint8_t { plain, tls_ends_here };

// Those of `offered` (the parameters of the AUTH keyword) that may pass, as they were written. A list of what
// is known: others may bind to the channel (*-PLUS, EXTERNAL) or wrap what follows in a layer of their own,
// behind which nothing could be scanned (GSSAPI, GSS-SPNEGO, DIGEST-MD5, NTLM, KERBEROS_V4; PROTOCOLS X-05,
// SCRAM goes as a whole where TLS ends here: a client that could bind says so, and a server that can
// then must refuse it (RFC 5802 6).
[[nodiscard]] std::string relayed_mechanisms(std::string_view offered, Channel channel);

// Base64 as RFC 4954 has it on the wire, "=" for an empty initial response, "*" to cancel, or nothing at all.
[[nodiscard]] bool is_sasl_line(std::string_view line);

// Who logs in, as far as the mechanism says it in clear.
class SaslExchange {
 public:
  void begin(std::string_view mechanism);
  void client_says(std::string_view line);  // base64; the initial response too
  // "authenticated" where the mechanism doesn't say, or what it says is no name.
  [[nodiscard]] const std::string& user() const { return user_; }

 private:
  std::string mechanism_;  // upper case
  std::string user_;
  bool asked_ = false;  // the first response is over: in all these mechanisms it alone names somebody
};

}  // namespace rastel::smtp
