// SPDX-License-Identifier: GPL-2.0-only
#include "message/magic_heads.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rastel::message {
namespace {

using namespace std::string_view_literals;

constexpr std::array magics{"PK\3\4"sv, "MZ"sv,  "\xd0\xcf\x11\xe0"sv, "L\0\0\0"sv, "%PDF-"sv,
                            "abc"sv,    "abd"sv, "\xff\xfe\xfd"sv,     "BZh"sv,     "\0\0\1"sv};
constexpr MagicHeads heads{magics};

std::vector<std::size_t> expected(std::string_view text) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < text.size(); ++at)
    for (const std::string_view magic : magics)
      if (text.substr(at).starts_with(magic.substr(0, 3))) places.push_back(at);
  return places;
}

template <class Next>
std::vector<std::size_t> places(std::string_view text, const Next& next) {
  std::vector<std::size_t> found;
  for (std::size_t at = next(text, 0); at < text.size(); at = next(text, at + 1)) found.push_back(at);
  return found;
}

void expect_all_found(std::string_view text) {
  EXPECT_EQ(places(text, [](auto in, auto at) { return heads.next(in, at); }), expected(text)) << text;
  EXPECT_EQ(places(text, [](auto in, auto at) { return heads.next_one_by_one(in, at); }), expected(text))
      << text;
}

// At the end of what is there, too, where nothing behind it is read.
TEST(MagicHeads, EachAtEveryPlaceOfTextsOfEveryLength) {
  for (const std::string_view magic : magics)
    for (std::size_t place = 0; place < 70; ++place)
      for (std::size_t cut = 1; cut <= magic.size(); ++cut) {
        expect_all_found(std::string(place, 'x') + std::string(magic.substr(0, cut)));
        expect_all_found(std::string(place, 'x') + std::string(magic.substr(0, cut)) + std::string(40, 'P'));
      }
}

// Of the bytes that magics have, so that nearly everything is nearly one.
TEST(MagicHeads, ChanceFindsNoOther) {
  std::mt19937 chance(1);
  const std::string_view bytes = "PKMZ\xd0\xcf\x11L\0%D\3abcd\xff\xfe\xfdh\1"sv;
  for (int round = 0; round < 300; ++round) {
    std::string text(chance() % 400, '\0');
    for (char& byte : text) byte = bytes[chance() % bytes.size()];
    expect_all_found(text);
  }
}

TEST(MagicHeads, NothingInNothing) {
  EXPECT_EQ(heads.next("", 0), 0U);
  EXPECT_EQ(heads.next("", 1), 0U);
  EXPECT_FALSE(heads.begins(""));
  EXPECT_FALSE(heads.begins("P"));
  EXPECT_TRUE(heads.begins("MZ"));
}

}  // namespace
}  // namespace rastel::message
