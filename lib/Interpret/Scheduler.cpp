#include "Scheduler.h"
#include <thread>

namespace codesign {

int Scheduler::nextAfter(int from) const {
  const int count = static_cast<int>(agents.size());
  for (int step = 1; step <= count; ++step) {
    const int candidate = (from + step) % count;
    const Agent &agent = agents[candidate];
    if (!agent.done && (!agent.ready || (*agent.ready)()))
      return candidate;
  }
  return -1;
}

void Scheduler::handOver(std::unique_lock<std::mutex> &, int from) {
  const int next = nextAfter(from);
  if (next >= 0) {
    turn = next;
  } else if (!stopped) {
    stopped = true;
    std::string waiting;
    for (const Agent &agent : agents)
      if (!agent.done)
        waiting += (waiting.empty() ? "" : "; ") + agent.what;
    if (!waiting.empty())
      failure = "deadlock: " + waiting;
  }
  turnChanged.notify_all();
}

llvm::Error Scheduler::wait(llvm::function_ref<bool()> ready, std::string what) {
  if (ready())
    return llvm::Error::success();
  std::unique_lock<std::mutex> lock(mutex);
  const int self = turn;
  agents[self].ready = &ready;
  agents[self].what = std::move(what);
  handOver(lock, self);
  turnChanged.wait(lock, [&] { return stopped || turn == self; });
  agents[self].ready = nullptr;
  return stopped ? llvm::createStringError("stopped") : llvm::Error::success();
}

llvm::Error Scheduler::run(const std::vector<std::function<llvm::Error()>> &bodies) {
  agents.assign(bodies.size(), Agent());
  turn = 0;
  stopped = false;
  failure.clear();
  std::vector<std::thread> threads;
  for (int self = 0; self < static_cast<int>(bodies.size()); ++self)
    threads.emplace_back([&, self] {
      {
        std::unique_lock<std::mutex> lock(mutex);
        turnChanged.wait(lock, [&] { return stopped || turn == self; });
        if (stopped) {
          agents[self].done = true;
          return;
        }
      }
      llvm::Error error = bodies[self]();
      std::unique_lock<std::mutex> lock(mutex);
      agents[self].done = true;
      if (error && !stopped) {
        failure = llvm::toString(std::move(error));
        stopped = true;
      } else {
        llvm::consumeError(std::move(error));
      }
      handOver(lock, self);
    });
  for (std::thread &thread : threads)
    thread.join();
  return failure.empty() ? llvm::Error::success() : llvm::createStringError(failure);
}

} // namespace codesign
