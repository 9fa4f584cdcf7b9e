// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/mbox.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/pieces_for_test.hpp"

namespace rastel::scan {
namespace {

using ::testing::ElementsAre;

class Collected final : public MessageSink {
 public:
  void begin() override {
    EXPECT_FALSE(open_);
    open_ = true;
    messages.emplace_back();
  }
  void bytes(std::string_view piece) override {
    ASSERT_TRUE(open_);
    messages.back() += piece;
  }
  void end() override {
    EXPECT_TRUE(open_);
    open_ = false;
  }
  std::vector<std::string> messages;
  [[nodiscard]] bool open() const { return open_; }

 private:
  bool open_ = false;
};

std::vector<std::string> split(std::string_view file) {
  const auto run = [](const for_test::Pieces& pieces) {
    Collected collected;
    MboxSplitter splitter(collected);
    for (const std::string_view piece : pieces) splitter.feed(piece);
    splitter.finish();
    EXPECT_FALSE(collected.open());
    return collected.messages;
  };
  return for_test::run_in_pieces(file, run, [&](const std::string& how, const auto&, const auto&) {
    ADD_FAILURE() << "not the same " << how << ": " << file;
  });
}

TEST(Mbox, MessagesWithoutTheirFromLinesAndTheEmptyLineBetween) {
  EXPECT_THAT(split("From a@x Mon Jan  1 00:00:00 2024\nSubject: 1\n\none\n\nFrom b\nSubject: 2\n\ntwo\n\n"),
              ElementsAre("Subject: 1\n\none\n", "Subject: 2\n\ntwo\n"));
  EXPECT_THAT(split("From a\r\nS: 1\r\n\r\none\r\n\r\nFrom b\r\nS: 2\r\n\r\ntwo\r\n"),
              ElementsAre("S: 1\r\n\r\none\r\n", "S: 2\r\n\r\ntwo\r\n"));
}

TEST(Mbox, FromSeparatesOnlyBehindAnEmptyLine) {
  EXPECT_THAT(split("From a\nS: 1\n\none\nFrom here on\n\n>From there\n\nFromage\n From\n"),
              ElementsAre("S: 1\n\none\nFrom here on\n\n>From there\n\nFromage\n From\n"));
  EXPECT_THAT(split("From a\nS: 1\n\n\n\n\nFrom b\n"), ElementsAre("S: 1\n\n\n\n", ""))
      << "one empty line belongs to the file, the others to the message";
  EXPECT_THAT(split("From a\n\rFrom b\n\n\rFrom c\n"), ElementsAre("\rFrom b\n\n\rFrom c\n"));
}

TEST(Mbox, ContentLengthIsNotBelieved) {
  EXPECT_THAT(split("From a\nContent-Length: 1000\n\none\n\nFrom b\nS: 2\n"),
              ElementsAre("Content-Length: 1000\n\none\n", "S: 2\n"));
}

TEST(Mbox, WhatDoesNotBeginWithFromIsOneMessage) {
  for (const std::string_view file :
       {"Subject: x\n\nFrom a\n\nFrom b\n", "\nFrom a\n\nFrom b\n", "from a\n\nFrom b\n", "Fro", "F", "\n",
        "\r", "From:a\n\nFrom b\n", "\r\n\r\nFrom a\n"})
    EXPECT_THAT(split(file), ElementsAre(std::string(file)));
  EXPECT_THAT(split(""), ElementsAre("")) << "nothing is a message too: somebody has to say that it is clean";
}

TEST(Mbox, EndsInTheMiddle) {
  EXPECT_THAT(split("From "), ElementsAre(""));
  EXPECT_THAT(split("From a"), ElementsAre(""));
  EXPECT_THAT(split("From a\nS"), ElementsAre("S"));
  EXPECT_THAT(split("From a\nS: 1\n\nFro"), ElementsAre("S: 1\n\nFro"));
  EXPECT_THAT(split("From a\nS: 1\n\n\r"), ElementsAre("S: 1\n\n\r"));
  EXPECT_THAT(split("From a\nS: 1\n\n"), ElementsAre("S: 1\n"));
}

TEST(Mbox, KnowsWhetherItIsOne) {
  Collected collected;
  MboxSplitter mbox(collected);
  EXPECT_FALSE(mbox.is_mbox());
  mbox.feed("From x\nS: 1\n");
  EXPECT_TRUE(mbox.is_mbox());
  mbox.finish();
  for (const char* file : {"Subject: x\n", "Fro", ""}) {
    Collected other;
    MboxSplitter single(other);
    single.feed(file);
    single.finish();
    EXPECT_FALSE(single.is_mbox()) << file;
  }
}

}  // namespace
}  // namespace rastel::scan
