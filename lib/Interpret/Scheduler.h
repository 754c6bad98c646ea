// Agents that take turns: each runs alone until it has to wait for something the others do.
#pragma once

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/Error.h"
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace codesign {

class Scheduler {
public:
  /// Runs every body on a stack of its own, one at a time, in a fixed order. The first error ends all of
  /// them.
  llvm::Error run(const std::vector<std::function<llvm::Error()>> &bodies);

  /// From inside a body: lets the others run until `ready`. An error if nothing can ever make it so: the text
  /// says what every waiting agent waits for.
  llvm::Error wait(llvm::function_ref<bool()> ready, std::string what);

private:
  struct Agent {
    bool done = false;
    const llvm::function_ref<bool()> *ready = nullptr; // set while waiting
    std::string what;
  };

  /// The next agent that can go on, from the one after `from`; -1 if there is none.
  int nextAfter(int from) const;
  void handOver(std::unique_lock<std::mutex> &lock, int from);

  std::mutex mutex;
  std::condition_variable turnChanged;
  std::vector<Agent> agents;
  int turn = 0;
  bool stopped = false;
  std::string failure;
};

} // namespace codesign
