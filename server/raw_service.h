// Services whose every method takes and gives bytes: the server parses requests
// itself (server/wire.h).
#ifndef CHIPLEDGER_SERVER_RAW_SERVICE_H_
#define CHIPLEDGER_SERVER_RAW_SERVICE_H_

namespace chipledger {

// Applies what protoc generates for one method, such as
// Service::WithRawCallbackMethod_GetHeadroom, for each of several methods.
template <typename Service, template <typename> typename... Methods>
struct RawServiceOf {
  using Type = Service;
};
template <typename Service, template <typename> typename First,
          template <typename> typename... Others>
struct RawServiceOf<Service, First, Others...> {
  using Type = First<typename RawServiceOf<Service, Others...>::Type>;
};
template <typename Service, template <typename> typename... Methods>
using RawService = typename RawServiceOf<Service, Methods...>::Type;

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_RAW_SERVICE_H_
