// chipledger license apply, step, return, deny, applications: before a license.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr char kFileHelp[] =
    "takes the place of the options below: a chipledger.v1.Application as "
    ".textproto, with application_id, exporter, application_date, "
    "destination_countries and lines.";

struct ApplyOptions {
  std::string file;
  v1::Application application;
  std::vector<std::string> consignees;
  std::vector<std::string> to;
  std::vector<std::string> lines;
  std::vector<int64_t> values;
  WriteOptions write;
};

absl::StatusOr<v1::Application> MakeApplication(const ApplyOptions& options) {
  v1::Application application = options.application;
  if (!options.file.empty()) {
    application.Clear();
    RETURN_IF_ERROR(ReadTextProto(options.file, application));
    return application;
  }
  for (const std::string& consignee : options.consignees) {
    application.add_consignees(consignee);
  }
  for (const std::string& text : options.to) {
    ASSIGN_OR_RETURN(const std::string country, ParseCountry(text));
    application.add_destination_countries(country);
  }
  ASSIGN_OR_RETURN(*application.mutable_lines(),
                   ParseLicenseLines(options.lines, options.values,
                                     application.destination_countries()));
  return application;
}

int Apply(Cli& cli, const ApplyOptions& options) {
  const auto application = MakeApplication(options);
  if (!application.ok()) return Fail(cli, application.status());
  v1::ApplyForLicenseRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command()->mutable_application() = *application;
  return Finish(cli, cli.client().ApplyForLicense(request),
                [](const v1::ApplyForLicenseResponse& response) {
                  PrintWriteResult(response.result());
                });
}

void AddApplyOptions(CLI::App& app, ApplyOptions& options) {
  auto* file = app.add_option("--file", options.file, kFileHelp);
  const auto text = [&app, file](const std::string& name,
                                 const std::string& description,
                                 std::function<void(const std::string&)> set) {
    AddText(app, name, description, std::move(set))->excludes(file);
  };
  v1::Application& application = options.application;
  text(
      "--id", "the authority's number, unique for ever",
      [&](const std::string& value) { application.set_application_id(value); });
  text("--exporter", "party id of who applies",
       [&](const std::string& value) { application.set_exporter(value); });
  text("--date", "the date it was submitted", [&](const std::string& value) {
    application.set_application_date(value);
  });
  text("--source", "where this comes from",
       [&](const std::string& value) { application.set_source(value); });
  app.add_option("--consignee", options.consignees,
                 "party id that is to receive; repeat it (default: any)")
      ->excludes(file);
  app.add_option("--to", options.to, "country of destination; repeat it")
      ->excludes(file);
  app.add_option("--line", options.lines,
                 "PRODUCT=QUANTITY, or PRODUCT=QUANTITY@COUNTRY; repeat it")
      ->excludes(file);
  app.add_option("--value", options.values,
                 "value of each --line in whole US dollars, in their order")
      ->excludes(file);
  AddWriteOptions(app, options.write);
}

// What ends an application without a license.
struct DecideOptions {
  std::string application_id;
  std::string date;
  std::string reason;
  WriteOptions write;
};

void AddDecideOptions(CLI::App& app, DecideOptions& options) {
  app.add_option("APPLICATION", options.application_id, "the application")
      ->required();
  app.add_option("--date", options.date, "the date")->required();
  app.add_option("--reason", options.reason, "why")->required();
  AddWriteOptions(app, options.write);
}

template <typename Request>
Request MakeDecision(const DecideOptions& options) {
  Request request;
  SetWriteOptions(options.write, request);
  request.mutable_command()->set_application_id(options.application_id);
  request.mutable_command()->set_effective_date(options.date);
  request.mutable_command()->set_reason(options.reason);
  return request;
}

int Return(Cli& cli, const DecideOptions& options) {
  return Finish(cli,
                cli.client().ReturnApplication(
                    MakeDecision<v1::ReturnApplicationRequest>(options)),
                [](const v1::ReturnApplicationResponse& response) {
                  PrintWriteResult(response.result());
                });
}

