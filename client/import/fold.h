// Text as it is compared, whatever its case, accents and look.
#ifndef CHIPLEDGER_CLIENT_IMPORT_FOLD_H_
#define CHIPLEDGER_CLIENT_IMPORT_FOLD_H_

#include <string>

#include "absl/strings/string_view.h"

namespace chipledger::import {

// Returns the text without accents and in lower case: Unicode's compatible
// decomposition without its marks, case-folded. What is no UTF-8 becomes
// U+FFFD.
std::string FoldAccentsAndCase(absl::string_view text);

// Returns the text that all texts have which look like it but for the case:
// lower case, other scripts' letters as the Latin ones they look like, runs of
// blanks as one, and nothing that is not seen. Latin letters and digits stay
// themselves: "1" is not "l".
std::string FoldLookAlikes(absl::string_view text);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_FOLD_H_
