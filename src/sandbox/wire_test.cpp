// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/wire.hpp"

#include <random>

#include <gtest/gtest.h>

#include "sandbox/wire_places.hpp"

namespace rastel::sandbox {
namespace {

std::string frame(FrameKind kind, std::uint32_t number, std::string_view body) {
  FrameHeader header;
  header.kind = kind;
  header.number = number;
  return encode_frame(header, body);
}

EditPlaces rich_places() {
  EditPlaces places;
  places.refusal = Refusal::is_signed;
  places.line_break = LineBreak::lf;
  places.top = 7;
  places.leaves = {{.path = "1",
                    .refusal = Refusal::is_encrypted,
                    .where = {10, 20},
                    .line_break = LineBreak::lf,
                    .break_follows = false,
                    .is_body_of_message = true,
                    .fields = {{1, 2}, {3, 5}},
                    .has_mime_version = true},
                   {.path = "2.1", .where = {30, 40}}};
  places.subjects = {{.at = 5, .white_before = true, .encoded_word_behind = true, .line_size = 70}};
  places.fields = {{.name = "X-Field", .where = {2, 3}}};
  places.plain_text = TextPlace{.at = 9, .encoding = TextEncoding::base64, .takes_utf8 = true};
  places.html = TextPlace{.at = 11, .within_line = true, .line_break = LineBreak::lf};
  places.no_text = Refusal::too_much;
  return places;
}

Report rich_report() {
  Report report;
  report.findings = {{FindingKind::signature, "Eicar-Test-Signature"},
                     {FindingKind::macros, "Heuristics.OLE2.ContainsMacros"},
                     {FindingKind::unscanned, std::string(256, 'a')}};
  report.set_unscanned(UnscannedReason::limit);
  report.set_unscanned(UnscannedReason::truncated);
  report.layers = 1234567890123;
  report.engine_version = "ClamAV 1.4.6";
  report.signature_version = "27123";
  Part part{.path = "1.?2", .reading = "prefix base64", .type = "application/octet-stream"};
  part.true_types = {"application/zip", "application/pdf"};
  part.names = {"grün.exe", ""};
  part.members = {"a/b.exe"};
  part.findings = {"Eicar-Test-Signature"};
  part.size = 1ULL << 40;
  part.sha256 = sha256("part");
  part.entity = {100, 400};
  part.body = {200, 400};
  part.looked = Part::Looked::remembered;
  report.parts = {part, Part{.path = "2", .reading = "", .type = "text/plain"}};
  report.flags = {{Ambiguity::bare_cr, {7, 8}, 3}, {Ambiguity::limit_size, {0, 0}, 1}};
  report.places = rich_places();
  return report;
}

TEST(Wire, ReportSurvivesTheWay) {
  const Report report = rich_report();
  const auto again = decode_report(encode_report(report));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->findings, report.findings);
  EXPECT_EQ(again->unscanned, report.unscanned);
  EXPECT_EQ(again->layers, report.layers);
  EXPECT_EQ(again->engine_version, report.engine_version);
  EXPECT_EQ(again->signature_version, report.signature_version);
  EXPECT_EQ(again->parts, report.parts);
  EXPECT_EQ(again->flags, report.flags);
  EXPECT_EQ(again->places, report.places);
}

TEST(Wire, PlacesThatBreakTheRulesAreRefused) {
  const std::string good = encode_places(rich_places());
  ASSERT_EQ(decode_places(good), rich_places());
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(decode_places(good.substr(0, size))) << size;
  EXPECT_FALSE(decode_places(good + '\0'));
  EditPlaces places;
  for (std::size_t i = 0; i <= EditPlaces::most_leaves; ++i) places.leaves.push_back({.path = "1"});
  EXPECT_FALSE(decode_places(encode_places(places))) << "more leaves than there can be";
  places.leaves = {{.path = std::string(2000, '1')}};
  EXPECT_FALSE(decode_places(encode_places(places)));
  places.leaves = {{.path = "1", .where = {2, 1}}};
  EXPECT_FALSE(decode_places(encode_places(places))) << "a range that ends before it begins";
  std::string unknown = good;
  unknown[0] = '\x7f';
  EXPECT_FALSE(decode_places(unknown)) << "a refusal that isn't one";
  Report twice;
  twice.layers = 1;
  twice.places = EditPlaces();
  const std::string one = encode_report(twice);
  EXPECT_TRUE(decode_report(one));
  EXPECT_FALSE(decode_report(one + one)) << "places twice";
}

TEST(Wire, TextsOfPartsComeOutFitToBeShown) {
  Report report;
  report.layers = 1;
  report.parts = {Part{.path = "1\r\n", .reading = "\x1b[31m", .type = "a\xff"}};
  report.parts[0].names = {"photo\u202egpj.exe", std::string("a\0b", 3)};
  const auto again = decode_report(encode_report(report));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->parts[0].path, "1\\x0d\\x0a");
  EXPECT_EQ(again->parts[0].reading, "\\x1b[31m");
  EXPECT_EQ(again->parts[0].type, "a\\xff");
  EXPECT_EQ(again->parts[0].names[0].find("\u202e"), std::string::npos);
  EXPECT_EQ(again->parts[0].names[1], "a\\x00b");
}

