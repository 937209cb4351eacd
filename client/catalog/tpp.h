// Total processing performance from published rates.
#ifndef CHIPLEDGER_CLIENT_CATALOG_TPP_H_
#define CHIPLEDGER_CLIENT_CATALOG_TPP_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/catalog_file.pb.h"
#include "google/protobuf/repeated_ptr_field.h"

namespace chipledger::catalog {

// Decimals of TPP, rates, areas and densities.
inline constexpr int kScale = 3;

// Dense operations times bit length, in milli-TPP.
// Errors: INVALID_ARGUMENT, naming the value, for a rate that is none, and for
// one whose TPP is more than the ledger takes or is not exact in milli-TPP.
absl::StatusOr<int64_t> MilliTppOf(const v1::Rate& rate);

// The highest of the rates, which is the product's; nothing without rates.
// Errors: as MilliTppOf.
absl::StatusOr<std::optional<int64_t>> HighestMilliTpp(
    const google::protobuf::RepeatedPtrField<v1::Rate>& rates);

// Reads "TOPSxBITS", such as "1979x8", stated with sparsity or not.
// Errors: INVALID_ARGUMENT.
absl::StatusOr<v1::Rate> ParseRate(absl::string_view text, bool sparse);

// An area of 1 to 1,000,000 square millimeters in thousandths; nothing when it
// is none.
std::optional<int64_t> ParseArea(absl::string_view text);

// "1,979 TOPS x 8 bits", and that it is stated with sparsity.
std::string RateText(const v1::Rate& rate);

}  // namespace chipledger::catalog

#endif  // CHIPLEDGER_CLIENT_CATALOG_TPP_H_