int Deny(Cli& cli, const DecideOptions& options) {
  return Finish(cli,
                cli.client().DenyApplication(
                    MakeDecision<v1::DenyApplicationRequest>(options)),
                [](const v1::DenyApplicationResponse& response) {
                  PrintWriteResult(response.result());
                });
}

struct StepOptions {
  v1::RecordApplicationStep command;
  std::string step;
  WriteOptions write;
};

// Reads "referred", "clock-stopped" and so on.
absl::StatusOr<v1::ApplicationStep> ParseStep(const std::string& text) {
  std::string all;
  for (int i = 1; v1::ApplicationStep_IsValid(i); ++i) {
    const auto step = static_cast<v1::ApplicationStep>(i);
    const std::string name = FormatEnum(step, "APPLICATION_STEP_");
    if (text == name) return step;
    absl::StrAppend(&all, all.empty() ? "" : ", ", name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("STEP \"", text, "\" is none of ", all));
}

int RecordStep(Cli& cli, const StepOptions& options) {
  const auto step = ParseStep(options.step);
  if (!step.ok()) return Fail(cli, step.status());
  v1::RecordApplicationStepRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  request.mutable_command()->set_step(*step);
  return Finish(cli, cli.client().RecordApplicationStep(request),
                [](const v1::RecordApplicationStepResponse& response) {
                  PrintWriteResult(response.result());
                });
}

void AddStepOptions(CLI::App& app, StepOptions& options) {
  v1::RecordApplicationStep& command = options.command;
  AddText(app, "APPLICATION", "the application", [&](const std::string& text) {
    command.set_application_id(text);
  })->required();
  app.add_option("STEP", options.step,
                 "what happened: referred, clock-stopped, clock-restarted or "
                 "intent-to-deny")
      ->required();
  AddText(app, "--date", "the date", [&](const std::string& text) {
    command.set_effective_date(text);
  })->required();
  AddText(app, "--reason", "why, or to whom", [&](const std::string& text) {
    command.set_reason(text);
  })->required();
  AddWriteOptions(app, options.write);
}

// What lines are for: "100 x H100 to FR".
std::string LinesText(
    const google::protobuf::RepeatedPtrField<v1::LicenseLine>& of) {
  std::vector<std::string> lines;
  for (const v1::LicenseLine& line : of) {
    lines.push_back(absl::StrCat(FormatCount(line.quantity()), " x ",
                                 line.product_code(),
                                 line.destination_country().empty()
                                     ? ""
                                     : " to " + line.destination_country()));
  }
  return absl::StrJoin(lines, ", ");
}

std::string DecisionText(const v1::ApplicationView& view) {
  std::string text = FormatEnum(view.status(), "APPLICATION_STATUS_");
  if (!view.license_id().empty()) {
    absl::StrAppend(&text, " as license ", view.license_id());
  }
  if (view.has_age_days()) {
    absl::StrAppend(&text, " for ", FormatCount(view.age_days()), " days");
    if (view.clock_days() != view.age_days()) {
      absl::StrAppend(&text, ", ", FormatCount(view.clock_days()),
                      " on the clock");
    }
    if (!view.steps().empty()) {
      const v1::ApplicationView::Step& last = *view.steps().rbegin();
      absl::StrAppend(&text, ", ", FormatEnum(last.step(), "APPLICATION_STEP_"),
                      " since ", last.effective_date());
    }
  }
  return text;
}

struct GetOptions {
  std::string application_id;
  v1::ReadPoint read_point;
};

int Get(Cli& cli, const GetOptions& options) {
  v1::GetApplicationRequest request;
  request.set_application_id(options.application_id);
  *request.mutable_read_point() = options.read_point;
  return Finish(
      cli, cli.client().GetApplication(request),
      [&](const v1::GetApplicationResponse& response) {
        const v1::ApplicationView& view = response.application();
        const v1::Application& application = view.application();
        std::cout << "Application " << application.application_id() << " of "
                  << application.exporter() << " of "
                  << application.application_date() << ", to "
                  << absl::StrJoin(application.destination_countries(), ", ")
                  << "\nAsked:   " << LinesText(application.lines()) << "\n";
        if (!view.granted_lines().empty()) {
          std::cout << "Granted: " << LinesText(view.granted_lines()) << "\n";
        }
        for (const v1::ApplicationView::Step& step : view.steps()) {
          std::cout << "On " << step.effective_date() << ": "
                    << FormatEnum(step.step(), "APPLICATION_STEP_")
                    << " (entry " << step.index()
                    << "): " << OneLine(step.reason()) << "\n";
        }
        std::cout << "Entry " << view.index() << ", " << DecisionText(view);
        if (view.decided_index() != 0) {
          std::cout << " by entry " << view.decided_index();
        }
        std::cout << "\n" << FormatSize(response.size(), options.read_point);
      });
}

struct ListOptions {
  std::string exporter;
  std::string status;
  v1::ReadPoint read_point;
};

// Reads "pending", "returned", "denied" or "granted".
absl::StatusOr<v1::ApplicationStatus> ParseStatus(const std::string& text) {
  if (text.empty()) return v1::APPLICATION_STATUS_UNSPECIFIED;
  for (const auto status :
       {v1::APPLICATION_STATUS_PENDING, v1::APPLICATION_STATUS_RETURNED,
        v1::APPLICATION_STATUS_DENIED, v1::APPLICATION_STATUS_GRANTED}) {
    if (text == FormatEnum(status, "APPLICATION_STATUS_")) return status;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--status \"", text, "\" is none of pending, returned, denied, granted"));
}

