// chipledger deal: what was announced, beside what was asked for, granted,
// shipped and installed.
#include <iostream>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/base/utf8.h"

namespace chipledger::cli {
namespace {

constexpr char kFileHelp[] =
    "takes the place of the options below: a chipledger.v1.Announcement as "
    ".textproto, with announced_date, announcer, destination_country, unit, "
    "minimum and source.";

// The value of an enumeration that people call `text`. Errors:
// INVALID_ARGUMENT, naming `what` and all values.
template <typename Enum, typename IsValid>
absl::StatusOr<Enum> ParseEnum(const std::string& text, absl::string_view what,
                               absl::string_view prefix, IsValid is_valid) {
  std::string all;
  for (int i = 1; is_valid(i); ++i) {
    const auto value = static_cast<Enum>(i);
    const std::string name = FormatEnum(value, prefix);
    if (text == name) return value;
    absl::StrAppend(&all, all.empty() ? "" : ", ", name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, " \"", text, "\" is none of ", all));
}

struct AnnounceOptions {
  std::string file;
  v1::Announcement announcement;
  std::string to;
  std::string unit;
  WriteOptions write;
};

absl::StatusOr<v1::Announcement> MakeAnnouncement(
    const AnnounceOptions& options) {
  v1::Announcement announcement = options.announcement;
  if (!options.file.empty()) {
    announcement.Clear();
    RETURN_IF_ERROR(ReadTextProto(options.file, announcement));
    return announcement;
  }
  ASSIGN_OR_RETURN(const std::string country, ParseCountry(options.to));
  announcement.set_destination_country(country);
  ASSIGN_OR_RETURN(const auto unit,
                   ParseEnum<v1::DealUnit>(options.unit, "--unit", "DEAL_UNIT_",
                                           v1::DealUnit_IsValid));
  announcement.set_unit(unit);
  return announcement;
}

int Announce(Cli& cli, const AnnounceOptions& options) {
  const auto announcement = MakeAnnouncement(options);
  if (!announcement.ok()) return Fail(cli, announcement.status());
  v1::RecordAnnouncementRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command()->mutable_announcement() = *announcement;
  return Finish(cli, cli.client().RecordAnnouncement(request),
                [](const v1::RecordAnnouncementResponse& response) {
                  PrintWriteResult(response.result());
                });
}

void AddAnnounceOptions(CLI::App& app, AnnounceOptions& options) {
  auto* file = app.add_option("--file", options.file, kFileHelp);
  v1::Announcement& said = options.announcement;
  const auto text = [&app, file](const std::string& name,
                                 const std::string& description,
                                 std::function<void(const std::string&)> set) {
    AddText(app, name, description, std::move(set))->excludes(file);
  };
  text("--date", "when it was said",
       [&](const std::string& value) { said.set_announced_date(value); });
  text("--by", "who said it",
       [&](const std::string& value) { said.set_announcer(value); });
  app.add_option("--to", options.to, "country where the chips are to go")
      ->excludes(file);
  text("--exporter", "party id of who is to send them",
       [&](const std::string& value) { said.set_exporter(value); });
  text("--for", "party id of whom they are for",
       [&](const std::string& value) { said.set_recipient(value); });
  text("--for-name", "whom they are for, when not registered",
       [&](const std::string& value) { said.set_recipient_name(value); });
  text("--product", "the product, where it is said",
       [&](const std::string& value) { said.set_product_code(value); });
  app.add_option("--unit", options.unit,
                 "what the amounts count: units, gpus, servers, equivalents, "
                 "milli-tpp, usd, megawatts or chips")
      ->excludes(file);
  app.add_option_function<int64_t>(
         "--minimum", [&](int64_t value) { said.set_minimum(value); },
         "the amount, or the least of a range")
      ->excludes(file);
  app.add_option_function<int64_t>(
         "--maximum", [&](int64_t value) { said.set_maximum(value); },
         "the most of a range")
      ->excludes(file);
  text("--by-when", "by when they are to be there",
       [&](const std::string& value) { said.set_through_date(value); });
  text("--source", "where this comes from",
       [&](const std::string& value) { said.set_source(value); });
  text("--confidence", "how sure the source is, such as \"up to\"",
       [&](const std::string& value) { said.set_confidence(value); });
  AddWriteOptions(app, options.write);
}

// What fits a column; the rest is in the JSON.
std::string Short(const std::string& text) {
  constexpr size_t kMaxBytes = 60;
  const std::string line = OneLine(text);
  if (line.size() <= kMaxBytes) return line;
  return absl::StrCat(TruncateUtf8(line, kMaxBytes), "...");
}

// "18,000", or "18,000 to 35,000".
std::string Range(const std::string& least, const std::string& most) {
  return most.empty() ? least : absl::StrCat(least, " to ", most);
}

// Amounts that are told in one line: what was shipped and installed of a
// product is one, whatever the number of shipments.
struct Line {
  v1::Deal deal;
  int64_t deals = 0;
};

// Lines by stage, and what is one line by who, whom and what.
using Key = std::tuple<int, std::string, std::string, std::string, std::string,
                       uint64_t>;

bool AddsUp(const v1::Deal& deal) {
  return deal.stage() == v1::DEAL_STAGE_SHIPPED ||
         deal.stage() == v1::DEAL_STAGE_INSTALLED;
}

// Adds one amount of a deal to another; TPP that leaves 64 bits is not known.
void Add(const v1::Deal& more, v1::Deal& sum) {
  sum.set_minimum(sum.minimum() + more.minimum());
  const auto tpp =
      more.has_minimum_milli_tpp() && sum.has_minimum_milli_tpp()
          ? CheckedAdd(more.minimum_milli_tpp(), sum.minimum_milli_tpp())
          : std::nullopt;
  sum.clear_minimum_milli_tpp();
  if (tpp) sum.set_minimum_milli_tpp(*tpp);
}

void Take(const v1::Deal& deal, std::map<Key, Line>& lines) {
  const Key key(deal.stage(), deal.destination_country(), deal.by(),
                deal.recipient(), deal.product_code(),
                AddsUp(deal) ? 0 : lines.size() + 1);
  Line& line = lines[key];
  if (line.deals++ == 0) {
    line.deal = deal;
  } else {
    Add(deal, line.deal);
  }
}

std::string TppText(bool known, int64_t milli_tpp) {
  return known ? FormatAmount(v1::MEASURE_TPP, milli_tpp) : "";
}

void PrintDeals(const std::map<Key, Line>& lines) {
  Table table({"STAGE", "TO", "BY", "FOR", "AMOUNT>", "UNIT", "PRODUCT", "TPP>",
               "DATE", "WHERE", "SOURCE"});
  for (const auto& [key, line] : lines) {
    const v1::Deal& deal = line.deal;
    const bool sum = line.deals > 1;
    table.AddRow({FormatEnum(deal.stage(), "DEAL_STAGE_"),
                  deal.destination_country(), deal.by(), deal.recipient(),
                  Range(FormatCount(deal.minimum()),
                        deal.has_maximum() ? FormatCount(deal.maximum()) : ""),
                  FormatEnum(deal.unit(), "DEAL_UNIT_"), deal.product_code(),
                  deal.has_minimum_milli_tpp()
                      ? Range(TppText(true, deal.minimum_milli_tpp()),
                              TppText(deal.has_maximum_milli_tpp(),
                                      deal.maximum_milli_tpp()))
                      : "unknown",
                  sum ? "" : deal.date(),
                  sum ? absl::StrCat(FormatCount(line.deals), " shipments")
                  : deal.name().empty() ? absl::StrCat("entry ", deal.index())
                                        : deal.name(),
                  sum ? ""
                      : Short(deal.confidence().empty()
                                  ? deal.source()
                                  : absl::StrCat(deal.confidence(), ": ",
                                                 deal.source()))});
  }
  std::cout << table.ToString();
}

struct ListOptions {
  v1::ListDealsRequest request;
  std::string country;
  std::string stage;
};

int List(Cli& cli, const ListOptions& options) {
  v1::ListDealsRequest request = options.request;
  request.set_page_size(1000);
  if (!options.country.empty()) {
    const auto country = ParseCountry(options.country);
    if (!country.ok()) return Fail(cli, country.status());
    request.set_destination_country(*country);
  }
  if (!options.stage.empty()) {
    const auto stage = ParseEnum<v1::DealStage>(
        options.stage, "--stage", "DEAL_STAGE_", v1::DealStage_IsValid);
    if (!stage.ok()) return Fail(cli, stage.status());
    request.set_stage(*stage);
  }
  std::map<Key, Line> lines;
  uint64_t size = 0;
  const absl::Status status = ForEachPage(
      request, [&](const auto& page) { return cli.client().ListDeals(page); },
      [&](const v1::ListDealsResponse& page) {
        size = page.size();
        for (const v1::Deal& deal : page.deals()) {
          if (cli.json) {
            PrintJson(deal);
          } else {
            Take(deal, lines);
          }
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintDeals(lines);
    std::cout << FormatSize(size, request.read_point()) << std::flush;
    if (lines.empty())
      std::cerr << "Nothing was announced, asked or shipped.\n";
  }
  return kDone;
}

}  // namespace

void AddDealCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand(
      "deal", "what was announced, asked for, granted, shipped and installed");
  group->require_subcommand(1);
  AddCommand<AnnounceOptions>(
      *group, cli, "announce",
      "record what was announced; it counts against nothing",
      AddAnnounceOptions, Announce);
  AddCommand<ListOptions>(
      *group, cli, "list",
      "all stages side by side, each in its own unit, and in TPP where known",
      [](CLI::App& sub, ListOptions& options) {
        sub.add_option("--country", options.country, "only to this country");
        AddText(
            sub, "--party", "only what this party sends or receives",
            [&](const std::string& text) { options.request.set_party(text); });
        sub.add_option("--stage", options.stage,
                       "only announced, asked, granted, shipped or installed");
        AddReadOptions(sub, *options.request.mutable_read_point());
      },
      List);
}

}  // namespace chipledger::cli
