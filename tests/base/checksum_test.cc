// Stored checksums are these, on every build.
#include "ledger/base/checksum.h"

#include "gtest/gtest.h"

namespace chipledger {
namespace {

TEST(ChecksumTest, IsXxh3) {
  // From the vectors of the reference implementation.
  EXPECT_EQ(Checksum(""), 0x2D06800538D394C2u);
}

TEST(ChecksumTest, DependsOnEachByteAndOnTheSeed) {
  EXPECT_NE(Checksum("ab"), Checksum("ba"));
  EXPECT_NE(Checksum("ab"), Checksum("ab", 1));
}

}  // namespace
}  // namespace chipledger
