// SPDX-License-Identifier: GPL-2.0-only
#include "message/signed_data.hpp"

#include <gtest/gtest.h>

#include "message/base64.hpp"

namespace rastel::message {
namespace {

using namespace std::string_literals;
using Kind = SignedData::Kind;

const std::string entity =
    "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nUEFZTE9BRA==\r\n";

// openssl cms -sign -binary -nodetach -nocerts -noattr -outform DER
const std::string der = decode_base64(
                            "MIIBIQYJKoZIhvcNAQcCoIIBEjCCAQ4CAQExDTALBglghkgBZQMEAgEwagYJKoZIhvcNAQcBoF0EW0Nv"
                            "bnRlbnQtVHlwZTogYXBwbGljYX"
                            "Rpb24vb2N0ZXQtc3RyZWFtDQpDb250ZW50LVRyYW5zZmVyLUVuY29kaW5nOiBiYXNlNjQNCg0KVUVGWl"
                            "RFOUJSQT09DQoxgY0wgYoCAQEw"
                            "JDAMMQowCAYDVQQDDAF0AhQ2vmGdCBkrvHXFjb5dgLFaf6bonTALBglghkgBZQMEAgEwCgYIKoZIzj0E"
                            "AwIERjBEAiAE9hFw1ZWzovg5Kv"
                            "UbSV9LcS3NgE4NbJwSA3fjKqozlgIgBJc61h6q+MRyU1r/X1qzVvCCjZpx3lpeY5iqSYMG4y4=")
                            .bytes;
// The same with -stream -indef.
const std::string ber =
    decode_base64(
        "MIAGCSqGSIb3DQEHAqCAMIACAQExDTALBglghkgBZQMEAgEwgAYJKoZIhvcNAQcBoIAkgARbQ29udGVudC1UeXBlOiBhcHBsaWNh"
        "dGlvbi9v"
        "Y3RldC1zdHJlYW0NCkNvbnRlbnQtVHJhbnNmZXItRW5jb2Rpbmc6IGJhc2U2NA0KDQpVRUZaVEU5QlJBPT0NCgAAAAAAADGBjjCB"
        "iwIBATAk"
        "MAwxCjAIBgNVBAMMAXQCFDa+YZ0IGSu8dcWNvl2AsVp/"
        "puidMAsGCWCGSAFlAwQCATAKBggqhkjOPQQDAgRHMEUCIQD7RfAL8ry2WUmYy48P"
        "X79RcpCo4WNHK/OT/AVtJ0LSBgIgFB4Hu9KQMlx2ajxODXcV8CB71o1S9Eowa17ikwRrE+EAAAAAAAA=")
        .bytes;

// Signed data by its beginning alone, up to where the content's octet string stands.
const std::string before_content =
    "\x30\x80\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7\2\xa0\x80\x30\x80\2\1\1\x31\0\x30\x80\6\1\x2a\xa0\x80"s;

std::string content(const std::string& bytes) { return std::string(read_signed_data(bytes, 1000).content()); }

TEST(SignedData, AsOpensslWritesIt) {
  EXPECT_TRUE(is_signed_data(der));
  EXPECT_TRUE(is_signed_data(ber));
  EXPECT_EQ(content(der), entity);
  EXPECT_EQ(content(ber), entity);
}

TEST(SignedData, PiecesWithinPieces) {
  EXPECT_EQ(content(before_content + "\4\3abc"), "abc");
  EXPECT_EQ(content(before_content + "\x24\x80\4\1a\4\2bc\0\0\0\0"s), "abc");
  EXPECT_EQ(content(before_content + "\x24\x80\x24\6\4\1a\4\1b\4\1c\0\0"s), "abc");
  EXPECT_EQ(content(before_content + "\x24\6\4\1a\4\1b\4\5other"), "ab");
  EXPECT_EQ(content(before_content + "\x24\x80\4\1a\x30\0\4\1b"s), "a");
}

TEST(SignedData, WhatIsCutShortIsTakenAsFarAsItGoes) {
  EXPECT_EQ(content(before_content + "\4\x7f"
                                     "abc"),
            "abc");
  for (std::size_t size = 0; size < ber.size(); ++size) {
    const std::string got = content(ber.substr(0, size));
    EXPECT_EQ(got, entity.substr(0, got.size()));
  }
  EXPECT_EQ(content(ber.substr(0, 100)).size(), 100U - 54U);
}

TEST(SignedData, OtherKinds) {
  const std::string compressed =
      "\x30\x80\6\x0b\x2a\x86\x48\x86\xf7\x0d\1\x09\x10\1\x09\xa0\x80\x30\x80\2\1\0\x30\0\x30\x80\6\1\x2a\xa0"
      "\x80\4\x0f"
      "\x78\x9c\x0b\x70\x8c\xf4\xf1\x77\x74\x01\0\x08\x5d\x02\x0b"s;
  EXPECT_EQ(read_signed_data(compressed, 1000).kind, Kind::compressed_data);
  EXPECT_EQ(content(compressed), "PAYLOAD");
  // openssl cms -encrypt
  const std::string encrypted =
      "\x30\x82\1\x5f\6\x09\x2a\x86\x48\x86\xf7\x0d\1\7\3\xa0\x82\1\x50\x30\x82\1\x4c"s;
  EXPECT_EQ(read_signed_data(encrypted, 1000).kind, Kind::encrypted);
  EXPECT_EQ(read_signed_data("\x30\x03\x06\x01\x2a", 1000).kind, Kind::none);
  EXPECT_EQ(read_signed_data("", 1000).kind, Kind::none);
}

TEST(SignedData, DepthAndRoomAreBounded) {
  EXPECT_TRUE(read_signed_data(before_content + "\4\3abc", 2).cut);
  std::string deep = before_content;
  for (int i = 0; i < 100'000; ++i) deep += "\x24\x80";
  EXPECT_EQ(content(deep + "\4\1a"), "");
  // Where the algorithms are expected, 100,000 levels are walked over.
  std::string levels = before_content.substr(0, 20);
  ASSERT_EQ(before_content.substr(20, 2), "\x31\0"s);
  levels += "\x31\x80";
  for (int i = 0; i < 100'000; ++i) levels += "\x30\x80";
  for (int i = 0; i < 100'001; ++i) levels += "\0\0"s;
  EXPECT_EQ(content(levels + before_content.substr(22) + "\4\3abc"), "abc");
}

}  // namespace
}  // namespace rastel::message
