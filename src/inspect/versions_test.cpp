// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/versions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rastel::inspect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Versions : public testing::Test {
 protected:
  MessagePointer message_of(std::string_view text) {
    auto message = message_from_bytes(text, spool_);
    EXPECT_TRUE(message);
    return message.value_or(nullptr);
  }
  std::string text_of(const Message& message) {
    return message.read_at(0, message.size()).value_or("(can't be read)");
  }

  const std::filesystem::path spool_ = testing::TempDir();
};

Disposition disposition_of(std::size_t recipient, Action done, std::vector<std::size_t> parts = {}) {
  Disposition disposition;
  disposition.recipient = recipient;
  disposition.done = done;
  for (const std::size_t part : parts) disposition.offences.push_back({part, MessageClass::infected, "V"});
  return disposition;
}

// Places of a message with two parts, at 10 to 20 and 30 to 40.
Report report_with_places() {
  Report report;
  report.parts = {Part{.path = "1", .reading = "", .type = "text/plain"},
                  Part{.path = "2", .reading = "", .type = "application/zip"}};
  report.parts[1].names = {"a.zip"};
  report.places.emplace();
  report.places->top = 0;
  report.places->leaves = {{.path = "1", .where = {10, 20}}, {.path = "2", .where = {30, 40}}};
  return report;
}

TEST_F(Versions, ADoorThatHandsOnOneDoesTheStrictestForAll) {
  Verdict verdict;
  verdict.dispositions = {disposition_of(0, Action::pass), disposition_of(1, Action::strip, {1}),
                          disposition_of(2, Action::quarantine), disposition_of(3, Action::tag),
                          disposition_of(4, Action::strip, {0, 1})};
  make_uniform(verdict);
  const auto versions = versions_of(verdict, message_of("x"), true);
  ASSERT_EQ(versions.size(), 1U);
  EXPECT_THAT(versions[0].recipients, ElementsAre(0U, 1U, 3U, 4U));
  ASSERT_EQ(versions[0].removed.size(), 2U);
  EXPECT_EQ(versions[0].removed[0].part, 0U);
  EXPECT_EQ(versions[0].removed[1].part, 1U);
  EXPECT_EQ(verdict.dispositions[2].done, Action::quarantine);

  Verdict tagged;
  tagged.dispositions = {disposition_of(0, Action::pass), disposition_of(1, Action::tag),
                         disposition_of(2, Action::discard)};
  make_uniform(tagged);
  EXPECT_EQ(tagged.dispositions[0].done, Action::tag);
  EXPECT_EQ(tagged.dispositions[2].done, Action::discard);
}

TEST_F(Versions, OneForAllWhoGetTheSameAndTheUneditedFirst) {
  Verdict verdict;
  verdict.dispositions = {disposition_of(0, Action::strip, {1}), disposition_of(1, Action::quarantine),
                          disposition_of(2, Action::pass),       disposition_of(3, Action::strip, {1}),
                          disposition_of(4, Action::tag),        disposition_of(5, Action::strip, {0, 1}),
                          disposition_of(6, Action::discard)};
  const MessagePointer original = message_of("x");
  const auto recipients = [](const std::vector<Version>& versions) {
    std::vector<std::vector<std::size_t>> all;
    for (const Version& version : versions) all.push_back(version.recipients);
    return all;
  };
  const auto plain = versions_of(verdict, original, false);
  EXPECT_THAT(recipients(plain), ElementsAre(ElementsAre(2, 4), ElementsAre(5), ElementsAre(0, 3)));
  EXPECT_EQ(plain[1].removed.size(), 2U);
  EXPECT_FALSE(plain[0].tagged);
  const auto tagged = versions_of(verdict, original, true);
  EXPECT_THAT(recipients(tagged),
              ElementsAre(ElementsAre(2), ElementsAre(4), ElementsAre(5), ElementsAre(0, 3)));
  EXPECT_TRUE(tagged[1].tagged);
}

