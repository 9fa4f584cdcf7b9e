// SPDX-License-Identifier: GPL-2.0-only
// Each thread has a connection of its own. A daemon that goes away in mid-scan is asked once more by a new
// connection: rasteld starts it again, and meanwhile holds its socket. Where nobody listens any more that is
// the end.
#include <optional>
#include <thread>

#include "app/control_client.hpp"
#include "app/scan/scanner.hpp"

namespace rastel::scan {
namespace {

// A daemon that has just started loads its signatures first.
constexpr auto slack = std::chrono::minutes(10);
constexpr auto pause = std::chrono::milliseconds(100);
constexpr int most_pauses = 300;
constexpr std::uint32_t most_connections = 16;  // half of what the daemon takes

class DaemonScanner final : public Scanner {
 public:
  DaemonScanner(std::string socket, const Configuration& configuration)
      : socket_(std::move(socket)), configuration_(configuration) {}

  Result<ScanResult> scan(const MessagePointer& message) override {
    auto answer = ask(*message);
    // Its death may have been this message's doing, so that it is given to it once more and not twice.
    if (!answer && answer.error().kind == ErrorKind::peer_closed) answer = ask(*message);
    // Many connections at once are for nobody's good: others wait to ask for its status.
    for (int pauses = 0; !answer && answer.error().kind == ErrorKind::busy && pauses < most_pauses;
         ++pauses) {
      std::this_thread::sleep_for(pause);
      answer = ask(*message);
    }
    if (!answer && answer.error().kind == ErrorKind::hostile_message) return too_large(configuration_.policy);
    return answer;
  }

 private:
  Result<ScanResult> ask(const Message& message) {
    if (!client_) {
      RASTEL_TRY(client_, control::ControlClient::connect(socket_));
    }
    const auto row = client_->scan(message, Deadline::in(configuration_.engine.deadline + slack));
    if (row) return scan_result_from(*row);
    // After a refusal of this one message it goes on; after anything else nobody knows where in its answer we
    // are.
    if (row.error().kind != ErrorKind::hostile_message) client_.reset();
    return std::unexpected(row.error());
  }

  std::string socket_;
  const Configuration& configuration_;
  std::optional<control::ControlClient> client_;
};

class DaemonScanners final : public Scanners {
 public:
  DaemonScanners(std::string socket, const Configuration& configuration)
      : socket_(std::move(socket)), configuration_(configuration) {}
  std::unique_ptr<Scanner> one() override { return std::make_unique<DaemonScanner>(socket_, configuration_); }
  std::string who() const override { return "rasteld at " + socket_; }
  std::string warning() const override { return {}; }
  std::uint32_t most_at_once() const override { return most_connections; }
  void end() override {}

 private:
  std::string socket_;
  const Configuration& configuration_;
};

}  // namespace

std::unique_ptr<Scanners> daemon_at(const std::string& socket, const Configuration& configuration,
                                    std::string& why_not) {
  const auto client = control::ControlClient::connect(socket);
  if (client) return std::make_unique<DaemonScanners>(socket, configuration);
  why_not = client.error().what;
  return nullptr;
}

}  // namespace rastel::scan
