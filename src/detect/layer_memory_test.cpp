// SPDX-License-Identifier: GPL-2.0-only
#include "detect/layer_memory.hpp"

#include <set>

#include <gtest/gtest.h>

#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "detect/engine_for_test.hpp"

namespace rastel::detect {
namespace {

class KnownForTest final : public KnownLayers {
 public:
  [[nodiscard]] bool knows(const Digest& key) const override { return keys.contains(key); }
  std::set<Digest> keys;
};

using Result = LayerMemory::Result;

// A tree of layers as libclamav walks it: begins, what is inside, end.
struct Walk {
  explicit Walk(LayerMemory& walked) : memory(walked) {}
  bool begin(std::string_view type, std::string_view bytes, std::uint32_t attributes = 0) {
    return memory.is_known({type, bytes, bytes.size(), level++, attributes});
  }
  void end(Result result = Result::good) {
    --level;
    memory.ended(result);
  }
  bool leaf(std::string_view type, std::string_view bytes, std::uint32_t attributes = 0,
            Result result = Result::good) {
    const bool known = begin(type, bytes, attributes);
    end(result);
    return known;
  }
  LayerMemory& memory;
  std::uint32_t level = 0;
};

TEST(LayerMemory, TheSameLayerUnderTheSameContainersIsKnown) {
  LayerMemory memory(nullptr);
  Walk walk(memory);
  EXPECT_FALSE(walk.begin("CL_TYPE_MAIL", "mail"));
  EXPECT_FALSE(walk.begin("CL_TYPE_ZIP", "zip"));
  EXPECT_FALSE(walk.leaf("CL_TYPE_TEXT_ASCII", "text"));
  EXPECT_TRUE(walk.leaf("CL_TYPE_TEXT_ASCII", "text"));
  walk.end();
  EXPECT_TRUE(walk.leaf("CL_TYPE_ZIP", "zip"));
  walk.end();
  EXPECT_EQ(memory.skipped(), 2U);
  EXPECT_EQ(memory.take_new().size(), 2U);
}

TEST(LayerMemory, AnythingElseThatSignaturesLookAtMakesItAnother) {
  LayerMemory memory(nullptr);
  Walk walk(memory);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  EXPECT_FALSE(walk.leaf("CL_TYPE_TEXT_ASCII", "text"));
  EXPECT_FALSE(walk.leaf("CL_TYPE_HTML", "text")) << "type";
  EXPECT_FALSE(walk.leaf("CL_TYPE_TEXT_ASCII", "text", 1)) << "attributes";
  EXPECT_FALSE(walk.leaf("CL_TYPE_TEXT_ASCII", "texts")) << "bytes";
  for (const std::string_view container : {"CL_TYPE_ZIP", "CL_TYPE_GZ"}) {
    EXPECT_FALSE(walk.begin(container, "container"));
    EXPECT_FALSE(walk.leaf("CL_TYPE_TEXT_ASCII", "text")) << container << " between";
    walk.end();
  }
  EXPECT_EQ(memory.skipped(), 0U);
}

TEST(LayerMemory, BelowATypeThatMayChangeNothingIsRemembered) {
  for (const std::string_view unsure :
       {"CL_TYPE_TEXT_ASCII", "CL_TYPE_BINARY_DATA", "CL_TYPE_HTML", "CL_TYPE_ANY", ""}) {
    LayerMemory memory(nullptr);
    Walk walk(memory);
    (void)walk.begin("CL_TYPE_MAIL", "mail");
    (void)walk.begin(unsure, "unsure");
    EXPECT_FALSE(walk.leaf("CL_TYPE_ZIP", "zip"));
    EXPECT_FALSE(walk.leaf("CL_TYPE_ZIP", "zip")) << unsure;
    walk.end();
    walk.end();
    EXPECT_EQ(memory.take_new().size(), 1U) << "only what is unsure itself";
  }
}

TEST(LayerMemory, BeginningsAndEndsThatDontMatchAreTrustedNoMore) {
  LayerMemory skipped_level(nullptr);
  (void)skipped_level.is_known({"CL_TYPE_MAIL", "mail", 4, 0, 0});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(skipped_level.is_known({"CL_TYPE_ZIP", "zip", 3, 2, 0}));
    skipped_level.ended(Result::good);
  }
  EXPECT_TRUE(skipped_level.take_new().empty());
  LayerMemory ended_twice(nullptr);
  Walk walk(ended_twice);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  (void)walk.leaf("CL_TYPE_ZIP", "zip");
  walk.end();
  ended_twice.ended(Result::good);
  EXPECT_TRUE(ended_twice.take_new().empty());
}

// As libclamav scans a document of Office: its members, and then each of them once more, found in its bytes,
// in layers that it doesn't tell of.
TEST(LayerMemory, ALayerIsSeenAroundOneThatNobodyToldOf) {
  LayerMemory memory(nullptr);
  Walk walk(memory);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  (void)walk.leaf("CL_TYPE_PDF", "before");
  (void)walk.begin("CL_TYPE_OOXML_WORD", "document");
  EXPECT_FALSE(walk.leaf("CL_TYPE_TEXT_ASCII", "member"));
  ++walk.level;
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(walk.leaf("CL_TYPE_TEXT_ASCII", "found")) << "below it";
  EXPECT_EQ(memory.open(), std::vector<Digest>(2, sha256("document")))
      << "bytes and words: a finding there is the document's";
  EXPECT_FALSE(memory.has_seen(sha256("document"), "document"));
  --walk.level;
  walk.end();
  EXPECT_TRUE(memory.has_seen(sha256("document"), "document"));
  EXPECT_TRUE(memory.has_seen(sha256("found"), "found"));
  EXPECT_FALSE(walk.leaf("CL_TYPE_PDF", "behind"));
  EXPECT_TRUE(memory.has_seen(sha256("behind"), "behind"));
  for (const char* known : {"before", "behind"}) EXPECT_TRUE(walk.leaf("CL_TYPE_PDF", known)) << known;
  walk.end();
  EXPECT_EQ(memory.take_new().size(), 4U)
      << "before, the document, its member, behind; nothing of the untold";
}

TEST(LayerMemory, AnErrorBelowAnUntoldLayerKeepsTheLayerAroundItFromBeingRemembered) {
  LayerMemory memory(nullptr);
  Walk walk(memory);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  (void)walk.begin("CL_TYPE_OOXML_WORD", "document");
  ++walk.level;
  (void)walk.leaf("CL_TYPE_TEXT_ASCII", "bad", 0, Result::failed);
  --walk.level;
  walk.end();
  walk.end();
  EXPECT_TRUE(memory.take_new().empty());
}

TEST(LayerMemory, AnErrorInALayerThatNobodyToldOfIsTheErrorOfThoseAround) {
  LayerMemory memory(nullptr);
  Walk walk(memory);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  (void)walk.begin("CL_TYPE_OOXML_WORD", "document");
  ++walk.level;
  (void)walk.leaf("CL_TYPE_TEXT_ASCII", "bad", 0, Result::failed);
  (void)walk.leaf("CL_TYPE_TEXT_ASCII", "good");
  --walk.level;
  (void)walk.leaf("CL_TYPE_TEXT_ASCII", "member");
  walk.end();
  walk.end();
  EXPECT_FALSE(memory.has_seen(sha256("document"), "document"));
  EXPECT_FALSE(memory.has_seen(sha256("mail"), "mail"));
  EXPECT_FALSE(memory.has_seen(sha256("bad"), "bad"));
  EXPECT_TRUE(memory.has_seen(sha256("good"), "good"));
  EXPECT_TRUE(memory.has_seen(sha256("member"), "member"));
}

// Two levels at once have no explanation, nor has an end that is missing.
TEST(LayerMemory, OtherwiseNothingIsSeenWhereBeginningsAndEndsDontMatch) {
  LayerMemory jumped(nullptr);
  Walk walk(jumped);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  walk.level = 3;
  (void)walk.leaf("CL_TYPE_PDF", "deep");
  EXPECT_FALSE(jumped.has_seen(sha256("deep"), "deep"));
  LayerMemory endless(nullptr);
  (void)endless.is_known({"CL_TYPE_MAIL", "mail", 4, 0, 0});
  (void)endless.is_known({"CL_TYPE_ZIP", "zip", 3, 1, 0});
  (void)endless.is_known({"CL_TYPE_PDF", "pdf", 3, 1, 0});
  endless.ended(Result::good);
  EXPECT_FALSE(endless.has_seen(sha256("pdf"), "pdf"));
}

TEST(LayerMemory, WhatEndedWithAnErrorAndWhatIsAroundItIsScannedAgain) {
  LayerMemory memory(nullptr);
  Walk walk(memory);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(walk.begin("CL_TYPE_ZIP", "zip"));
    EXPECT_EQ(walk.leaf("CL_TYPE_PDF", "good"), i == 1);
    EXPECT_FALSE(walk.leaf("CL_TYPE_PDF", "bad", 0, Result::failed));
    walk.end();
  }
  walk.end();
  EXPECT_EQ(memory.take_new().size(), 1U) << "the good one alone";
}

