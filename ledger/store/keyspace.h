// Every column family, key and fixed-width encoding of the data directory.
// Nobody else puts keys together. Everything here is on disk: never renumber,
// rename or re-encode; a change is a new format version.
//
// Integers are big-endian, so that the order of keys is the order of numbers.
#ifndef CHIPLEDGER_LEDGER_STORE_KEYSPACE_H_
#define CHIPLEDGER_LEDGER_STORE_KEYSPACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/base/checksum.h"
#include "ledger/base/uuid.h"

namespace chipledger::store {

// Version of the data directory's format, in the directory's marker file and
// in every Head.
inline constexpr uint32_t kFormatVersion = 11;

// Files of the data directory.
inline constexpr char kMarkerFile[] = "CHIPLEDGER";
inline constexpr char kDatabaseFolder[] = "db";
inline constexpr char kIncomingFolder[] = "incoming";

// Column families. "default", which RocksDB insists on, stays empty.
//
//   entries  index of a block's first entry -> block (entry_block.h)
//   ids      id key -> index (8 bytes); derivable from entries
//   state    state key -> serialized storage.v1.StateRow; a version for each
//            mark with which the row was stored, never overwritten
//   meta     "head" -> serialized storage.v1.Head
//            mark key -> serialized storage.v1.Head as it was at the mark
inline constexpr char kEntriesFamily[] = "entries";
inline constexpr char kIdsFamily[] = "ids";
inline constexpr char kStateFamily[] = "state";
inline constexpr char kMetaFamily[] = "meta";

inline constexpr char kHeadKey[] = "head";

// First byte of a key in `ids`. Never renumber.
enum class IdKind : char {
  // Value: the ids of all entries below an index are in `ids`; see
  // EncodeWatermark.
  kWatermark = 0,
  // The 16 bytes of a request id. Value: the request's first index.
  kRequest = 1,
  // A hash, exporter, 0x00, shipment_reference. Value: the index of the
  // shipment's first event.
  kShipment = 2,
};

// First byte of a key in `state`. Never renumber.
enum class RowKind : char {
  kTotal = 1,
  kLicense = 2,
  kShipment = 3,
  kProduct = 4,
  kParty = 5,
  kCountryGroup = 6,
  kPolicy = 7,
  kLedger = 8,
  kReservation = 9,
  kApplication = 10,
  kDeclaration = 11,
  kHolidayCalendar = 12,
  kFactDate = 13,
  kPartyConditions = 14,
  kReport = 15,
};

// Big-endian integers ------------------------------------------------------

using Fixed64 = std::array<char, 8>;

inline Fixed64 EncodeFixed64(uint64_t value) {
  Fixed64 bytes;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(value >> (56 - 8 * i));
  }
  return bytes;
}

inline absl::string_view AsView(const Fixed64& bytes) {
  return {bytes.data(), bytes.size()};
}

// Returns the number, or nothing when `bytes` is not one.
inline std::optional<uint64_t> DecodeFixed64(absl::string_view bytes) {
  if (bytes.size() != sizeof(uint64_t)) return std::nullopt;
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

// Keys of `entries` --------------------------------------------------------

inline Fixed64 EntriesKey(uint64_t first_index) {
  return EncodeFixed64(first_index);
}

inline std::optional<uint64_t> DecodeEntriesKey(absl::string_view key) {
  return DecodeFixed64(key);
}

// Keys of `ids` ------------------------------------------------------------

// FNV-1a with a final mix: spreads keys that start alike. On disk, so it must
// never change.
inline uint64_t SpreadOf(absl::string_view exporter,
                         absl::string_view shipment_reference) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto take = [&hash](char byte) {
    hash = (hash ^ static_cast<uint8_t>(byte)) * 0x100000001b3;
  };
  for (const char byte : exporter) take(byte);
  take('\0');
  for (const char byte : shipment_reference) take(byte);
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
  return hash ^ hash >> 33;
}

