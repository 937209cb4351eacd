#include "client/import/license_importer.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/import/differences.h"
#include "client/import/import_rows.h"
#include "client/import/look_alikes.h"
#include "client/import/rejects_file.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

// An id is the authority's, whoever the licensee.
constexpr absl::string_view kNobody = "";

// The grant with what it leaves to be understood, so that two that mean the
// same are equal.
v1::GrantLicense SpelledOut(v1::GrantLicense grant) {
  v1::License& license = *grant.mutable_license();
  if (license.authorization_kind() == v1::AUTHORIZATION_KIND_UNSPECIFIED) {
    license.set_authorization_kind(v1::AUTHORIZATION_KIND_LICENSE);
  }
  if (license.destination_countries_size() == 1) {
    for (v1::LicenseLine& line : *license.mutable_lines()) {
      if (line.destination_country().empty()) {
        line.set_destination_country(license.destination_countries(0));
      }
    }
  }
  // How it was granted, not what.
  grant.clear_overrides();
  return grant;
}

// Which license or condition of one a command says, for errors.
std::string WhatIsSaid(const v1::Command& command) {
  if (command.has_grant_license()) {
    return absl::StrCat("license ",
                        command.grant_license().license().license_id());
  }
  const v1::RecordCondition& record = command.record_condition();
  return absl::StrCat("condition ", record.condition().kind(), " of license ",
                      record.license_id());
}

bool IsVoid(const v1::LicenseView& view) {
  return absl::c_any_of(view.status_changes(), [](const auto& change) {
    return change.status() == v1::LICENSE_STATUS_VOID;
  });
}

// LicenseImport is one run of ImportLicenses, on the calling thread.
class LicenseImport {
 public:
  LicenseImport(client::Client& client, const ImportOptions& options,
                uint64_t size_at_start, RejectsFile& rejects)
      : client_(client),
        options_(options),
        size_at_start_(size_at_start),
        next_index_(size_at_start),
        rows_(options, rejects, stop_) {}

  ImportOutcome Run(CommandSource& source);

 private:
  // Errors: those that end the import.
  absl::Status Take(SourceCommand source);
  // Tells an id that looks like another one of the file.
  void NoteId(Row& row);
  absl::Status Send(Row& row, absl::string_view retry);
  template <typename Request, typename Command, typename Response>
  absl::StatusOr<v1::WriteResult> Call(
      const Command& command, const std::string& request_id,
      absl::StatusOr<Response> (client::Client::*call)(
          Request, const client::CallOptions&));
  absl::Status TakeError(Row& row, const absl::Status& error);
  // Compares what was granted before with the ledger as it stands.
  absl::Status LookUp(Row& row);
  // Looks for other spellings of an id that the ledger has now.
  absl::Status LookForSpellings(const Row& row);
  // Tells those found, when the whole file is read.
  void NoteFoundSpellings();

  client::Client& client_;
  const ImportOptions& options_;
  const uint64_t size_at_start_;
  // Entries from here on are of no row that was granted so far.
  uint64_t next_index_;
  std::atomic<bool> stop_ = false;
  ImportRows rows_;
  LookAlikes look_alikes_;
  size_t spelled_ = 0;
  std::vector<PossibleDuplicate> found_spellings_;
};

ImportOutcome LicenseImport::Run(CommandSource& source) {
  absl::Status status = ReadSource(
      source, options_, stop_, 1, [this] { return rows_.counts(); },
      [this](SourceCommand command) { return Take(std::move(command)); });
  status.Update(rows_.failure());
  NoteFoundSpellings();
  return {.counts = rows_.counts(),
          .first_problems = rows_.first_problems(),
          .first_possible_duplicates = rows_.first_possible_duplicates(),
          .status = status};
}

absl::Status LicenseImport::Take(SourceCommand source) {
  if (!source.IsMeant()) {
    rows_.TakeUnmeant(std::move(source));
    return absl::OkStatus();
  }
  const auto row = std::make_shared<Row>();
  row->source = std::move(source);
  if (row->source.command.has_grant_license()) NoteId(*row);
  rows_.Add(row);
  return Send(*row, "");
}

void LicenseImport::NoteId(Row& row) {
  const std::string& id =
      row.source.command.grant_license().license().license_id();
  const int64_t line = row.source.records.front().line;
  if (const auto other = look_alikes_.Note(kNobody, id, line)) {
    row.looks_like_another = true;
    rows_.NotePossibleDuplicate(
        {.line = line, .reference = id, .other_line = *other});
  }
}