int List(Cli& cli, const ListOptions& options) {
  const auto wanted = ParseStatus(options.status);
  if (!wanted.ok()) return Fail(cli, wanted.status());
  v1::ListApplicationsRequest request;
  request.set_page_size(1000);
  request.set_exporter(options.exporter);
  request.set_status(*wanted);
  *request.mutable_read_point() = options.read_point;
  Table table({"APPLICATION", "EXPORTER", "TO", "SUBMITTED", "ASKED", "GRANTED",
               "STANDING", "ENTRY>"});
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListApplications(page); },
      [&](const v1::ListApplicationsResponse& page) {
        for (const v1::ApplicationView& view : page.applications()) {
          if (cli.json) {
            PrintJson(view);
            continue;
          }
          const v1::Application& application = view.application();
          table.AddRow(
              {application.application_id(), application.exporter(),
               absl::StrJoin(application.destination_countries(), ", "),
               application.application_date(), LinesText(application.lines()),
               view.granted_lines().empty() ? "-"
                                            : LinesText(view.granted_lines()),
               DecisionText(view), absl::StrCat(view.index())});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintList(table, "application",
              !options.exporter.empty() || !options.status.empty(),
              "chipledger license apply --help");
  }
  return kDone;
}

}  // namespace

void AddApplicationCommands(CLI::App& license, Cli& cli) {
  AddCommand<ApplyOptions>(license, cli, "apply",
                           "submit an application; it charges nothing",
                           AddApplyOptions, Apply);
  AddCommand<StepOptions>(
      license, cli, "step",
      "record a step of an application that is not decided yet", AddStepOptions,
      RecordStep);
  AddCommand<DecideOptions>(license, cli, "return",
                            "return an application without action",
                            AddDecideOptions, Return);
  AddCommand<DecideOptions>(license, cli, "deny", "deny an application",
                            AddDecideOptions, Deny);
  AddCommand<GetOptions>(
      license, cli, "application", "read an application",
      [](CLI::App& sub, GetOptions& options) {
        sub.add_option("APPLICATION", options.application_id, "the application")
            ->required();
        AddReadOptions(sub, options.read_point);
      },
      Get);
  AddCommand<ListOptions>(
      license, cli, "applications", "list applications",
      [](CLI::App& sub, ListOptions& options) {
        sub.add_option("--exporter", options.exporter, "only this exporter's");
        sub.add_option("--status", options.status,
                       "only pending, returned, denied or granted ones");
        AddReadOptions(sub, options.read_point);
      },
      List);
}

}  // namespace chipledger::cli
