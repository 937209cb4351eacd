// The encodings on disk, pinned byte by byte, and their order.
#include "ledger/store/keyspace.h"

#include <gtest/gtest.h>

#include <string>

namespace chipledger::store {
namespace {

using storage::v1::StateRow;

std::string Bytes(absl::string_view view) { return std::string(view); }

TEST(KeyspaceTest, NumbersAreBigEndianAndKeepTheirOrder) {
  EXPECT_EQ(Bytes(AsView(EncodeFixed64(0x0102030405060708))),
            "\1\2\3\4\5\6\7\10");
  EXPECT_LT(Bytes(AsView(EntriesKey(255))), Bytes(AsView(EntriesKey(256))));
  EXPECT_EQ(DecodeEntriesKey(AsView(EntriesKey(UINT64_MAX))), UINT64_MAX);
  EXPECT_EQ(DecodeFixed64("1234567"), std::nullopt);
  EXPECT_EQ(DecodeFixed64("123456789"), std::nullopt);
}

TEST(KeyspaceTest, IdKeysArePinned) {
  const auto uuid = Uuid::Parse("61626364-6566-6768-696a-6b6c6d6e6f70");
  ASSERT_TRUE(uuid);
  EXPECT_EQ(Bytes(IdKey::Watermark().view()), std::string("\0", 1));
  EXPECT_EQ(Bytes(IdKey::Request(*uuid).view()), "\1abcdefghijklmnop");
  EXPECT_EQ(Bytes(IdKey::Shipment("acme", "S-1").view()),
            std::string("\2\x79\x37r\x0c\x56\x0c\x0b\x59"
                        "acme\0S-1",
                        17));
}

TEST(KeyspaceTest, IdKeysOfLongStringsAreWhole) {
  const std::string exporter(64, 'e');
  const std::string reference(64, 'r');
  EXPECT_EQ(IdKey::Shipment(exporter, reference).view().size(), 138u);
  EXPECT_EQ(IdKey::Shipment(std::string(500, 'e'), reference).view().size(),
            574u);
}

TEST(KeyspaceTest, StateKeysArePinned) {
  StateRow row;
  row.mutable_total()->set_key("key");
  EXPECT_EQ(RowKey(row), "\1key");
  row.mutable_license()->mutable_license()->set_license_id("L");
  EXPECT_EQ(RowKey(row), "\2L");
  row.mutable_shipment()->set_index(2);
  EXPECT_EQ(RowKey(row), std::string("\3\0\0\0\0\0\0\0\2", 9));
  row.mutable_product()->add_revisions()->set_product_code("H100");
  EXPECT_EQ(RowKey(row), "\4H100");
  row.mutable_party()->set_party_id("acme");
  EXPECT_EQ(RowKey(row), "\5acme");
  row.mutable_country_group()->set_group_id("D:5");
  EXPECT_EQ(RowKey(row), "\6D:5");
  row.mutable_policy()->set_index(9);
  EXPECT_EQ(RowKey(row), std::string("\7\0\0\0\0\0\0\0\x9", 9));
  row.mutable_ledger();
  EXPECT_EQ(RowKey(row), "\10");
  row.mutable_reservation()->set_index(3);
  EXPECT_EQ(RowKey(row), std::string("\11\0\0\0\0\0\0\0\3", 9));
  row.mutable_application()->mutable_application()->set_application_id("Z1");
  EXPECT_EQ(RowKey(row), "\12Z1");
  row.mutable_declaration()->set_party_id("acme");
  EXPECT_EQ(RowKey(row), "\13acme");
  row.mutable_holiday_calendar()->set_calendar_id("us");
  EXPECT_EQ(RowKey(row), "\14us");
  EXPECT_EQ(RowKey(StateRow()), "");
}

TEST(KeyspaceTest, OfARowsVersionsTheNewestComesFirst) {
  const std::string older = StateKey("\2L", 256);
  const std::string newer = StateKey("\2L", 257);
  EXPECT_EQ(older, std::string("\2L\0\xff\xff\xff\xff\xff\xff\xfe\xff", 11));
  EXPECT_LT(newer, older);
  const auto version = DecodeStateKey(newer);
  ASSERT_TRUE(version);
  EXPECT_EQ(version->row_key, "\2L");
  EXPECT_EQ(version->mark, 257u);
  EXPECT_FALSE(DecodeStateKey("\2L"));
  EXPECT_LT(MarkKey(255), MarkKey(256));
  EXPECT_TRUE(IsMarkKey(MarkKey(1)));
  EXPECT_FALSE(IsMarkKey("head"));
}

TEST(KeyspaceTest, AWatermarkWithAnyByteChangedIsNone) {
  const std::string value = EncodeWatermark(1'000);
  EXPECT_EQ(DecodeWatermark(value), 1'000u);
  for (size_t at = 0; at < value.size(); ++at) {
    std::string changed = value;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_EQ(DecodeWatermark(changed), std::nullopt) << at;
  }
}

}  // namespace
}  // namespace chipledger::store