absl::Status LicenseImport::Send(Row& row, absl::string_view retry) {
  const v1::Command& command = row.source.command;
  const std::string request_id = RequestIdOf(row, command, retry);
  const bool is_grant = command.has_grant_license();
  const absl::StatusOr<v1::WriteResult> result =
      is_grant
          ? Call<v1::GrantLicenseRequest>(command.grant_license(), request_id,
                                          &client::Client::GrantLicense)
          : Call<v1::RecordConditionRequest>(command.record_condition(),
                                             request_id,
                                             &client::Client::RecordCondition);
  if (!result.ok()) return TakeError(row, result.status());
  // A repeated answer may be to this request, sent again after a break.
  if (result->repeated_answer() && result->index() < next_index_) {
    if (is_grant) return LookUp(row);
    rows_.Settle(row, &ImportCounts::already_there);
    return absl::OkStatus();
  }
  if (result->has_index()) next_index_ = result->index() + 1;
  rows_.Settle(row, &ImportCounts::recorded);
  return is_grant ? LookForSpellings(row) : absl::OkStatus();
}

template <typename Request, typename Command, typename Response>
absl::StatusOr<v1::WriteResult> LicenseImport::Call(
    const Command& command, const std::string& request_id,
    absl::StatusOr<Response> (client::Client::*call)(
        Request, const client::CallOptions&)) {
  Request request;
  request.set_request_id(request_id);
  request.set_validate_only(options_.dry_run);
  *request.mutable_command() = command;
  ASSIGN_OR_RETURN(const Response answer,
                   (client_.*call)(std::move(request), {}));
  return answer.result();
}

absl::Status LicenseImport::TakeError(Row& row, const absl::Status& error) {
  const client::ErrorDetails details = client::GetErrorDetails(error);
  if (details.outcome_unknown_request_id) {
    // Without that mark: the import is run again, not this request alone.
    return absl::Status(
        error.code(),
        absl::StrCat(WhatIsSaid(row.source.command), ": ", error.message()));
  }
  if (details.refusal) {
    const bool earlier = details.refusal->has_index() &&
                         details.refusal->index() < size_at_start_;
    if (earlier && !options_.retry_refused.empty() && !row.is_retried) {
      row.is_retried = true;
      return Send(row, options_.retry_refused);
    }
    rows_.Refuse(row, error, earlier);
  } else if (details.reason == v1::LICENSE_EXISTS) {
    return LookUp(row);
  } else if (IsAboutTheRequest(error)) {
    rows_.Reject(row, error, details);
  } else {
    return error;
  }
  return absl::OkStatus();
}

absl::Status LicenseImport::LookUp(Row& row) {
  const v1::GrantLicense& file = row.source.command.grant_license();
  v1::GetLicenseRequest request;
  request.set_license_id(file.license().license_id());
  ASSIGN_OR_RETURN(const auto answer, client_.GetLicense(request));
  const v1::LicenseView& view = answer.license();
  v1::GrantLicense granted;
  *granted.mutable_license() = view.license();
  granted.set_application_id(view.application_id());
  granted.set_replaces(view.replaces());
  if (IsVoid(view)) {
    rows_.Settle(row, &ImportCounts::voided,
                 absl::StrCat("voided: entry ", view.index(),
                              " granted it and a later one voided it, so it "
                              "authorizes nothing; grant it anew under another "
                              "license_id"));
    return absl::OkStatus();
  }
  const std::string differences =
      DescribeDifferences(SpelledOut(granted), SpelledOut(file));
  if (differences.empty()) {
    rows_.Settle(row, &ImportCounts::already_there);
    return LookForSpellings(row);
  }
  rows_.Settle(row, &ImportCounts::differs,
               absl::StrCat("differs from the ledger (entry ", view.index(),
                            "): ", differences));
  return absl::OkStatus();
}

absl::Status LicenseImport::LookForSpellings(const Row& row) {
  if (spelled_ == kMaxSpelled || row.looks_like_another) {
    return absl::OkStatus();
  }
  ++spelled_;
  const std::string& id =
      row.source.command.grant_license().license().license_id();
  for (const std::string& spelling : OtherSpellings(id)) {
    v1::GetLicenseRequest request;
    request.set_license_id(spelling);
    const auto answer = client_.GetLicense(request);
    if (answer.ok()) {
      if (IsVoid(answer->license())) continue;
      found_spellings_.push_back({.line = row.source.records.front().line,
                                  .reference = id,
                                  .other = spelling});
    } else if (!IsAboutTheRequest(answer.status())) {
      return answer.status();
    }
  }
  return absl::OkStatus();
}

void LicenseImport::NoteFoundSpellings() {
  for (PossibleDuplicate& found : found_spellings_) {
    // One of the file is told by its line.
    if (look_alikes_.HasSeveral(kNobody, found.reference)) continue;
    rows_.NotePossibleDuplicate(std::move(found));
  }
}

}  // namespace

ImportOutcome ImportLicenses(client::Client& client, CommandSource& source,
                             const ImportOptions& options) {
  return RunImport(client, source, options,
                   [&](uint64_t size_at_start, RejectsFile& rejects) {
                     return LicenseImport(client, options, size_at_start,
                                          rejects)
                         .Run(source);
                   });
}

}  // namespace chipledger::import
