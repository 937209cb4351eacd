#include "ledger/deals.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chipledger/v1/event.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"
#include "ledger/envelope.h"
#include "ledger/shipments.h"

namespace chipledger {
namespace {

bool IsBy(const std::string& date, Date through) {
  return through == Date::Max() || date <= through.ToString();
}

// What so many of a unit are worth in milli-TPP; nothing when that is not known
// or leaves 64 bits. `product` is the revision of the deal's date, or null.
std::optional<int64_t> MilliTppOf(int64_t amount, v1::DealUnit unit,
                                  const v1::Product* product) {
  if (unit == v1::DEAL_UNIT_MILLI_TPP) return amount;
  if (product == nullptr || !product->has_milli_tpp_per_gpu()) {
    return std::nullopt;
  }
  const int64_t milli_tpp = product->milli_tpp_per_gpu();
  switch (unit) {
    case v1::DEAL_UNIT_UNITS: {
      const auto gpus = CheckedMul(amount, product->gpus_per_unit());
      return gpus ? CheckedMul(*gpus, milli_tpp) : std::nullopt;
    }
    case v1::DEAL_UNIT_GPUS:
    case v1::DEAL_UNIT_EQUIVALENTS:
      return CheckedMul(amount, milli_tpp);
    default:
      return std::nullopt;
  }
}

// Sets what the amounts are in milli-TPP, by the catalog on the deal's date.
void SetMilliTpp(const domain::Catalog& catalog, v1::Deal& deal) {
  const auto date = Date::Parse(deal.date());
  const v1::Product* product =
      date ? catalog.FindProduct(deal.product_code(), *date) : nullptr;
  if (const auto least = MilliTppOf(deal.minimum(), deal.unit(), product)) {
    deal.set_minimum_milli_tpp(*least);
  }
  if (!deal.has_maximum()) return;
  if (const auto most = MilliTppOf(deal.maximum(), deal.unit(), product)) {
    deal.set_maximum_milli_tpp(*most);
  }
}

// Whether a deal is one of those wanted. `parties` are who sends and receives.
bool Wants(const v1::ListDealsRequest& filters, const v1::Deal& deal,
           const std::vector<const std::string*>& parties) {
  const auto is_party = [&](const std::string* party) {
    return *party == filters.party();
  };
  return (filters.destination_country().empty() ||
          filters.destination_country() == deal.destination_country()) &&
         (filters.stage() == v1::DEAL_STAGE_UNSPECIFIED ||
          filters.stage() == deal.stage()) &&
         (filters.party().empty() ||
          std::any_of(parties.begin(), parties.end(), is_party));
}

// Gathers the deals of entries.
class Deals {
 public:
  Deals(const store::Store& store, const Ledger::Moment& moment,
        const v1::ListDealsRequest& filters, std::vector<v1::Deal>& deals)
      : store_(store),
        moment_(moment),
        filters_(filters),
        later_(store.log().NewReader()),
        deals_(deals) {}

  absl::Status Add(v1::Entry& entry) {
    const v1::Event& event = entry.event();
    if (event.has_announcement_recorded()) {
      AddAnnouncement(event.announcement_recorded().command().announcement(),
                      entry.index());
    } else if (event.has_license_applied()) {
      return AddApplication(event.license_applied().command().application(),
                            entry.index());
    } else if (event.has_compute_declared()) {
      AddDeclaration(event.compute_declared().command(), entry.index());
    } else if (event.has_license_granted()) {
      AddLicense(event.license_granted().command().license().license_id());
    } else {
      ASSIGN_OR_RETURN(const std::optional<v1::ShipmentView> view,
                       ShipmentViewOf(store_, moment_, entry, *later_));
      if (view) AddShipment(*view);
    }
    return absl::OkStatus();
  }

  // Of the deals so far.
  size_t bytes() const { return bytes_; }

