#include "client/catalog/tpp.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"

namespace chipledger::catalog {
namespace {

constexpr int32_t kMaxBits = 64;
constexpr int64_t kMaxMilliArea = 1'000'000'000;
constexpr int64_t kMinMilliArea = 1'000;

}  // namespace

absl::StatusOr<int64_t> MilliTppOf(const v1::Rate& rate) {
  const auto milli_tops = ParseDecimal(rate.tops(), kScale);
  if (!milli_tops || *milli_tops <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("tops \"", rate.tops(),
                     "\" is no decimal above 0 with at most three decimals"));
  }
  if (rate.bits() < 1 || rate.bits() > kMaxBits) {
    return absl::InvalidArgumentError(absl::StrCat(
        "bits ", rate.bits(), " is no bit length of 1 to ", kMaxBits));
  }
  const auto stated = CheckedMul(*milli_tops, rate.bits());
  if (!stated || *stated > limits::kMaxMilliTppPerGpu) {
    return absl::InvalidArgumentError(
        absl::StrCat(RateText(rate), " are more than the ",
                     FormatDecimalForPeople(limits::kMaxMilliTppPerGpu, kScale),
                     " TPP that a GPU can have in the ledger"));
  }
  if (!rate.sparse()) return *stated;
  if (*stated % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("half of ", RateText(rate),
                     " has more than three decimals; state the dense rate"));
  }
  return *stated / 2;
}

absl::StatusOr<std::optional<int64_t>> HighestMilliTpp(
    const google::protobuf::RepeatedPtrField<v1::Rate>& rates) {
  std::optional<int64_t> highest;
  for (const v1::Rate& rate : rates) {
    ASSIGN_OR_RETURN(const int64_t milli_tpp, MilliTppOf(rate));
    highest = std::max(highest, std::optional<int64_t>(milli_tpp));
  }
  return highest;
}

absl::StatusOr<v1::Rate> ParseRate(absl::string_view text, bool sparse) {
  const size_t x = text.find('x');
  v1::Rate rate;
  int32_t bits = 0;
  if (x == absl::string_view::npos ||
      !absl::SimpleAtoi(text.substr(x + 1), &bits)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not TOPSxBITS, such as 1979x8"));
  }
  rate.set_tops(std::string(text.substr(0, x)));
  rate.set_bits(bits);
  rate.set_sparse(sparse);
  RETURN_IF_ERROR(MilliTppOf(rate).status());
  return rate;
}

std::optional<int64_t> ParseArea(absl::string_view text) {
  const auto area = ParseDecimal(text, kScale);
  if (!area || *area < kMinMilliArea || *area > kMaxMilliArea) {
    return std::nullopt;
  }
  return area;
}

std::string RateText(const v1::Rate& rate) {
  const auto milli_tops = ParseDecimal(rate.tops(), kScale);
  return absl::StrCat(
      milli_tops ? FormatDecimalForPeople(*milli_tops, kScale) : rate.tops(),
      " TOPS x ", rate.bits(), " bits", rate.sparse() ? ", sparse" : "");
}

}  // namespace chipledger::catalog
