// A group comes back from its blocks as it was, and damaged blocks are told
// from good ones.
#include "ledger/store/entry_block.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/limits.h"

namespace chipledger::store {
namespace {

std::string Value(const EncodedBlock& block) {
  return absl::StrCat(block.header, block.entries);
}

TEST(EntryBlockTest, BytesAreTheDocumentedOnes) {
  EntryGroup group(7);
  group.Append("ab");
  group.Append("cde");
  const auto blocks = EncodeBlocks(group);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].first_index, 7u);
  EXPECT_EQ(Value(blocks[0]), std::string("\xA4\xF1\x9E\x64\x6D\xD9\x6B\xBA"
                                          "\0\0\0\2\0\2\0\3abcde",
                                          21));
}

TEST(EntryBlockTest, GroupLargerThanABlockIsCutAndComesBack) {
  EntryGroup group(100);
  for (int i = 0; i < 1000; ++i) {
    group.Append(std::string(1 + i % 500, static_cast<char>('a' + i % 26)));
  }
  const auto blocks = EncodeBlocks(group);
  EXPECT_GT(blocks.size(), 2u);
  uint64_t next = 100;
  for (const EncodedBlock& encoded : blocks) {
    const std::string value = Value(encoded);
    BlockView view;
    ASSERT_TRUE(view.Parse(encoded.first_index, value));
    EXPECT_EQ(view.first_index(), next);
    for (; next < view.end_index(); ++next) {
      EXPECT_EQ(view.entry(next), group.entry(next));
    }
  }
  EXPECT_EQ(next, group.end_index());
}

TEST(EntryBlockTest, LargestEntryFits) {
  EntryGroup group(0);
  const std::string largest(limits::kMaxEntryBytes, 'x');
  group.Append(largest);
  group.Append(largest);
  for (const EncodedBlock& encoded : EncodeBlocks(group)) {
    const std::string value = Value(encoded);
    BlockView view;
    ASSERT_TRUE(view.Parse(encoded.first_index, value));
    EXPECT_EQ(view.entry(encoded.first_index), largest);
  }
}

TEST(EntryBlockTest, EveryCutAndEveryAdditionIsNoticed) {
  EntryGroup group(0);
  group.Append("first");
  group.Append("second");
  const std::string value = Value(EncodeBlocks(group)[0]);
  BlockView view;
  for (size_t size = 0; size < value.size(); ++size) {
    EXPECT_FALSE(view.Parse(0, value.substr(0, size))) << size;
    EXPECT_FALSE(view.Contains(0)) << size;
  }
  EXPECT_FALSE(view.Parse(0, value + "x"));
  EXPECT_TRUE(view.Parse(0, value));
}

}  // namespace
}  // namespace chipledger::store
