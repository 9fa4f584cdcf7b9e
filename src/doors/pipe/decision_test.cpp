// SPDX-License-Identifier: GPL-2.0-only
#include "doors/pipe/decision.hpp"

#include <gtest/gtest.h>

namespace rastel::doors::pipe {
namespace {

using rastel::pipe::Answer;
using rastel::pipe::Doing;
using rastel::pipe::Result;

inspect::Outcome outcome_of(const std::vector<Action>& done) {
  inspect::Outcome outcome;
  for (std::size_t i = 0; i < done.size(); ++i) {
    Disposition disposition;
    disposition.recipient = i;
    disposition.asked = disposition.done = done[i];
    disposition.deciding_class = MessageClass::infected;
    disposition.finding = "Eicar";
    outcome.verdict.dispositions.push_back(std::move(disposition));
  }
  outcome.versions.resize(1);
  return outcome;
}

// What is done for each, and whether anybody gets it.
std::string decided(const std::vector<Action>& done) {
  inspect::Outcome outcome = outcome_of(done);
  decide_for_all(outcome);
  std::string text = outcome.versions.empty() ? "none:" : "all:";
  for (const Disposition& disposition : outcome.verdict.dispositions)
    text += " " + std::string(to_string(disposition.done));
  return text;
}

TEST(PipeDecision, IsOneForAllRecipients) {
  using enum Action;
  EXPECT_EQ(decided({pass, tag}), "all: pass tag");
  EXPECT_EQ(decided({strip, strip}), "all: strip strip");
  EXPECT_EQ(decided({quarantine, pass}), "none: quarantine quarantine");
  EXPECT_EQ(decided({pass, discard}), "none: quarantine quarantine");  // nobody loses it for another's rule
  EXPECT_EQ(decided({discard, quarantine}), "none: quarantine quarantine");
  EXPECT_EQ(decided({reject, pass}), "none: quarantine quarantine");
  EXPECT_EQ(decided({defer, pass}), "none: defer defer");
  EXPECT_EQ(decided({quarantine, defer}), "none: defer defer");
  EXPECT_EQ(decided({discard, discard}), "none: discard discard");
  EXPECT_EQ(decided({reject}), "none: reject");
}

// Who can only take or refuse keeps nothing back and changes nothing.
TEST(PipeDecision, OfAVerdictIsToTakeOrToRefuse) {
  using enum Action;
  const auto verdict = [](const std::vector<Action>& done) {
    inspect::Outcome outcome = outcome_of(done);
    decide_for_all(outcome);
    decide_to_take_or_refuse(outcome);
    std::string text = outcome.versions.empty() ? "none:" : "all:";
    for (const Disposition& disposition : outcome.verdict.dispositions)
      text += " " + std::string(to_string(disposition.done));
    return text;
  };
  EXPECT_EQ(verdict({pass, tag}), "all: pass tag");
  for (const Action done : {quarantine, discard, strip, reject}) EXPECT_EQ(verdict({done}), "none: reject");
  EXPECT_EQ(verdict({pass, quarantine}), "none: reject reject");
  EXPECT_EQ(verdict({pass, strip, tag}), "none: reject reject reject");
  EXPECT_EQ(verdict({quarantine, defer}), "none: defer defer");
}

TEST(PipeDecision, IsMadeWhereTheMessageIs) {
  using enum rastel::pipe::RequestKind;
  EXPECT_EQ(place_of(deliver, Place::before_queue), Place::before_queue);
  EXPECT_EQ(place_of(queue, Place::after_queue), Place::after_queue);
  EXPECT_EQ(place_of(filter, Place::before_queue), Place::after_queue);
  EXPECT_EQ(place_of(verdict, Place::after_queue), Place::before_queue);
  EXPECT_EQ(place_of(verdict, Place::outbound), Place::outbound);
}

TEST(PipeDecision, IsSaidAsMailServersWantIt) {
  const auto answer = [](Action done) { return answer_without_message(outcome_of({done}), "1f"); };
  EXPECT_EQ(answer(Action::reject), (Answer{.doing = Doing::refused,
                                            .id = "1f",
                                            .text = "5.7.1 Message refused: infected (Eicar), id 1f",
                                            .what = "infected (Eicar)"}));
  EXPECT_EQ(answer(Action::quarantine).doing, Doing::held);
  EXPECT_EQ(answer(Action::discard).doing, Doing::discarded);
  EXPECT_EQ(answer(Action::defer).doing, Doing::deferred);
  EXPECT_EQ(answer(Action::defer).text, "4.7.1 Message deferred: infected, id 1f");
  EXPECT_EQ(brief(answer(Action::reject)), "refused 5.7.1");
  EXPECT_EQ(brief(answer(Action::quarantine)), "held");
}

// Whatever went wrong: it comes again.
TEST(PipeDecision, OfTroubleIsToComeAgain) {
  for (const auto kind : {ErrorKind::invalid_input, ErrorKind::hostile_message, ErrorKind::ours,
                          ErrorKind::peer, ErrorKind::peer_closed, ErrorKind::timed_out, ErrorKind::no_space,
                          ErrorKind::busy, ErrorKind::cancelled, ErrorKind::not_found}) {
    const Answer answer = answer_to({kind, "why"});
    EXPECT_EQ(answer.doing, Doing::deferred);
    EXPECT_TRUE(answer.text.starts_with("4.")) << answer.text;
  }
  EXPECT_EQ(answer_to({ErrorKind::no_space, "x"}).text, "4.3.1 Error: no space to take the message now");
}

TEST(PipeDecision, HasWordsForTheLog) {
  EXPECT_EQ(text_of(Result{Result::How::exited, 75}), "exit 75");
  EXPECT_EQ(text_of(Result{Result::How::killed, 9}), "signal 9");
  EXPECT_EQ(text_of(Result{Result::How::not_started, 2}), "not started: errno 2");
}

}  // namespace
}  // namespace rastel::doors::pipe
