// SPDX-License-Identifier: GPL-2.0-only
// Samples by GnuPG 2.2 and OpenSSL 3.0.
#include "message/encryption.hpp"

#include <string>

#include <gtest/gtest.h>

#include "message/base64.hpp"

namespace rastel::message {
namespace {

using namespace std::string_literals;

Encryption of_base64(std::string_view text) { return encryption_of(decode_base64(text).bytes); }

// gpg -c, gpg -e, gpg -c --rfc2440
constexpr std::string_view by_password =
    "jA0ECQMCYP7LjRLmIB3/0jkBs0/dTMa4ThxC+xrznPG7ppDR/KLhctpnnk2dgVNXVrxztYG0PakVlfT+k908GFcgYbhpYqimzdg=";
constexpr std::string_view by_key =
    "hF4Dai6A9EXAYXASAQdAvCsFz4RBgwKz856NuZlOL6fcfRWJ59mrgdPF5PT3pjQwB8U5/2/arMfAr2yR5Cz78OLWq93Y4UdtbdRg3ndg"
    "uym9RYntYFwM1uykyOiDGsIH0j8B+2o/gHnuhWFh6SPFceaGnuEx1qMuFzpkjAcxUjRTWYl41TgP2mx97VflSIbIklejpTWwSsc5l/ZI"
    "027sLI8=";
constexpr std::string_view of_old = "jA0EAgMCOjJlCoImy+r/yRqROQedNR7SJUwCIAlO3Z1K4DGjQlTHKKTWCg==";

std::string armoured(std::string_view digits, std::string_view fields = "") {
  return "-----BEGIN PGP MESSAGE-----\r\n" + std::string(fields) + "\r\n" + std::string(digits) +
         "\r\n=zKwu\r\n-----END PGP MESSAGE-----\r\n";
}

TEST(Encryption, OpenPgp) {
  for (const std::string_view sample : {by_password, by_key, of_old}) {
    EXPECT_EQ(of_base64(sample), Encryption::pgp) << sample;
    EXPECT_EQ(encryption_of(armoured(sample)), Encryption::pgp) << sample;
    EXPECT_EQ(encryption_of(armoured(sample, "Version: GnuPG v2\r\nComment: x\r\n")), Encryption::pgp);
    EXPECT_EQ(encryption_of("Hello,\r\n\r\n" + armoured(sample) + "bye\r\n"), Encryption::pgp);
  }
}

// Keys for so many recipients that the data is far away.
TEST(Encryption, OpenPgpForManyRecipients) {
  const std::string message = decode_base64(by_key).bytes;
  constexpr std::size_t key_size = 0x60;
  std::string many;
  for (int i = 0; i < 200; ++i) many += message.substr(0, key_size);
  many += message.substr(key_size);
  EXPECT_EQ(encryption_of(many), Encryption::pgp);
  // base64 of 96 bytes is 128 digits
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += std::string(by_key.substr(0, 128)) + "\r\n";
  EXPECT_EQ(encryption_of(armoured(lines)), Encryption::pgp);
}

// gpg -s: signed and compressed, which every program opens.
TEST(Encryption, SignedOnlyIsNone) {
  EXPECT_EQ(encryption_of(armoured(
                "owGbwMvMwCGmbyl+yYnBS4dxDVcSY0E2j8rLjEyujlIWBjEOBlkxRZbty28o7ZfVOfEri+kNTC0rE0gdAxenAExkshnD"
                "/wipQzaC3RtvrlvxsfuYovbUg+Ks9md64p5/Nvwhco4jqJXhf9Rqty13BX393n/l9YqK+/"
                "dgwd+I1d4G6zTiTBZzXJ5ezAIA")),
            Encryption::none);
}

TEST(Encryption, WhatIsNone) {
  EXPECT_EQ(encryption_of(""), Encryption::none);
  EXPECT_EQ(encryption_of("-----BEGIN PGP MESSAGE-----"), Encryption::none);
  EXPECT_EQ(encryption_of(armoured("Hello, this is the text.")), Encryption::none);
  EXPECT_EQ(encryption_of("> " + armoured(by_key).substr(0, 200)), Encryption::none);
  EXPECT_EQ(encryption_of("A line of \"-----BEGIN PGP MESSAGE-----\" in a text.\r\n\r\n"), Encryption::none);
  EXPECT_EQ(of_base64(by_key.substr(0, 40)), Encryption::none);
  // Data without a key before it.
  EXPECT_EQ(encryption_of("\xd2\x10\1abcdefghijklmno"), Encryption::none);
}

// The beginnings of openssl cms -encrypt, -aes-256-gcm, -stream -indef, -EncryptedData_encrypt
TEST(Encryption, Smime) {
  EXPECT_EQ(of_base64("MIIBEAYJKoZIhvcNAQcDoIIBATCB/gIBAjGBy6GByAIBA6BRoU8wCQYHKoZIzj0C"), Encryption::smime);
  EXPECT_EQ(of_base64("MIIBJwYLKoZIhvcNAQkQARegggEWMIIBEgIBADGBx6GBxAIBA6BRoU8wCQYHKoZI"), Encryption::smime);
  EXPECT_EQ(of_base64("MIAGCSqGSIb3DQEHA6CAMIACAQIxgcuhgcgCAQOgUaFPMAkGByqGSM49AgEDQgAE"), Encryption::smime);
  EXPECT_EQ(of_base64("MFAGCSqGSIb3DQEHBqBDMEECAQAwPAYJKoZIhvcNAQcBMB0GCWCGSAFlAwQBAgQQ"), Encryption::smime);
  // -sign
  EXPECT_EQ(of_base64("MIIBIQYJKoZIhvcNAQcCoIIBEjCCAQ4CAQExDTALBglghkgBZQMEAgEwagYJKoZI"), Encryption::none);
}

TEST(Encryption, ManyArmoursTakeLinearTime) {
  std::string many;
  for (int i = 0; i < 300'000; ++i) many += "-----BEGIN PGP MESSAGE-----\n\n";
  EXPECT_EQ(encryption_of(many), Encryption::none);
}

}  // namespace
}  // namespace rastel::message