TEST_F(Versions, ThePartGoesAndATextSaysWhy) {
  const std::vector<Offence> offences{{1, MessageClass::infected, "Test.Virus"}};
  const auto splices = removal(offences, report_with_places(), "3f9a");
  ASSERT_TRUE(splices);
  const std::string original(50, '.');
  const auto copy = edited_copy(*message_of(original), *splices, spool_);
  ASSERT_TRUE(copy);
  const std::string text = text_of(**copy);
  EXPECT_EQ(text.substr(0, 30), original.substr(0, 30));
  EXPECT_TRUE(text.ends_with(std::string(10, '.')));
  for (const char* word : {"a.zip", "infected (Test.Virus)", "3f9a"}) EXPECT_THAT(text, HasSubstr(word));
}

TEST_F(Versions, ALargeMessageIsCopiedToTheByte) {
  std::string original;
  for (int i = 0; original.size() < 3U << 20U; ++i) original += std::to_string(i) + "\r\n";
  const std::vector<edit::Splice> splices{{{0, 0}, "front "}, {{1000, 1'000'000}, "middle"}};
  const auto copy = edited_copy(*message_of(original), splices, spool_);
  ASSERT_TRUE(copy);
  EXPECT_TRUE(text_of(**copy) == "front " + original.substr(0, 1000) + "middle" + original.substr(1'000'000));
}

TEST_F(Versions, PlacesOutsideOfTheMessageAreAWorkersLie) {
  const std::vector<edit::Splice> beyond{{{30, 60}, ""}};
  const std::vector<edit::Splice> backwards{{{20, 30}, ""}, {{10, 20}, ""}};
  const MessagePointer message = message_of(std::string(50, '.'));
  for (const auto& splices : {beyond, backwards}) {
    const auto copy = edited_copy(*message, splices, spool_);
    ASSERT_FALSE(copy);
    EXPECT_EQ(copy.error().kind, ErrorKind::invalid_input);
  }
}

TEST_F(Versions, NothingIsEditedWhereProgramsUnderstandItDifferently) {
  const std::vector<Offence> offences{{1, MessageClass::infected, "Test.Virus"}};
  Report report = report_with_places();
  report.flags = {{Ambiguity::bare_cr, {0, 1}}};
  EXPECT_EQ(removal(offences, report, "id").error(), Refusal::ambiguous);
  EXPECT_EQ(tagging({.subject = "[S]", .banner = ""}, report).error(), Refusal::ambiguous);
  report = report_with_places();
  report.places->refusal = Refusal::too_much;
  EXPECT_EQ(removal(offences, report, "id").error(), Refusal::too_much);
  report.places.reset();
  EXPECT_EQ(removal(offences, report, "id").error(), Refusal::no_such_place);
  report = report_with_places();
  report.places->leaves[1].refusal = Refusal::is_signed;
  EXPECT_EQ(removal(offences, report, "id").error(), Refusal::is_signed);
}

TEST_F(Versions, OfMarkAndBannerWhatIsPossible) {
  Report report = report_with_places();
  report.places->no_text = Refusal::is_signed;
  const auto marked = tagging({.subject = "[S]", .banner = "Careful."}, report);
  ASSERT_TRUE(marked);
  EXPECT_THAT(*marked, ElementsAre(edit::Splice{{0, 0}, "Subject: [S]\r\n"}));
  EXPECT_EQ(tagging({.subject = "", .banner = "Careful."}, report).error(), Refusal::is_signed);
  report.places->plain_text = TextPlace{.at = 15};
  report.places->html = TextPlace{.at = 35};
  const auto both = tagging({.subject = "", .banner = "a < b"}, report);
  ASSERT_TRUE(both);
  ASSERT_EQ(both->size(), 2U);
  EXPECT_THAT((*both)[0].replacement, HasSubstr("a < b"));
  EXPECT_THAT((*both)[1].replacement, HasSubstr("a &lt; b"));
}

}  // namespace
}  // namespace rastel::inspect
