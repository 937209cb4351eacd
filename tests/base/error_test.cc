// Goal: the cause and the wrong fields of an error arrive as they were given,
// whatever bytes they hold.
#include "ledger/base/error.h"

#include <string>

#include "gtest/gtest.h"

namespace chipledger {
namespace {

TEST(ErrorTest, CarriesReasonAndMetadata) {
  const absl::Status status =
      MakeError(absl::StatusCode::kNotFound, "PRODUCT_NOT_FOUND", "no such",
                {{"product_code", "a:b\n7:\xff"}, {"empty", ""}});
  const auto cause = GetErrorCause(status);
  ASSERT_TRUE(cause);
  EXPECT_EQ(cause->reason, "PRODUCT_NOT_FOUND");
  EXPECT_EQ(cause->metadata.at("product_code"), "a:b\n7:\xff");
  EXPECT_EQ(cause->metadata.at("empty"), "");
  EXPECT_TRUE(GetFieldViolations(status).empty());
}

TEST(ErrorTest, CarriesEveryWrongField) {
  const std::vector<FieldViolation> wrong = {{"a.b[0]", "is 1:2"},
                                             {"c", "is required"}};
  const absl::Status status = InvalidFields(wrong);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(GetFieldViolations(status), wrong);
  EXPECT_EQ(GetErrorCause(status)->metadata.at("field"), "a.b[0]");
  EXPECT_EQ(std::string(status.message()), "a.b[0]: is 1:2; c: is required");
}

TEST(ErrorTest, AForeignStatusHasNoCause) {
  EXPECT_FALSE(GetErrorCause(absl::InternalError("x")));
}

}  // namespace
}  // namespace chipledger
