// Records the shipments of a source in a ledger.
#ifndef CHIPLEDGER_CLIENT_IMPORT_IMPORTER_H_
#define CHIPLEDGER_CLIENT_IMPORT_IMPORTER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "client/client.h"
#include "client/import/shipment_source.h"

namespace chipledger::import {

// What became of the records of a file. Shipments are counted, not items.
struct ImportCounts {
  // Stored by this import (with dry_run: would be).
  int64_t recorded = 0;
  // Stored before, by an earlier import or for the same content further up in
  // the file; nothing was changed.
  int64_t already_there = 0;
  // Refused by the rules. The refusal is an entry.
  int64_t refused = 0;
  // Of those, refused by an earlier import already: the first answer again.
  int64_t refused_before = 0;
  // Bad input, here or at the server. Nothing was stored.
  int64_t rejected = 0;
  // Not meant to be imported, by the format's rule that leaves them out.
  std::map<std::string, int64_t> skipped;
  // Products that shipments were rejected for, because they are not registered
  // (the first hundred).
  std::set<std::string> missing_products;

  int64_t Done() const { return recorded + already_there + refused + rejected; }
};

// How an import ended.
struct ImportOutcome {
  // What was answered until then, all of it stored.
  ImportCounts counts;
  // OK: the source was read to its end, or to the record that `strict` stopped
  // at. Else the file cannot be read, the rejects cannot be written, or the
  // server failed or cannot be reached; the message says how many shipments
  // have no answer.
  absl::Status status;
};

// How to import.
struct ImportOptions {
  // Ask the server to judge each shipment by itself, and store nothing.
  bool dry_run = false;
  // Stop at the first record that is refused or rejected. Those before it are
  // stored, and some after it may be.
  bool strict = false;
  // Where to write what was refused or rejected: CSV with the columns line,
  // reason and record (as it stands in the file), in the order of the file but
  // for what `retry_refused` asks again. Empty: nowhere.
  std::string rejects_path;
  // When set, shipments that an earlier import saw refused are asked about
  // again, as a new attempt by this name.
  std::string retry_refused;
  // Called now and then on the calling thread.
  std::function<void(const ImportCounts&, const LineReader&)> on_progress;
};

// Imports a source to its end, over one bulk stream, in bounded memory.
//
// Idempotency: the request_id of a shipment is made from its content, so an
// import that was cut off is resumed by running it again, and running it twice
// changes nothing.
ImportOutcome ImportShipments(client::Client& client, ShipmentSource& source,
                              const ImportOptions& options);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_IMPORTER_H_
