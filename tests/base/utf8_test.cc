// Goal: text from outside is told from other bytes, and never cut inside a
// character.
#include "ledger/base/utf8.h"

#include "gtest/gtest.h"

namespace chipledger {
namespace {

TEST(Utf8Test, KnowsWellFormedText) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("Wrocław 計算 \xF0\x9F\x87\xA6"));
  EXPECT_FALSE(IsUtf8("\xFF"));
  EXPECT_FALSE(IsUtf8("abc\xC3"));           // Cut off.
  EXPECT_FALSE(IsUtf8("\xC0\x80"));          // Overlong.
  EXPECT_FALSE(IsUtf8("\xE0\x80\x80"));      // Overlong.
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // A surrogate.
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // Past U+10FFFF.
}

TEST(Utf8Test, TruncatesBetweenCharacters) {
  EXPECT_EQ(TruncateUtf8("Köln", 2), "K");
  EXPECT_EQ(TruncateUtf8("Köln", 3), "Kö");
  EXPECT_EQ(TruncateUtf8("Köln", 10), "Köln");
}

}  // namespace
}  // namespace chipledger
