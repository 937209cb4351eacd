// Where imported commands come from.
#ifndef CHIPLEDGER_CLIENT_IMPORT_COMMAND_SOURCE_H_
#define CHIPLEDGER_CLIENT_IMPORT_COMMAND_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/command.pb.h"
#include "client/import/line_reader.h"

namespace chipledger::import {

// A record of the file, as it stands there.
struct SourceRecord {
  // The line it starts on, from 1.
  int64_t line = 0;
  std::string raw;
};

// What one or more records of a file say: what to do about a shipment or a
// license, or why nothing.
struct SourceCommand {
  // The records it comes from.
  std::vector<SourceRecord> records;
  // When it is meant, neither bad input nor skipped: to record a shipment, to
  // correct it or to void it; or to grant a license.
  v1::Command command;
  // Tells it from others of the file that may have the same command; made from
  // what the file says alone.
  std::string attempt;
  // The file itself changes later what it says here, so that the ledger will
  // say otherwise.
  bool is_superseded = false;
  // Bad input: what is wrong, with the value, and what is wanted.
  std::string problem;
  // The line of the record that is wrong, among those of the command or beside
  // them. 0: that of the first.
  int64_t problem_line = 0;
  // Not meant to be imported: the rule of the format that leaves it out.
  std::string skipped;
  // What the file itself says against counting it, although it is imported:
  // that it is a duplicate, or superseded.
  std::vector<std::string> flags;

  // Whether the command is to be sent.
  bool IsMeant() const { return problem.empty() && skipped.empty(); }
};

// What fills fields that a file leaves open.
struct ImportDefaults {
  // The exporter of records that name none. Empty: they are bad input.
  std::string exporter;
  // The assurance of shipments that state none. Unspecified: they are bad
  // input.
  v1::Assurance assurance = v1::ASSURANCE_UNSPECIFIED;
  // What becomes of records that the file itself flags as duplicates or as
  // superseded: they are skipped, or else imported and counted as flagged.
  bool skip_flagged = false;
};

// CommandSource reads commands in the order of the file, in bounded memory.
//
// Thread-safety: thread-compatible.
class CommandSource {
 public:
  virtual ~CommandSource() = default;

  // Returns what the next records say, or nothing at the end. Bad input is not
  // an error. Errors: the file cannot be read further.
  virtual absl::StatusOr<std::optional<SourceCommand>> Next() = 0;

  // For progress.
  virtual const LineReader& lines() const = 0;

  // Columns of the file that nothing is read from, as it names them.
  virtual std::vector<std::string> ignored_columns() const { return {}; }
};

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_COMMAND_SOURCE_H_
