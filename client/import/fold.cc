#include "client/import/fold.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include "absl/strings/ascii.h"

namespace chipledger::import {
namespace {

bool IsAscii(absl::string_view text) {
  for (const char c : text) {
    if (!absl::ascii_isascii(static_cast<unsigned char>(c))) return false;
  }
  return true;
}

icu::UnicodeString FromUtf8(absl::string_view text) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

// Unicode's table of characters that look alike. Reading it is thread-safe.
const USpoofChecker* Confusables() {
  static const USpoofChecker* const checker = [] {
    UErrorCode error = U_ZERO_ERROR;
    return uspoof_open(&error);
  }();
  return checker;
}

}  // namespace

std::string FoldAccentsAndCase(absl::string_view text) {
  if (IsAscii(text)) return absl::AsciiStrToLower(text);
  UErrorCode error = U_ZERO_ERROR;
  const auto* normalizer = icu::Normalizer2::getNFKDInstance(error);
  const auto decomposed =
      normalizer->normalize(FromUtf8(text).foldCase(), error);
  icu::UnicodeString kept;
  for (int32_t i = 0; i < decomposed.length();
       i = decomposed.moveIndex32(i, 1)) {
    const UChar32 c = decomposed.char32At(i);
    if (u_charType(c) != U_NON_SPACING_MARK) kept.append(c);
  }
  std::string folded;
  kept.toUTF8String(folded);
  return folded;
}

std::string FoldLookAlikes(absl::string_view text) {
  std::string folded;
  if (IsAscii(text)) {
    folded = absl::AsciiStrToLower(text);
  } else {
    UErrorCode error = U_ZERO_ERROR;
    const auto plain =
        icu::Normalizer2::getNFKCCasefoldInstance(error)->normalize(
            FromUtf8(text), error);
    // The skeleton of a text also makes "1" and "l" one, so it is taken of
    // other characters only.
    icu::UnicodeString latin;
    for (int32_t i = 0; i < plain.length(); i = plain.moveIndex32(i, 1)) {
      const icu::UnicodeString one(plain.char32At(i));
      if (plain.char32At(i) < 0x80) {
        latin += one;
        continue;
      }
      icu::UnicodeString skeleton;
      uspoof_getSkeletonUnicodeString(Confusables(), 0, one, skeleton, &error);
      latin += skeleton;
    }
    latin.foldCase();
    latin.toUTF8String(folded);
  }
  absl::RemoveExtraAsciiWhitespace(&folded);
  return folded;
}

}  // namespace chipledger::import