 private:
  void AddAnnouncement(const v1::Announcement& said, uint64_t index) {
    if (!IsBy(said.announced_date(), moment_.through)) return;
    v1::Deal deal;
    deal.set_stage(v1::DEAL_STAGE_ANNOUNCED);
    deal.set_index(index);
    deal.set_date(said.announced_date());
    deal.set_by(said.announcer());
    deal.set_recipient(said.recipient().empty() ? said.recipient_name()
                                                : said.recipient());
    deal.set_destination_country(said.destination_country());
    deal.set_product_code(said.product_code());
    deal.set_unit(said.unit());
    deal.set_minimum(said.minimum());
    if (said.has_maximum()) deal.set_maximum(said.maximum());
    deal.set_source(said.source());
    deal.set_confidence(said.confidence());
    Take(std::move(deal), {&said.exporter(), &said.recipient()});
  }

  // What is pending; what was granted is told of its license.
  absl::Status AddApplication(const v1::Application& asked, uint64_t index) {
    const auto* view =
        moment_.snapshot->registers.applications.Find(asked.application_id());
    if (view == nullptr || !IsBy(asked.application_date(), moment_.through)) {
      return absl::OkStatus();
    }
    if ((*view)->status() != v1::APPLICATION_STATUS_PENDING) {
      ASSIGN_OR_RETURN(const Date decided, DecisionDate(**view));
      if (decided <= moment_.through) return absl::OkStatus();
    }
    for (const v1::LicenseLine& line : asked.lines()) {
      v1::Deal deal;
      deal.set_stage(v1::DEAL_STAGE_ASKED);
      deal.set_index(index);
      deal.set_name(asked.application_id());
      deal.set_date(asked.application_date());
      deal.set_by(asked.exporter());
      if (asked.consignees_size() == 1) {
        deal.set_recipient(asked.consignees(0));
      }
      deal.set_destination_country(line.destination_country().empty()
                                       ? asked.destination_countries(0)
                                       : line.destination_country());
      SetUnits(line.product_code(), line.quantity(), deal);
      deal.set_source(asked.source());
      Take(deal, {&asked.exporter(), &deal.recipient()});
    }
    return absl::OkStatus();
  }

  // When an application was decided. Errors: DATA_DAMAGED.
  absl::StatusOr<Date> DecisionDate(const v1::ApplicationView& view) {
    v1::Entry entry;
    RETURN_IF_ERROR(ReadWhole([&](uint64_t at) { return later_->Read(at); },
                              view.decided_index(), entry));
    const v1::Event& event = entry.event();
    const std::string& text =
        event.has_license_granted()
            ? event.license_granted().command().license().grant_date()
        : event.has_license_returned()
            ? event.license_returned().command().effective_date()
            : event.license_denied().command().effective_date();
    const std::optional<Date> date = Date::Parse(text);
    return date ? absl::StatusOr<Date>(*date)
                : domain::DataDamaged(view.decided_index(),
                                      "should decide an application, and does "
                                      "not");
  }

  // What a party says is installed, as long as it has said nothing since.
  void AddDeclaration(const v1::DeclareCompute& stated, uint64_t index) {
    const uint64_t* last =
        moment_.snapshot->registers.declarations.Find(stated.party());
    if (last == nullptr || *last != index ||
        !IsBy(stated.effective_date(), moment_.through)) {
      return;
    }
    for (const v1::DeclareCompute::Line& line : stated.lines()) {
      v1::Deal deal;
      deal.set_stage(v1::DEAL_STAGE_INSTALLED);
      deal.set_index(index);
      deal.set_name("declared");
      deal.set_date(stated.effective_date());
      deal.set_by(stated.party());
      deal.set_recipient(stated.party());
      deal.set_destination_country(line.country());
      deal.set_source(stated.source());
      if (line.product_code().empty()) {
        deal.set_unit(v1::DEAL_UNIT_GPUS);
        deal.set_minimum(line.gpus());
        if (line.milli_tpp() != 0) {
          deal.set_minimum_milli_tpp(line.milli_tpp());
        }
      } else {
        SetUnits(line.product_code(), line.units(), deal);
      }
      Take(std::move(deal), {&stated.party()});
    }
  }

