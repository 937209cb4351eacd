// Records in a ledger what a source says of licenses.
#ifndef CHIPLEDGER_CLIENT_IMPORT_LICENSE_IMPORTER_H_
#define CHIPLEDGER_CLIENT_IMPORT_LICENSE_IMPORTER_H_

#include "client/client.h"
#include "client/import/command_source.h"
#include "client/import/importer.h"

namespace chipledger::import {

// Grants the licenses of a source, or records the conditions that licenses have
// met, to its end and one after the other: where a
// limit admits some of them only, it admits the first of the file. As
// ImportShipments, but that each license is a request of its own.
//
// What was granted before is compared with the license as the ledger now has
// it, amended and extended. One that was voided from issuance is counted as
// voided; one that was suspended or revoked, or has expired, was granted as the
// file says. A condition that was recorded before is there.
//
// Idempotency: as ImportShipments.
ImportOutcome ImportLicenses(client::Client& client, CommandSource& source,
                             const ImportOptions& options);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_LICENSE_IMPORTER_H_
