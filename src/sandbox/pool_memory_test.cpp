// SPDX-License-Identifier: GPL-2.0-only
// What the pool remembers of clean messages and layers, and when it forgets.
#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "sandbox/pool_for_test.hpp"

namespace rastel::sandbox {
namespace {

EngineOptions remembering() {
  EngineOptions options = small_engine();
  options.verdict_cache = ByteCount{1 << 20};
  return options;
}

bool layer_is_known(PoolForTest& pool, std::string_view unique) {
  const Report report = pool.scan("asks " + std::string(unique));
  EXPECT_TRUE(is_clean(report)) << describe(report);
  return report.layers >= 1000;
}

TEST(PoolMemory, TheSameBytesAreCleanWithoutAScan) {
  PoolForTest pool(remembering(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_TRUE(is_clean(pool.scan("one")));
  EXPECT_EQ(pool.status().messages_known, 0U);
  const Report again = pool.scan("one");
  EXPECT_TRUE(is_clean(again));
  EXPECT_EQ(again.engine_version, "Hostile");
  EXPECT_EQ(again.signature_version, "1");
  EXPECT_TRUE(is_clean(pool.scan("one ")));
  EXPECT_EQ(pool.status().messages_known, 1U) << "other bytes are another message";
  EXPECT_EQ(pool.status().scans, 3U);
}

TEST(PoolMemory, WhereItMayBeEditedIsAskedAgainWhenItWasNotAskedBefore) {
  PoolForTest pool(remembering(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  const std::string mail = "Subject: one\r\n\r\ntext\r\n";
  EXPECT_FALSE(pool.scan(mail).places);
  const Report asked = pool.scan(mail, true);
  EXPECT_EQ(pool.status().messages_known, 0U);
  ASSERT_TRUE(asked.places);
  EXPECT_EQ(asked.places->leaves.size(), 1U);
  EXPECT_EQ(pool.scan(mail, true).places, asked.places);
  EXPECT_EQ(pool.status().messages_known, 1U);
}

TEST(PoolMemory, WhatIsNotCleanAndCompleteIsScannedAgain) {
  PoolForTest pool(remembering(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(pool.scan("infected").findings.empty());
  // Without a filesystem of its own nothing stops it: it says so itself.
  const auto filled = is_complete(best_start()) ? UnscannedReason::limit : UnscannedReason::engine;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(pool.scan("fill").has(filled));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(pool.scan("crash").has(UnscannedReason::crash));
  EXPECT_EQ(pool.status().messages_known, 0U);
  EXPECT_EQ(pool.status().remembered, 0U);
}

TEST(PoolMemory, OtherWorkersKnowTheLayer) {
  PoolForTest pool(remembering(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_FALSE(layer_is_known(pool, "1"));
  EXPECT_TRUE(is_clean(pool.scan("vouch")));
  EXPECT_TRUE(layer_is_known(pool, "2"));
  EXPECT_FALSE(pool.scan("infected").findings.empty());  // this worker is retired: it ended well
  EXPECT_TRUE(layer_is_known(pool, "3")) << "another worker, the same table";
}

TEST(PoolMemory, WhatAWorkerVouchedForIsForgottenWhenItEndsBadly) {
  for (const std::string_view end : {"crash", "abort", "exit", "lie-tag", "garbage", "close", "twice"}) {
    PoolForTest pool(remembering(), hostile_engine);
    ASSERT_TRUE(pool.run_until_ready());
    EXPECT_TRUE(is_clean(pool.scan("vouch")));
    EXPECT_TRUE(layer_is_known(pool, "1"));
    (void)pool.scan(end);
    if (end == "twice") (void)pool.scan("next");  // is where it shows at the latest
    EXPECT_FALSE(layer_is_known(pool, "2")) << end;
    EXPECT_TRUE(is_clean(pool.scan("vouch")));
    EXPECT_EQ(pool.status().messages_known, 0U) << end << ": the message was forgotten with it";
  }
}

TEST(PoolMemory, OtherSignaturesKnowNothing) {
  PoolForTest pool(remembering(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  EXPECT_TRUE(is_clean(pool.scan("vouch")));
  EXPECT_TRUE(layer_is_known(pool, "1"));
  ASSERT_TRUE(pool.reload());
  EXPECT_FALSE(layer_is_known(pool, "1"));
  EXPECT_EQ(pool.scan("vouch").signature_version, "2");
  EXPECT_EQ(pool.status().messages_known, 0U);
}

TEST(PoolMemory, NothingIsRememberedWhereItIsSwitchedOff) {
  PoolForTest pool(small_engine(), hostile_engine);
  ASSERT_TRUE(pool.run_until_ready());
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(is_clean(pool.scan("vouch")));
  EXPECT_FALSE(layer_is_known(pool, "1"));
  EXPECT_EQ(pool.status().messages_known, 0U);
}

// The real engine in a confined worker reads the table.
TEST(PoolMemory, AnAttachmentIsScannedOnce) {
  EngineOptions options = remembering();
  options.memory = ByteCount{1ULL << 30};
  PoolForTest pool(options, [options](std::uint32_t) {
    SignatureOptions signatures;
    signatures.directory = "/nonexistent";
    return load_engine(signatures, options);
  });
  ASSERT_TRUE(pool.run_until_ready());
  const auto mail = [](int number, std::string_view content) {
    return "Subject: " + std::to_string(number) + "\r\n" +
           detect::mail_with_attachment("a.zip", detect::stored_zip("a.txt", content));
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(is_clean(pool.scan(mail(i, "harmless text"))));
  const PoolStatus status = pool.status();
  EXPECT_EQ(status.messages_known, 0U);
  EXPECT_GE(status.layers_known, 8U) << "text and zip in four of five mails";
  EXPECT_LT(status.layers_known, status.layers);
  const Report found = pool.scan(mail(9, detect::eicar()));
  EXPECT_FALSE(found.findings.empty()) << describe(found);
}

}  // namespace
}  // namespace rastel::sandbox