  // What it authorizes now, unless it never did.
  void AddLicense(const std::string& license_id) {
    const auto* found = moment_.snapshot->licenses.Find(license_id);
    if (found == nullptr) return;
    const domain::LicenseState& license = **found;
    if (license.grant_date > moment_.through ||
        license.FinalStatus() == v1::LICENSE_STATUS_VOID) {
      return;
    }
    for (const domain::LicenseState::Line& line : license.lines) {
      v1::Deal deal;
      deal.set_stage(v1::DEAL_STAGE_GRANTED);
      deal.set_index(license.index);
      deal.set_name(license_id);
      deal.set_date(license.grant_date.ToString());
      deal.set_by(license.LicenseeOn(moment_.through));
      if (license.license.consignees_size() == 1) {
        deal.set_recipient(license.license.consignees(0));
      }
      deal.set_destination_country(line.destination_country);
      // What an end has taken back is not granted from then on.
      const domain::LicenseState::StatusChange* end = license.FirstEnd();
      const bool ended = end != nullptr && end->from <= moment_.through;
      SetUnits(line.product_code, line.authorized - (ended ? line.released : 0),
               deal);
      if (deal.minimum() == 0) continue;
      deal.set_source(license.license.source());
      std::vector<const std::string*> parties = {&deal.by(), &deal.recipient()};
      for (const std::string& user : license.license.end_users()) {
        parties.push_back(&user);
      }
      Take(deal, parties);
    }
  }

  void AddShipment(const v1::ShipmentView& view) {
    // A voided shipment has no balances.
    for (const v1::ItemBalance& balance : view.balances()) {
      // What is handed on in a country was shipped there before.
      if (view.movement() != v1::MOVEMENT_IN_COUNTRY_TRANSFER) {
        AddBalance(view, balance, v1::DEAL_STAGE_SHIPPED,
                   balance.shipped() - balance.returned());
      }
      AddBalance(view, balance, v1::DEAL_STAGE_INSTALLED, balance.on_hand());
    }
  }

  void AddBalance(const v1::ShipmentView& view, const v1::ItemBalance& balance,
                  v1::DealStage stage, int64_t units) {
    if (units == 0) return;
    const v1::Shipment& shipment = view.shipment();
    v1::Deal deal;
    deal.set_stage(stage);
    deal.set_index(view.index());
    deal.set_name(shipment.shipment_reference());
    deal.set_date(shipment.export_date());
    deal.set_by(shipment.exporter());
    deal.set_recipient(shipment.consignee().empty() ? shipment.consignee_name()
                                                    : shipment.consignee());
    deal.set_destination_country(shipment.destination_country());
    SetUnits(balance.product_code(), units, deal);
    deal.set_source(shipment.source());
    Take(std::move(deal),
         {&shipment.exporter(), &shipment.consignee(), &shipment.end_user()});
  }

  static void SetUnits(const std::string& product_code, int64_t units,
                       v1::Deal& deal) {
    deal.set_product_code(product_code);
    deal.set_unit(v1::DEAL_UNIT_UNITS);
    deal.set_minimum(units);
  }

  void Take(v1::Deal deal, const std::vector<const std::string*>& parties) {
    if (!Wants(filters_, deal, parties)) return;
    // What is declared may say its TPP itself.
    if (!deal.has_minimum_milli_tpp())
      SetMilliTpp(moment_.snapshot->catalog(), deal);
    bytes_ += deal.ByteSizeLong();
    deals_.push_back(std::move(deal));
  }

  const store::Store& store_;
  const Ledger::Moment& moment_;
  const v1::ListDealsRequest& filters_;
  const std::unique_ptr<store::EntryReader> later_;
  std::vector<v1::Deal>& deals_;
  size_t bytes_ = 0;
};

}  // namespace

absl::StatusOr<Ledger::DealsPage> ListDealsOf(
    const store::Store& store, const Ledger::Moment& moment,
    const v1::ListDealsRequest& filters, uint64_t begin, size_t max_count) {
  Ledger::DealsPage page;
  const std::unique_ptr<store::EntryReader> log = store.log().NewReader();
  Deals deals(store, moment, filters, page.deals);
  v1::Entry entry;
  size_t read = 0;
  for (uint64_t index = begin; index < moment.snapshot->size; ++index, ++read) {
    if (page.deals.size() >= max_count || read == limits::kMaxEntriesPerPage ||
        deals.bytes() >= limits::kMaxPageBytes) {
      page.next = index;
      break;
    }
    RETURN_IF_ERROR(
        ReadWhole([&](uint64_t at) { return log->Read(at); }, index, entry));
    RETURN_IF_ERROR(deals.Add(entry));
  }
  return page;
}

}  // namespace chipledger