// IdKey is a key of `ids`, made without touching the heap for ids within their
// limits. The bytes after the kind are spread over all values: a request id is
// random, and a shipment's key starts with a hash of itself. So keys are sorted
// and told apart by their first bytes; a shipment's whole name follows, because
// a hash alone would not be exact.
class IdKey {
 public:
  static IdKey Watermark() { return IdKey(IdKind::kWatermark); }
  static IdKey Request(const Uuid& request_id) {
    IdKey key(IdKind::kRequest);
    key.Append(request_id.AsBytes());
    return key;
  }
  // No exporter id holds 0x00, so that keys cannot be confused.
  static IdKey Shipment(absl::string_view exporter,
                        absl::string_view shipment_reference) {
    IdKey key(IdKind::kShipment);
    const Fixed64 spread =
        EncodeFixed64(SpreadOf(exporter, shipment_reference));
    key.Append(AsView(spread));
    key.Append(exporter);
    key.bytes_.push_back('\0');
    key.Append(shipment_reference);
    return key;
  }

  absl::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  explicit IdKey(IdKind kind) { bytes_.push_back(static_cast<char>(kind)); }
  void Append(absl::string_view part) {
    bytes_.insert(bytes_.end(), part.begin(), part.end());
  }

  absl::InlinedVector<char, 144> bytes_;
};

// The value of the watermark: the index and its checksum, 8 bytes each. What an
// id says is checked against the entry; nothing else tells a wrong watermark.
inline std::string EncodeWatermark(uint64_t index) {
  const Fixed64 bytes = EncodeFixed64(index);
  const Fixed64 checksum = EncodeFixed64(Checksum(AsView(bytes)));
  return absl::StrCat(AsView(bytes), AsView(checksum));
}

// Returns nothing when `value` is not one.
inline std::optional<uint64_t> DecodeWatermark(absl::string_view value) {
  if (value.size() != 2 * sizeof(Fixed64)) return std::nullopt;
  const absl::string_view index = value.substr(0, sizeof(Fixed64));
  if (DecodeFixed64(value.substr(sizeof(Fixed64))) != Checksum(index)) {
    return std::nullopt;
  }
  return DecodeFixed64(index);
}

// Keys of `state` ----------------------------------------------------------
//
// kind, what identifies the row among its kind, 0x00, mark. The mark's size has
// its bits turned over: of a row's versions the newest comes first, and seeking
// the key of a size finds the version of the greatest mark not above it. A
// total is identified by the bytes of its TotalKey.

// The bytes after the key of a row: 0x00 and a mark.
inline constexpr size_t kVersionBytes = 1 + sizeof(uint64_t);

inline Fixed64 EncodeNewestFirst(uint64_t value) {
  return EncodeFixed64(~value);
}

// Returns the key of a row without its mark: its kind and what identifies it
// among its kind. No id holds 0x00. Empty for a row without a kind, which has
// no key.
inline std::string RowKey(const storage::v1::StateRow& row) {
  using Row = storage::v1::StateRow;
  const auto key = [](RowKind kind, absl::string_view name) {
    return absl::StrCat(
        absl::string_view(reinterpret_cast<const char*>(&kind), 1), name);
  };
  const auto key_by_index = [&key](RowKind kind, uint64_t index) {
    return key(kind, AsView(EncodeFixed64(index)));
  };
  switch (row.kind_case()) {
    case Row::kTotal:
      return key(RowKind::kTotal, row.total().key());
    case Row::kLicense:
      return key(RowKind::kLicense, row.license().license().license_id());
    case Row::kShipment:
      return key_by_index(RowKind::kShipment, row.shipment().index());
    case Row::kProduct:
      return row.product().revisions().empty()
                 ? ""
                 : key(RowKind::kProduct,
                       row.product().revisions(0).product_code());
    case Row::kParty:
      return key(RowKind::kParty, row.party().party_id());
    case Row::kCountryGroup:
      return key(RowKind::kCountryGroup, row.country_group().group_id());
    case Row::kPolicy:
      return key_by_index(RowKind::kPolicy, row.policy().index());
    case Row::kLedger:
      return key(RowKind::kLedger, "");
    case Row::kReservation:
      return key_by_index(RowKind::kReservation, row.reservation().index());
    case Row::kApplication:
      return key(RowKind::kApplication,
                 row.application().application().application_id());
    case Row::kDeclaration:
      return key(RowKind::kDeclaration, row.declaration().party_id());
    case Row::kHolidayCalendar:
      return key(RowKind::kHolidayCalendar,
                 row.holiday_calendar().calendar_id());
    case Row::kFactDate:
      return key(RowKind::kFactDate, row.fact_date().subject_and_date());
    case Row::kPartyConditions:
      return key(RowKind::kPartyConditions, row.party_conditions().party_id());
    case Row::kReport:
      return key(RowKind::kReport, row.report().policy_and_date());
    case Row::KIND_NOT_SET:
      break;
  }
  return "";
}