TEST(LayerMemory, TheMessageItselfAndWhatHasNoBytesIsAlwaysScanned) {
  LayerMemory memory(nullptr);
  for (int i = 0; i < 2; ++i) {
    memory.begin_pass(LayerMemory::Outermost::message);
    Walk walk(memory);
    EXPECT_FALSE(walk.begin("CL_TYPE_MAIL", "mail"));
    EXPECT_FALSE(walk.leaf("CL_TYPE_ZIP", ""));
    EXPECT_FALSE(memory.is_known(Layer{"CL_TYPE_ZIP", "zi", 3, 1, 0})) << "not all of its bytes";
    memory.ended(Result::good);
    walk.end();
  }
  EXPECT_TRUE(memory.take_new().empty());
}

TEST(LayerMemory, RemembersABoundedNumber) {
  LayerMemory memory(nullptr);
  Walk walk(memory);
  (void)walk.begin("CL_TYPE_MAIL", "mail");
  for (int i = 0; i < 10'000; ++i) (void)walk.leaf("CL_TYPE_ZIP", std::to_string(i));
  EXPECT_EQ(memory.take_new().size(), LayerMemory::most_keys);
}

TEST(LayerMemory, AskedOfEarlierMessages) {
  KnownForTest known;
  LayerMemory first(&known);
  Walk walk_first(first);
  (void)walk_first.begin("CL_TYPE_MAIL", "mail");
  EXPECT_FALSE(walk_first.leaf("CL_TYPE_ZIP", "zip"));
  for (const Digest& key : first.take_new()) known.keys.insert(key);
  LayerMemory second(&known);
  Walk walk_second(second);
  (void)walk_second.begin("CL_TYPE_MAIL", "other mail");
  EXPECT_TRUE(walk_second.leaf("CL_TYPE_ZIP", "zip"));
  EXPECT_FALSE(walk_second.leaf("CL_TYPE_ZIP", "zap"));
  EXPECT_EQ(second.take_new().size(), 1U) << "what is known isn't vouched for anew";
}

// With the real library.
TEST(LayerMemory, OnlyACleanAndCompleteMessageVouches) {
  const auto engine = engine_for_test();
  EXPECT_FALSE(scan_for_test(*engine, mail_with_attachment("a", "text")).vouched.empty());
  EXPECT_TRUE(scan_for_test(*engine, mail_with_payload(eicar())).vouched.empty());
  EXPECT_TRUE(
      scan_for_test(*engine, mail_with_attachment("a.rar", "Rar!\x1a\x07\x01 something")).vouched.empty());
}

TEST(LayerMemory, TheSameAttachmentTwiceIsScannedOnce) {
  const auto engine = engine_for_test();
  const std::string zip = base64(stored_zip("a.txt", std::string(5000, 'x')));
  std::string mail =
      "Received: by x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
  for (int i = 0; i < 2; ++i)
    mail +=
        "--b\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + zip + "\r\n";
  mail += "--b--\r\n";
  const Report report = scan_for_test(*engine, mail);
  EXPECT_TRUE(report.complete() && report.findings.empty()) << describe(report);
  EXPECT_GE(report.layers_known, 1U);
}

}  // namespace
}  // namespace rastel::detect
