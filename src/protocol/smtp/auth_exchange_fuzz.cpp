// SPDX-License-Identifier: GPL-2.0-only
// A hostile client before, in and after AUTH and XCLIENT, with a next hop that asks, accepts or refuses as
// the first byte says. What comes of it doesn't depend on the cut; nothing but base64 is relayed; a user is
// known only after 235, and his name holds no control characters.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/ascii.hpp"
#include "protocol/smtp/server_talk_for_test.hpp"

namespace {

constexpr std::array<std::string_view, 28> tokens{"EHLO c\r\n",
                                                  "AUTH PLAIN ",
                                                  "EHLO c\r\nAUTH PLAIN AGFsaWNl",
                                                  "EHLO c\r\nAUTH LOGIN\r\n",
                                                  "AUTH LOGIN\r\n",
                                                  "AUTH XOAUTH2 ",
                                                  "AUTH OAUTHBEARER ",
                                                  "AUTH CRAM-MD5\r\n",
                                                  "AUTH SCRAM-SHA-1 ",
                                                  "AUTH ",
                                                  "\r\n",
                                                  "*\r\n",
                                                  "=",
                                                  "dGVzdAB0ZXN0ADEyMzQ=",
                                                  "AGFsaWNl",
                                                  "AAAA",
                                                  "dXNlcj1hQGIBYXV0aD1CZWFyZXIgeAEB",
                                                  "bixhPWFAYiwB",
                                                  "biwsbj11c2VyLHI9eA==",
                                                  "XCLIENT ADDR=",
                                                  "192.0.2.1",
                                                  "LOGIN=",
                                                  "XFORWARD NAME=",
                                                  "+20",
                                                  "MAIL FROM:<a@b>\r\n",
                                                  "QUIT\r\n",
                                                  "\n",
                                                  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};

// Of a line "auth …" of the transcript: what is said to the next hop in an exchange.
bool is_base64(std::string_view relayed) {
  using namespace rastel::smtp;
  if (rastel::starts_ignoring_case(relayed, "AUTH ")) {
    relayed = rastel::trim(relayed.substr(5));
    relayed = rastel::trim(relayed.substr(std::min(relayed.find(' '), relayed.size())));
  }
  return is_sasl_line(relayed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::smtp;
  if (size == 0 || size > 4096) return 0;
  const std::uint8_t choice = data[0];
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data) + 1, size - 1}, tokens);
  for_test::Talk talk;
  talk.options.may_xclient = (choice & 1U) != 0;
  talk.options.may_xforward = (choice & 1U) != 0;
  talk.options.longest_command = (choice & 2U) != 0 ? 64 : 4096;
  if ((choice & 4U) != 0) talk.options.most_commands_before_auth = 5;
  talk.keywords.set("AUTH", "PLAIN LOGIN XOAUTH2 OAUTHBEARER CRAM-MD5 SCRAM-SHA-1");
  for (unsigned bits = choice >> 3U; bits != 0; bits >>= 1U)
    talk.auth.emplace_back((bits & 1U) != 0 ? 334 : 535, "");
  talk.auth.emplace_back(235, "ok");
  const std::string whole = talk.run({bytes});
  const std::string user = talk.machine().authenticated_user();
  for (const std::uint32_t seed : {1U, 2U}) {
    if (talk.run(rastel::for_test::random_pieces(bytes, seed + choice)) != whole) std::abort();
    if (talk.machine().authenticated_user() != user) std::abort();
  }
  for (std::size_t at = 0; at < whole.size();) {
    const std::size_t end = std::min(whole.find('\n', at), whole.size());
    const std::string_view line = std::string_view(whole).substr(at, end - at);
    if (line.starts_with("auth ") && !is_base64(line.substr(5))) std::abort();
    at = end + 1;
  }
  if (!user.empty() && whole.find("235 ok\n") == std::string::npos) std::abort();
  if (user.size() > 255 || std::ranges::any_of(user, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }))
    std::abort();
  return 0;
}