// Returns the key of a row's version at a mark.
inline std::string StateKey(absl::string_view row_key, uint64_t mark) {
  const Fixed64 mark_bytes = EncodeNewestFirst(mark);
  return absl::StrCat(row_key, absl::string_view("\0", 1), AsView(mark_bytes));
}

// A key of `state`, taken apart.
struct StateVersion {
  absl::string_view row_key;
  uint64_t mark = 0;
};

// Returns nothing when `key` is not one.
inline std::optional<StateVersion> DecodeStateKey(absl::string_view key) {
  if (key.size() <= kVersionBytes) return std::nullopt;
  const absl::string_view version = key.substr(key.size() - kVersionBytes);
  const std::optional<uint64_t> mark = DecodeFixed64(version.substr(1));
  if (version[0] != 0 || !mark) return std::nullopt;
  return StateVersion{key.substr(0, key.size() - kVersionBytes), ~*mark};
}

// A value of `state`: a checksum of all that follows and of the key, the mark
// of the version before (0: none), each 8 bytes, and the row.
inline constexpr size_t kStateHeaderBytes = 16;

struct StateValue {
  uint64_t checksum = 0;
  uint64_t version_before = 0;
  absl::string_view row;
};

inline std::string EncodeStateValue(absl::string_view key,
                                    uint64_t version_before,
                                    absl::string_view row) {
  const Fixed64 before = EncodeFixed64(version_before);
  const std::string checked = absl::StrCat(AsView(before), row);
  const Fixed64 checksum = EncodeFixed64(Checksum(checked, Checksum(key)));
  return absl::StrCat(AsView(checksum), checked);
}

// Requires: `value` has a header.
inline uint64_t ChecksumOfStateValue(absl::string_view value) {
  return *DecodeFixed64(value.substr(0, 8));
}

// Returns nothing when `value` is not one, or not of this key.
inline std::optional<StateValue> DecodeStateValue(absl::string_view key,
                                                  absl::string_view value) {
  if (value.size() < kStateHeaderBytes) return std::nullopt;
  const uint64_t checksum = ChecksumOfStateValue(value);
  const absl::string_view checked = value.substr(8);
  if (checksum != Checksum(checked, Checksum(key))) return std::nullopt;
  return StateValue{.checksum = checksum,
                    .version_before = *DecodeFixed64(checked.substr(0, 8)),
                    .row = checked.substr(8)};
}

// Keys of `meta` -----------------------------------------------------------

// "mark", then the mark's size: the greatest mark not above a size is one seek
// away.
inline constexpr char kMarkPrefix[] = "mark";

inline std::string MarkKey(uint64_t size) {
  const Fixed64 bytes = EncodeFixed64(size);
  return absl::StrCat(kMarkPrefix, AsView(bytes));
}

inline bool IsMarkKey(absl::string_view key) {
  return absl::StartsWith(key, kMarkPrefix);
}

// A value of `meta`: a checksum of what follows, 8 bytes, and the message.
inline std::string EncodeMeta(const google::protobuf::MessageLite& message) {
  const std::string bytes = message.SerializeAsString();
  const Fixed64 checksum = EncodeFixed64(Checksum(bytes));
  return absl::StrCat(AsView(checksum), bytes);
}

// Returns false when `value` is not one.
inline bool DecodeMeta(absl::string_view value,
                       google::protobuf::MessageLite& message) {
  if (value.size() < sizeof(Fixed64)) return false;
  const absl::string_view bytes = value.substr(sizeof(Fixed64));
  return DecodeFixed64(value.substr(0, sizeof(Fixed64))) == Checksum(bytes) &&
         message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_KEYSPACE_H_