TEST(Wire, PartsAndFlagsAreBounded) {
  const auto accepts = [](const Report& report) { return decode_report(encode_report(report)).has_value(); };
  Report report;
  report.layers = 1;
  report.parts = {Part{.path = "1", .reading = "", .type = "text/plain"}};
  report.parts[0].entity = {5, 4};
  EXPECT_FALSE(accepts(report)) << "a range that ends before it begins";
  report.parts[0].entity = {};
  EXPECT_TRUE(accepts(report));
  report.parts.resize(40'000, report.parts[0]);
  EXPECT_FALSE(accepts(report)) << "too many parts";
  report.parts.clear();
  report.flags.resize(ambiguities().size() + 1, {Ambiguity::bare_cr, {0, 1}});
  EXPECT_FALSE(accepts(report)) << "more flags than there are";
  report.flags = {{static_cast<Ambiguity>(ambiguities().size()), {0, 1}}};
  EXPECT_FALSE(accepts(report)) << "a flag that isn't one";
}

TEST(Wire, VouchedLayersSurviveAndAreBounded) {
  Report report;
  report.layers = 7;
  report.layers_known = 3;
  for (int i = 0; i < 4096; ++i) report.vouched.push_back(sha256(std::to_string(i)));
  const auto again = decode_report(encode_report(report));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->layers_known, 3U);
  EXPECT_EQ(again->vouched, report.vouched);
  Report most = report;
  most.vouched.push_back(sha256("one more"));
  EXPECT_FALSE(decode_report(encode_report(most)));
  Report infected = report;
  infected.findings = {{FindingKind::signature, "Eicar-Test-Signature"}};
  EXPECT_FALSE(decode_report(encode_report(infected))) << "who found something vouches for nothing";
  Report incomplete = report;
  incomplete.set_unscanned(UnscannedReason::limit);
  EXPECT_FALSE(decode_report(encode_report(incomplete)));
  Report boasting = report;
  boasting.layers_known = 8;
  EXPECT_FALSE(decode_report(encode_report(boasting))) << "more skipped than met";
}

TEST(Wire, EveryBeginningOfAReportIsRefusedOrSaysLess) {
  const std::string whole = encode_report(rich_report());
  int refused = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto report = decode_report(std::string_view(whole).substr(0, length));
    // Whole items only; then the assembler's end frame is what says that nothing is missing.
    if (!report) {
      ++refused;
    } else {
      EXPECT_LE(report->findings.size(), 3U);
    }
  }
  EXPECT_GT(refused, static_cast<int>(whole.size()) - 24);
}

TEST(Wire, EveryChangedByteIsRefusedOrGivesAReportWithinTheBounds) {
  std::mt19937 random(7);  // NOLINT: the same changes each time
  const std::string whole = encode_report(rich_report());
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string changed = whole;
    for (int j = 0; j < 1 + i % 3; ++j) changed[random() % changed.size()] = static_cast<char>(random());
    const auto report = decode_report(changed);
    if (!report) continue;
    ++accepted;
    for (const Finding& finding : report->findings) {
      EXPECT_LE(finding.name.size(), 256U);
      EXPECT_EQ(
          finding.name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"),
          std::string::npos);
      EXPECT_LE(static_cast<unsigned>(finding.kind), static_cast<unsigned>(FindingKind::unscanned));
    }
  }
  EXPECT_GT(accepted, 0);
}

TEST(Wire, FrameThatIsShortLongOrForeignIsRefused) {
  const std::string good = frame(FrameKind::report_end, 1, "x");
  ASSERT_TRUE(decode_frame(good));
  EXPECT_EQ(decode_frame(good)->body, "x");
  for (std::size_t length = 0; length < sizeof(FrameHeader); ++length)
    EXPECT_FALSE(decode_frame(std::string_view(good).substr(0, length))) << length;
  EXPECT_TRUE(decode_frame(frame(FrameKind::report_end, 1, std::string(largest_body, 'x'))));
  EXPECT_FALSE(decode_frame(frame(FrameKind::report_end, 1, std::string(largest_body + 1, 'x'))));
  std::string foreign = good;
  foreign[0] = static_cast<char>(foreign[0] + 1);
  EXPECT_FALSE(decode_frame(foreign));
  for (const std::uint32_t kind : {0U, 12U, 0xffffffffU})
    EXPECT_FALSE(decode_frame(frame(static_cast<FrameKind>(kind), 1, {})));
}

