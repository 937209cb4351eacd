// Goal: an import's progress tells how much is read and answered, how fast, and
// how long it will take, and nothing that it cannot know yet.
#include "client/import/progress_text.h"

#include "gtest/gtest.h"

namespace chipledger::import {
namespace {

TEST(ProgressTextTest, SaysHowMuchHowFastAndHowLong) {
  EXPECT_EQ(DescribeProgress(1'000, 500, 1'000, absl::Seconds(4)),
            "[==========          ]  50 %  1,000 answered, 250/s, 4s left");
  EXPECT_EQ(DescribeProgress(1'234'567, 250, 1'000, absl::Milliseconds(30'500)),
            "[=====               ]  25 %  1,234,567 answered, 40,477/s, "
            "1m32s left");
  EXPECT_EQ(DescribeProgress(9, 1'000, 1'000, absl::Seconds(3)),
            "[====================] 100 %  9 answered, 3/s");
}

TEST(ProgressTextTest, SaysNothingThatItCannotKnow) {
  EXPECT_EQ(DescribeProgress(0, 0, 1'000, absl::ZeroDuration()),
            "[                    ]   0 %  0 answered");
  EXPECT_EQ(DescribeProgress(10, 500, 1'000, absl::Milliseconds(1'999)),
            "[==========          ]  50 %  10 answered");
  // Nothing is read yet.
  EXPECT_EQ(DescribeProgress(0, 0, 1'000, absl::Seconds(4)),
            "[                    ]   0 %  0 answered, 0/s");
  // Standard input has no end that is known.
  EXPECT_EQ(DescribeProgress(1'000, 500, 0, absl::Seconds(4)),
            "1,000 answered, 250/s");
}

}  // namespace
}  // namespace chipledger::import
