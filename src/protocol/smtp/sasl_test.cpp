// SPDX-License-Identifier: GPL-2.0-only
// Exchanges are those of the RFCs and of the vendors' pages, base64 and all.
#include "protocol/smtp/sasl.hpp"

#include <gtest/gtest.h>

namespace rastel::smtp {
namespace {

TEST(Sasl, OnlyWhatNeitherBindsNorWrapsIsRelayed) {
  const std::string everything =
      "PLAIN login XOAUTH2 OAUTHBEARER CRAM-MD5 DIGEST-MD5 NTLM GSSAPI GSS-SPNEGO KERBEROS_V4 EXTERNAL "
      "SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS GS2-KRB5 X-FUTURE ANONYMOUS";
  EXPECT_EQ(relayed_mechanisms(everything, Channel::plain),
            "PLAIN login XOAUTH2 OAUTHBEARER CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256");
  EXPECT_EQ(relayed_mechanisms(everything, Channel::tls_ends_here),
            "PLAIN login XOAUTH2 OAUTHBEARER CRAM-MD5");
  EXPECT_EQ(relayed_mechanisms("", Channel::plain), "");
  EXPECT_EQ(relayed_mechanisms("  GSSAPI\tPLAIN  ", Channel::plain), "PLAIN");
}

TEST(Sasl, ALineIsBase64OrAWordOfRfc4954) {
  for (const std::string_view good : {"", "*", "=", "dGVzdA==", "AGE=", "ab+/", "YWJj"})
    EXPECT_TRUE(is_sasl_line(good)) << good;
  for (const std::string_view bad : {"**", "a b", "ab\r", "a*", "d=GVz", "\xc3\xbc", "-_"})
    EXPECT_FALSE(is_sasl_line(bad)) << bad;
}

std::string user(std::string_view mechanism, std::initializer_list<std::string_view> lines) {
  SaslExchange exchange;
  exchange.begin(mechanism);
  for (const std::string_view line : lines) exchange.client_says(line);
  return exchange.user();
}

TEST(Sasl, WhoLogsInIsKnownWhereTheMechanismSaysSo) {
  EXPECT_EQ(user("PLAIN", {"dGVzdAB0ZXN0ADEyMzQ="}), "test");  // RFC 4954 4.1: test NUL test NUL 1234
  EXPECT_EQ(user("plain", {"AGFsaWNlQGxhYi50ZXN0AHNlY3JldA=="}), "alice@lab.test");
  EXPECT_EQ(user("LOGIN", {"YWxpY2U=", "c2VjcmV0"}), "alice");
  EXPECT_EQ(user("CRAM-MD5", {"dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw"}), "tim");  // RFC 2195 2
  EXPECT_EQ(user("XOAUTH2", {"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjN"
                             "SbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ=="}),
            "someuser@example.com");
  EXPECT_EQ(
      user("OAUTHBEARER", {"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9Q"
                           "mVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"}),
      "user@example.com");  // RFC 7628 4.1
  EXPECT_EQ(user("SCRAM-SHA-1", {"biwsbj11c2VyLHI9ZnlrbytkMmxiYkZnT05Sdjlxa3hkYXdM", "Yz1iaXdz"}),
            "user");  // RFC 5802 5
}

TEST(Sasl, WhatIsNoNameIsNotTakenForOne) {
  EXPECT_EQ(user("PLAIN", {"YWJj"}), "authenticated");          // no NUL
  EXPECT_EQ(user("PLAIN", {"AGFi"}), "authenticated");          // one NUL: perhaps all of it is the password
  EXPECT_EQ(user("PLAIN", {"AAA="}), "authenticated");          // an empty name
  EXPECT_EQ(user("PLAIN", {"YQ0KYgBiAGM="}), "authenticated");  // "a\r\nb"
  EXPECT_EQ(user("PLAIN", {"!"}), "authenticated");
  EXPECT_EQ(user("LOGIN", {"="}), "authenticated");
  EXPECT_EQ(user("LOGIN", {std::string(400, 'A')}), "authenticated");    // NULs
  EXPECT_EQ(user("LOGIN", {std::string(12000, 'Y')}), "authenticated");  // too long
  EXPECT_EQ(user("OTP", {"YWxpY2U="}), "authenticated");
  EXPECT_EQ(user("LOGIN", {}), "authenticated");
}

TEST(Sasl, ASecondLineIsNeverTakenForTheName) {
  EXPECT_EQ(user("LOGIN", {"=", "c2VjcmV0"}), "authenticated");
  EXPECT_EQ(user("XOAUTH2", {"YWJj", "dXNlcj1lAQ=="}), "authenticated");
}

}  // namespace
}  // namespace rastel::smtp
