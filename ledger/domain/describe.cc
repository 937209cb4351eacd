#include "ledger/domain/describe.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "ledger/base/count_of.h"

namespace chipledger::domain {
namespace {

std::string DescribeShipment(absl::string_view what,
                             const v1::Shipment& shipment) {
  int64_t units = 0;
  for (const v1::Item& item : shipment.items()) units += item.quantity();
  return absl::StrCat(
      what, " ", shipment.exporter(), "/", shipment.shipment_reference(),
      " to ", shipment.destination_country(), ", ", CountOf(units, "unit"));
}

template <typename Named>
std::string DescribeName(absl::string_view what, const Named& named) {
  return absl::StrCat(what, " ", named.exporter(), "/",
                      named.shipment_reference());
}

}  // namespace

std::string DescribeCommand(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kRecordShipment:
      return DescribeShipment("shipment", command.record_shipment().shipment());
    case v1::Command::kCorrectShipment:
      return DescribeShipment("correction of shipment",
                              command.correct_shipment().shipment());
    case v1::Command::kReserveShipment:
      return DescribeShipment("reservation for",
                              command.reserve_shipment().shipment());
    case v1::Command::kReexportShipment:
      return DescribeShipment("re-export",
                              command.reexport_shipment().shipment());
    case v1::Command::kTransferShipment:
      return DescribeShipment("transfer",
                              command.transfer_shipment().shipment());
    case v1::Command::kVoidShipment:
      return DescribeName("voiding of shipment", command.void_shipment());
    case v1::Command::kReceiveShipment:
      return DescribeName("receipt of shipment",
                          command.receive_shipment().shipment());
    case v1::Command::kReturnShipment:
      return DescribeName("return of shipment",
                          command.return_shipment().shipment());
    case v1::Command::kRetireUnits:
      return DescribeName("retirement of units of shipment",
                          command.retire_units().shipment());
    case v1::Command::kRecoverUnits:
      return DescribeName("recovery of units of shipment",
                          command.recover_units().shipment());
    case v1::Command::kRelocateUnits:
      return DescribeName("relocation of units of shipment",
                          command.relocate_units().shipment());
    case v1::Command::kVoidMovement:
      return DescribeName("voiding of a movement of shipment",
                          command.void_movement().shipment());
    case v1::Command::kReportDiversion:
      return DescribeName("diversion of shipment",
                          command.report_diversion().shipment());
    case v1::Command::kGrantLicense:
      return absl::StrCat("license ",
                          command.grant_license().license().license_id());
    case v1::Command::kAmendLicense:
      return absl::StrCat("amendment of license ",
                          command.amend_license().license().license_id());
    default: {
      const auto* kind = command.GetReflection()->GetOneofFieldDescriptor(
          command, v1::Command::descriptor()->oneof_decl(0));
      return kind == nullptr ? std::string() : kind->name();
    }
  }
}

}  // namespace chipledger::domain