TEST(Wire, ReportComesInFullPartsAndOneEnd) {
  Report report;
  report.layers = 1;
  for (int i = 0; i < 4000; ++i)
    report.findings.push_back({FindingKind::signature, "N" + std::string(200, 'x')});
  const std::string bytes = encode_report(report);
  ReportAssembler assembler(3);
  std::string_view rest = bytes;
  for (; rest.size() > largest_body; rest.remove_prefix(largest_body))
    ASSERT_EQ(assembler.add(frame(FrameKind::report_part, 3, rest.substr(0, largest_body))),
              ReportAssembler::Progress::more);
  ASSERT_EQ(assembler.add(frame(FrameKind::report_end, 3, rest)), ReportAssembler::Progress::complete);
  EXPECT_EQ(assembler.report().findings, report.findings);
}

TEST(Wire, AssemblerRefusesWhatIsNotItsReport) {
  const std::string good = encode_report(rich_report());
  using Progress = ReportAssembler::Progress;
  EXPECT_EQ(ReportAssembler(1).add(frame(FrameKind::report_end, 1, good)), Progress::complete);
  EXPECT_EQ(ReportAssembler(2).add(frame(FrameKind::report_end, 1, good)), Progress::broken)
      << "another scan's";
  EXPECT_EQ(ReportAssembler(1).add(frame(FrameKind::worker_ready, 1, good)), Progress::broken);
  EXPECT_EQ(ReportAssembler(1).add(frame(FrameKind::report_part, 1, "crumb")), Progress::broken);
  EXPECT_EQ(ReportAssembler(1).add(good), Progress::broken);
  EXPECT_EQ(ReportAssembler(1).add({}), Progress::broken);
}

TEST(Wire, EndlessReportEndsAtFourMebibytes) {
  ReportAssembler assembler(1);
  const std::string part = frame(FrameKind::report_part, 1, std::string(largest_body, '\0'));
  std::size_t taken = 0;
  auto progress = ReportAssembler::Progress::more;
  while (progress == ReportAssembler::Progress::more && taken <= 2 * largest_report) {
    progress = assembler.add(part);
    taken += largest_body;
  }
  EXPECT_EQ(progress, ReportAssembler::Progress::too_large);
  EXPECT_LE(taken, largest_report + largest_body);
}

TEST(Wire, NothingSeenIsNotClean) {
  EXPECT_FALSE(decode_report({}));
  EXPECT_FALSE(decode_report(encode_report(Report{})));
  Report broken;
  broken.set_unscanned(UnscannedReason::engine);
  EXPECT_TRUE(decode_report(encode_report(broken)));
}

TEST(Wire, ReadySurvivesAndIsEscaped) {
  EngineReady ready;
  ready.engine_version = "ClamAV 1.4.6";
  ready.signature_version = "27123";
  ready.signature_count = 8'000'000;
  ready.signature_time = 1'700'000'000;
  ready.builtin_only = true;
  ready.signature_digest = std::string(64, 'a');
  ready.yara_rules = 12;
  ready.memory = 1ULL << 31;
  ready.load_ms = 15'000;
  ready.missing = {"seccomp: none", "Landlock: none"};
  const EngineReady again = decode_ready(encode_ready(ready));
  EXPECT_EQ(again.engine_version, ready.engine_version);
  EXPECT_EQ(again.signature_version, ready.signature_version);
  EXPECT_EQ(again.signature_count, ready.signature_count);
  EXPECT_EQ(again.signature_time, ready.signature_time);
  EXPECT_TRUE(again.builtin_only);
  EXPECT_EQ(again.missing, ready.missing);
  EXPECT_EQ(again.signature_digest, ready.signature_digest);
  EXPECT_EQ(again.yara_rules, ready.yara_rules);
  EXPECT_EQ(again.memory, ready.memory);
  EXPECT_EQ(again.load_ms, ready.load_ms);
  EXPECT_EQ(decode_ready("engine=\x1b[31m\n").engine_version, "\\x1b[31m");
  EXPECT_EQ(decode_ready("count=x\ntime=\nnonsense\n=\n").signature_count, 0U);
}

}  // namespace
}  // namespace rastel::sandbox
