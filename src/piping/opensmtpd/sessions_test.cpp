// SPDX-License-Identifier: GPL-2.0-only
#include "piping/opensmtpd/sessions.hpp"

#include <map>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace rastel::piping::opensmtpd {
namespace {

class OpensmtpdSessions : public testing::Test {
 protected:
  OpensmtpdSessions() { restart({}); }

  void restart(const Limits& limits) {
    sessions_.emplace(limits, [this](Question question) {
      if (no_memory_) throw std::bad_alloc();
      asked_.push_back(std::move(question));
    });
  }
  void hear(const std::string& line, bool cut = false) { sessions_->hear({line, cut}, out_); }
  void report(const std::string& what, const std::string& rest = {}) {
    hear("report|0.6|1.2|smtp-in|" + what + "|" + id_ + rest);
  }
  void data(const std::string& line) { hear("filter|0.6|1.2|smtp-in|data-line|" + id_ + "|70|" + line); }
  void commit() { hear("filter|0.6|1.2|smtp-in|commit|" + id_ + "|71|"); }
  void begin() {
    report("tx-begin", "|ab12");
    report("tx-mail", "|ab12|ok|a@x.example");
    report("tx-rcpt", "|ab12|ok|b@lab.test");
    report("tx-rcpt", "|ab12|permfail|c@lab.test");
  }
  void message(const std::vector<std::string>& lines) {
    begin();
    for (const std::string& line : lines) data(line);
    data(".");
  }
  // What has been written since.
  std::string said() { return std::exchange(out_, {}); }
  std::string handed_on() {
    while (sessions_->handing()) sessions_->hand_on(out_);
    return said();
  }
  static std::string text_of(const Spooled& message) {
    std::string bytes(message.size, '\0');
    EXPECT_EQ(pread(message.file.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(message.size));
    return bytes;
  }
  Decision about(std::size_t which) {
    Decision decision;
    decision.session = asked_.at(which).session;
    decision.number = asked_.at(which).number;
    return decision;
  }
  void pass(std::size_t which, const std::string& line = "X-Rastel: clean\r\n") {
    Decision decision = about(which);
    decision.version.original = std::move(asked_.at(which).message);
    decision.version.line = line;
    sessions_->decided(std::move(decision), out_);
  }
  void refuse(std::size_t which, const std::string& reply) {
    Decision decision = about(which);
    decision.refusal = reply;
    sessions_->decided(std::move(decision), out_);
  }
  std::string line(const std::string& text) const { return "filter-dataline|" + id_ + "|70|" + text + "\n"; }
  std::string result(const std::string& what) const { return "filter-result|" + id_ + "|71|" + what + "\n"; }
  static std::string waits() { return "reject|" + std::string(cant_be_scanned); }

  std::string id_ = "a1";
  std::string out_;
  bool no_memory_ = false;
  std::vector<Question> asked_;
  std::optional<Sessions> sessions_;
};

TEST_F(OpensmtpdSessions, HoldAMessageUntilItsVerdict) {
  report("link-connect", "|mx.example|pass|192.0.2.4:25|10.0.0.1:25");
  report("link-identify", "|EHLO|there");
  report("link-auth", "|joe|pass");
  message({"Subject: x", "", "..dot", ".b", "|", "end"});
  EXPECT_EQ(said(), "");
  ASSERT_EQ(asked_.size(), 1U);
  pipe::Request wanted;
  wanted.kind = pipe::RequestKind::queue;
  wanted.sender = "a@x.example";
  wanted.recipients = {"b@lab.test"};
  wanted.client_address = "192.0.2.4";
  wanted.client_name = "mx.example";
  wanted.client_helo = "there";
  wanted.user = "joe";
  wanted.queue_id = "ab12";
  wanted.next = "smtpd";
  EXPECT_EQ(asked_[0].request, wanted);
  EXPECT_EQ(text_of(asked_[0].message), "Subject: x\r\n\r\n.dot\r\nb\r\n|\r\nend\r\n");
  pass(0);
  EXPECT_EQ(handed_on(), line("X-Rastel: clean") + line("Subject: x") + line("") + line("..dot") + line("b") +
                             line("|") + line("end") + line("."));
  commit();
  EXPECT_EQ(said(), result("proceed"));
  report("tx-commit", "|ab12|100");
  EXPECT_EQ(sessions_->held_bytes(), 0U);
  report("link-disconnect");
  EXPECT_EQ(sessions_->count(), 0U);
}

TEST_F(OpensmtpdSessions, GiveNothingOfWhatIsRefusedToSmtpd) {
  message({"bad"});
  refuse(0, "550 5.7.1 Message refused");
  EXPECT_EQ(handed_on(), line("."));
  commit();
  EXPECT_EQ(said(), result("reject|550 5.7.1 Message refused"));
  // The next one isn't it.
  report("tx-rollback", "|ab12");
  report("tx-reset", "|ab12");
  message({"good"});
  pass(1, "");
  EXPECT_EQ(handed_on(), line("good") + line("."));
  commit();
  EXPECT_EQ(said(), result("proceed"));
}

TEST_F(OpensmtpdSessions, HandOnAnotherVersion) {
  message({"From: a", "long"});
  Decision decision = about(0);
  decision.version.original = std::move(asked_[0].message);
  decision.version.above = 9;
  decision.version.line = "X-Rastel: banned\r\n";
  auto changed = spool_text(".\r\n.x\r\nlast\rline without end");
  ASSERT_TRUE(changed);
  decision.version.changed = std::move(changed->file);
  sessions_->decided(std::move(decision), out_);
  EXPECT_EQ(handed_on(), line("From: a") + line("X-Rastel: banned") + line("..") + line("..x") +
                             line("last\rline without end") + line("."));
}

TEST_F(OpensmtpdSessions, HandOnALargeMessageInPieces) {
  std::vector<std::string> lines;
  for (int i = 0; i < 3000; ++i)
    lines.push_back(std::string(static_cast<std::size_t>(i % 900), "abc"[i % 3]));
  message(lines);
  pass(0, "");
  std::string wanted;
  for (const std::string& text : lines) wanted += line(text);
  int turns = 0;
  while (sessions_->handing()) {
    const std::size_t before = out_.size();
    sessions_->hand_on(out_);
    EXPECT_LT(out_.size() - before, 200'000U);
    ++turns;
  }
  EXPECT_GT(turns, 10);
  EXPECT_EQ(said(), wanted + line("."));
}

// Blocks end anywhere, but what is written between them is another session's.
TEST_F(OpensmtpdSessions, MixNoLines) {
  std::map<std::string, std::string> wanted, found;
  for (const char* id : {"a1", "a2", "a3"}) {
    id_ = id;
    std::vector<std::string> lines(2000, id_ + std::string(77, 'x'));
    message(lines);
    for (const std::string& text : lines) wanted[id_] += line(text);
    wanted[id_] += line(".");
  }
  for (std::size_t i = 0; i < 3; ++i) pass(i, "");
  std::istringstream all(handed_on());
  for (std::string text; std::getline(all, text);) found[text.substr(16, 2)] += text + "\n";
  EXPECT_EQ(found, wanted);
}

TEST_F(OpensmtpdSessions, ThatEndFreeAll) {
  for (const char* event : {"link-disconnect", "tx-rollback", "tx-reset"}) {
    for (int stage = 0; stage < 4; ++stage) {
      asked_.clear();
      begin();
      data("some text");
      if (stage > 0) data(".");
      if (stage > 1) pass(0);
      if (stage > 2) sessions_->hand_on(out_);
      EXPECT_GT(sessions_->held_bytes(), 0U);
      report(event, "|ab12");
      EXPECT_EQ(sessions_->held_bytes(), 0U) << event << stage;
      said();
      if (stage == 1) pass(0);  // too late
      EXPECT_EQ(handed_on(), "");
      commit();
      EXPECT_EQ(said(), result(waits()));
    }
  }
}

// A verdict of one message is none of the next one in the same session.
TEST_F(OpensmtpdSessions, TakeNoVerdictOfAnotherMessage) {
  message({"one"});
  report("tx-reset", "|ab12");
  message({"two"});
  pass(0);
  EXPECT_EQ(handed_on(), "");
  commit();
  EXPECT_EQ(said(), result(waits()));
  pass(1, "");
  EXPECT_EQ(handed_on(), line("two") + line("."));
}

TEST_F(OpensmtpdSessions, WithoutAVerdictCommitNothing) {
  commit();
  EXPECT_EQ(said(), result(waits()));
  begin();
  commit();
  EXPECT_EQ(said(), result(waits()));
  data("x");
  commit();
  EXPECT_EQ(said(), result(waits()));
  data(".");
  commit();
  EXPECT_EQ(said(), result(waits()));
  no_memory_ = true;
  report("tx-reset", "|ab12");
  message({"x"});
  EXPECT_EQ(said(), line("."));
  EXPECT_EQ(sessions_->held_bytes(), 0U);
  commit();
  EXPECT_EQ(said(), result(waits()));
}

TEST_F(OpensmtpdSessions, HaveLimits) {
  restart({.message = 20, .all = 50, .sessions = 2, .recipients = 2});
  const auto outcome = [this](const std::vector<std::string>& lines) {
    asked_.clear();
    for (const std::string& text : lines) data(text);
    data(".");
    const std::string end = said();
    commit();
    return end + said();
  };
  begin();
  EXPECT_EQ(outcome({std::string(8, 'x'), std::string(9, 'x')}),
            line(".") + result("reject|552 5.3.4 The message is too large"));
  EXPECT_LE(sessions_->held_bytes(), 50U);
  begin();
  report("tx-rcpt", "|ab12|ok|c@lab.test");
  report("tx-rcpt", "|ab12|ok|d@lab.test");
  EXPECT_EQ(outcome({"x"}), line(".") + result("reject|452 4.5.3 Too many recipients"));
  begin();
  EXPECT_EQ(outcome({std::string(8, 'x'), std::string(8, 'x')}),
            result(waits()));  // it fits, and is asked for
  ASSERT_EQ(asked_.size(), 1U);
  id_ = "a2";
  begin();
  EXPECT_EQ(outcome({std::string(15, 'x')}),
            line(".") + result("reject|451 4.3.1 Too much is under way, try again later"));
  id_ = "a3";
  begin();
  EXPECT_EQ(outcome({"x"}), line(".") + result(waits()));
  EXPECT_EQ(sessions_->count(), 2U);
  for (const char* id : {"a1", "a2", "a3"}) {
    id_ = id;
    report("link-disconnect");
  }
  EXPECT_EQ(sessions_->count(), 0U);
  EXPECT_EQ(sessions_->held_bytes(), 0U);
}

TEST_F(OpensmtpdSessions, RefuseALineThatWasCutOff) {
  begin();
  sessions_->hear({"filter|0.6|1.2|smtp-in|data-line|a1|70|xxxx", true}, out_);
  data(".");
  EXPECT_EQ(said(), line("."));
  commit();
  EXPECT_EQ(said(), result("reject|552 5.3.4 The message is too large"));
}

// Else a message would be handed on that nobody has seen the end of.
TEST_F(OpensmtpdSessions, HandOnNoHalfMessage) {
  message({std::string(500, 'x'), std::string(500, 'y')});
  Decision decision = about(0);
  decision.version.original = std::move(asked_[0].message);
  decision.version.original.size += 1;
  sessions_->decided(std::move(decision), out_);
  EXPECT_TRUE(handed_on().ends_with(line(".")));
  commit();
  EXPECT_EQ(said(), result("reject|451 4.3.0"));
}

}  // namespace
}  // namespace rastel::piping::opensmtpd
