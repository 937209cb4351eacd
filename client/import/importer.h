// Records in a ledger what a source says of shipments.
#ifndef CHIPLEDGER_CLIENT_IMPORT_IMPORTER_H_
#define CHIPLEDGER_CLIENT_IMPORT_IMPORTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/client.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// What became of the records of a file. What it says to record, to correct and
// to void is counted, not items. Each is in one of these, and all of it is true
// of the ledger at the time of its answer.
struct ImportCounts {
  // Stored by this import (with dry_run: would be).
  int64_t recorded = 0;
  // The same for corrections and voidings, each by itself.
  int64_t corrected = 0;
  int64_t canceled = 0;
  // Stored before, by an earlier import or otherwise, and the ledger says of it
  // now what the file says in the end; nothing was changed.
  int64_t already_there = 0;
  // Stored before, and voided since: it counts nothing.
  int64_t voided = 0;
  // The ledger has other figures under the same reference.
  int64_t differs = 0;
  // Refused by the rules. The refusal is an entry.
  int64_t refused = 0;
  // Of those, refused by an earlier import already: the first answer again.
  int64_t refused_before = 0;
  // Bad input, here or at the server. Nothing was stored.
  int64_t rejected = 0;
  // Not meant to be imported, by the format's rule that leaves them out.
  std::map<std::string, int64_t> skipped;
  // Of those recorded or already there, what the file itself says against
  // counting them, with how many it says it of.
  std::map<std::string, int64_t> flagged;
  // What the ledger does not have, for which others were rejected (the first
  // hundred of each).
  std::set<std::string> missing_products;
  std::set<std::string> missing_parties;
  std::set<std::string> missing_licenses;

  // Of all of these, those whose reference differs from another one's, in the
  // file or in the ledger, only in case or in characters that look alike. They
  // may be one shipment under two references. In the ledger the spellings in
  // capitals and in small letters are looked for, of the first ten thousand
  // that are in it.
  int64_t possible_duplicates = 0;

  // What the ledger says as the file does, whenever it was recorded.
  int64_t InLedger() const {
    return recorded + corrected + canceled + already_there;
  }
  int64_t Done() const { return InLedger() + NotImported(); }
  // What is in the rejects.
  int64_t NotImported() const { return voided + differs + refused + rejected; }
};

// Why a shipment or license of the file is not in the ledger as the file says.
struct ImportProblem {
  // Of the record that is wrong, or its first.
  int64_t line = 0;
  std::string reason;
};

// A reference or license id that may be another one, written otherwise.
struct PossibleDuplicate {
  int64_t line = 0;
  std::string reference;
  // The line of the other one; 0: it is in the ledger, as `other`.
  int64_t other_line = 0;
  std::string other;
};

// How an import ended.
struct ImportOutcome {
  // What was answered until then, all of it stored.
  ImportCounts counts;
  // The first of counts.NotImported(), in the order of the file.
  std::vector<ImportProblem> first_problems;
  // The first of counts.possible_duplicates.
  std::vector<PossibleDuplicate> first_possible_duplicates;
  // OK: the source was read to its end, or to the record that `strict` stopped
  // at. Else the file cannot be read, the rejects cannot be written, or the
  // server failed or cannot be reached; the message says how many have no
  // answer.
  absl::Status status;
};

// How to import. What is said of shipments holds for licenses as well.
struct ImportOptions {
  // Ask the server to judge each command by itself, and store nothing. What
  // changes a shipment that the file adds is not judged.
  bool dry_run = false;
  // Stop at the first record that is not imported. Those before it are stored,
  // and some after it may be.
  bool strict = false;
  // Where to write what was not imported: CSV with the columns line, reason and
  // record (as it stands in the file), in the order of the file. See
  // RejectsFile. Empty: nowhere.
  std::string rejects_path;
  // When set, what an earlier import saw refused is asked about again, as a new
  // attempt by this name.
  std::string retry_refused;
  // What a command of the file is called where an error counts them.
  std::string noun = "shipment";
  // Called now and then on the calling thread.
  std::function<void(const ImportCounts&, const LineReader&)> on_progress;
};

// How many problems, and possible duplicates, an outcome lists.
inline constexpr size_t kFirstProblems = 10;

// Imports a source to its end, over one bulk stream, in bounded memory:
// shipments, movements of their units, or declared stock. What it says of one
// shipment is recorded in the order of the file, but for what `retry_refused`
// asks about anew.
//
// Idempotency: the request_id of a shipment is made from its content, so an
// import that was cut off is resumed by running it again, and running it twice
// changes nothing. What was there before is compared with the ledger as it now
// stands: shipments that nothing has happened to by the stream, others one by
// one. A movement is there unless it was voided, and a declaration was recorded
// whichever replaced it since.
ImportOutcome ImportShipments(client::Client& client, CommandSource& source,
                              const ImportOptions& options);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_IMPORTER_H_
