#include "ledger/base/sha256.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace chipledger {
namespace {

// Looking the algorithm up costs more than hashing a short text.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm =
      EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string Sha256(absl::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(
      EVP_MD_CTX_new());
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  const bool ok =
      EVP_DigestInit_ex2(context.get(), Algorithm(), nullptr) == 1 &&
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) == 1 &&
      EVP_DigestFinal_ex(context.get(),
                         reinterpret_cast<uint8_t*>(digest.data()),
                         nullptr) == 1;
  // Only a library that cannot hash at all gets here.
  if (!ok) std::abort();
  return digest;
}

}  // namespace chipledger
