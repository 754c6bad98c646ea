#include "Machine.h"
#include "codesign/Support/Diagnostics.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>
#include <cstring>

namespace codesign::ptx {

Argument pointer(uint64_t address) {
  Argument argument;
  argument.bytes.resize(sizeof(address));
  std::memcpy(argument.bytes.data(), &address, sizeof(address));
  return argument;
}
Argument number(int32_t value) {
  Argument argument;
  argument.bytes.resize(sizeof(value));
  std::memcpy(argument.bytes.data(), &value, sizeof(value));
  return argument;
}
Argument tensorMap(const TensorMap &map) {
  constexpr size_t mapBytes = 128; // CUtensorMap
  return {std::vector<uint8_t>(mapBytes), map};
}

Machine::Machine(const Function &function, const Program &program, const Launch &launch,
                 simulate::DeviceMemory &memory, const RunOptions &options)
    : function(function), program(program), launch(launch), memory(memory), options(options),
      random(options.seed), eager(options.seed % 2 == 0), parameters(function.parameterBytes) {
  for (auto [argument, parameter] : llvm::zip(launch.arguments, function.parameters)) {
    std::memcpy(parameters.data() + parameter.offset, argument.bytes.data(), argument.bytes.size());
    if (argument.map)
      maps[parameter.offset] = *argument.map;
  }
}

bool Machine::fail(const Workgroup &workgroup, int thread, const Instruction &instruction,
                   const llvm::Twine &what) {
  return fail(llvm::formatv("workgroup {0},{1}, thread {2}, PTX line {3}, {4}: {5}", workgroup.x, workgroup.y,
                            thread, instruction.line, instruction.text, what.str())
                  .str());
}

uint64_t Machine::value(const Workgroup &workgroup, const Lane &lane, const Operand &operand) const {
  switch (operand.kind) {
  case OperandKind::Register:
    return lane.registers[operand.slot] + operand.number;
  case OperandKind::Number:
    return operand.number;
  case OperandKind::Special:
    switch (operand.special) {
    case Special::ThreadX:
      return static_cast<uint64_t>(lane.thread);
    case Special::ThreadCountX:
      return launch.threads;
    case Special::BlockX:
      return workgroup.x;
    case Special::BlockY:
      return workgroup.y;
    case Special::BlockCountX:
      return launch.gridX;
    case Special::ClusterRank:
      return static_cast<uint64_t>(workgroup.rank);
    case Special::LaneId:
      return static_cast<uint64_t>(lane.thread % warpSize);
    }
    return 0;
  default:
    return 0;
  }
}

bool Machine::runAll() {
  const uint64_t all = uint64_t(launch.gridX) * launch.gridY, first = options.firstWorkgroup;
  const uint64_t end = options.workgroupCount < all - first ? first + options.workgroupCount : all;
  for (uint64_t i = first; i < end; i += launch.clusterSize)
    if (!runCluster(static_cast<uint32_t>(i % launch.gridX), static_cast<uint32_t>(i / launch.gridX)))
      return false;
  return true;
}

void Machine::makeWorkgroup(Workgroup &workgroup) {
  constexpr uint8_t poison = 0xff; // NaN in every type
  workgroup.shared.assign(program.staticSharedBytes + launch.dynamicSharedBytes, poison);
  workgroup.registers.assign(static_cast<size_t>(launch.threads) * function.slots, 0);
  workgroup.warps.resize(launch.threads / warpSize);
  for (size_t i = 0; i < workgroup.warps.size(); ++i) {
    workgroup.warps[i].lanes.resize(warpSize);
    for (int j = 0; j < warpSize; ++j) {
      Lane &lane = workgroup.warps[i].lanes[j];
      lane.thread = static_cast<int>(i) * warpSize + j;
      lane.registers = workgroup.registers.data() + static_cast<size_t>(lane.thread) * function.slots;
      lane.local.assign(function.localBytes, poison);
    }
  }
}

bool Machine::runCluster(uint32_t firstX, uint32_t y) {
  cluster.assign(launch.clusterSize, {});
  clusterArrived = 0;
  clusterGeneration = 0;
  loads.clear();
  std::vector<std::pair<Workgroup *, Warp *>> warps;
  for (size_t rank = 0; rank < cluster.size(); ++rank) {
    cluster[rank].x = firstX + static_cast<uint32_t>(rank);
    cluster[rank].y = y;
    cluster[rank].rank = static_cast<int>(rank);
    makeWorkgroup(cluster[rank]);
    for (Warp &warp : cluster[rank].warps)
      warps.emplace_back(&cluster[rank], &warp);
  }
  while (!warps.empty()) {
    std::shuffle(warps.begin(), warps.end(), random);
    bool progress = false;
    for (auto [workgroup, warp] : warps) {
      if (!runWarp(*workgroup, *warp, progress))
        return false;
    }
    std::erase_if(warps, [](const auto &entry) {
      return llvm::all_of(entry.second->lanes,
                          [](const Lane &lane) { return lane.state == LaneState::Exited; });
    });
    if (progress || warps.empty())
      continue;
    // Nobody gets on without what is under way.
    if (loads.empty())
      return waitsForEver();
    const size_t which = random() % loads.size();
    TensorCopy copy = std::move(loads[which]);
    loads.erase(loads.begin() + static_cast<ptrdiff_t>(which));
    if (!finishLoad(copy))
      return false;
  }
  if (!loads.empty())
    return fail("a tensor load that nobody has waited for");
  for (Workgroup &workgroup : cluster)
    for (Warp &warp : workgroup.warps) {
      if (!warp.openReadings.empty())
        return fail("wgmma that no group was closed behind");
      for (const auto &group : warp.readingGroups)
        if (!checkReadings(workgroup, group))
          return false;
      for (Lane &lane : warp.lanes) {
        if (!lane.openStores.empty())
          return fail("a tensor store that no group was closed behind");
        if (!lane.openCopies.empty() ||
            llvm::any_of(lane.copyGroups, [](const auto &group) { return !group.empty(); }))
          return fail("copies that nobody has waited for");
        if (!finishStores(workgroup, lane, 0))
          return false;
      }
    }
  return true;
}

bool Machine::waitsForEver() {
  for (const Workgroup &workgroup : cluster)
    for (const Warp &warp : workgroup.warps)
      for (const Lane &lane : warp.lanes)
        if (lane.state != LaneState::Exited)
          return fail(workgroup, lane.thread, function.code[lane.next], "waits for ever");
  return fail("threads wait for ever");
}

bool Machine::runWarp(Workgroup &workgroup, Warp &warp, bool &progress) {
  while (true) {
    for (Lane &lane : warp.lanes)
      if (!runLane(workgroup, lane, progress))
        return false;
    // An instruction whose lanes are all there.
    bool executed = false;
    for (const Lane &first : warp.lanes) {
      if (first.state != LaneState::AtWarpInstruction)
        continue;
      const Instruction &instruction = function.code[first.next];
      uint32_t there = 0;
      for (int i = 0; i < warpSize; ++i)
        if (warp.lanes[i].state == LaneState::AtWarpInstruction && warp.lanes[i].next == first.next)
          there |= 1u << i;
      uint32_t named = ~0u;
      const bool hasMask = instruction.op == Op::WarpBarrier || instruction.op == Op::Shuffle ||
                           instruction.op == Op::Vote || instruction.op == Op::Elect;
      if (hasMask)
        named = static_cast<uint32_t>(value(workgroup, first, instruction.operands.back()));
      if ((there & named) != named) {
        for (int i = 0; i < warpSize; ++i)
          if ((named >> i & 1) && warp.lanes[i].state == LaneState::Exited)
            return fail(workgroup, warp.lanes[i].thread, instruction, "a lane that it names has ended");
        continue;
      }
      const int next = first.next + 1;
      if (!executeWarp(workgroup, warp, named, instruction))
        return false;
      for (int i = 0; i < warpSize; ++i)
        if (named >> i & 1) {
          warp.lanes[i].state = LaneState::Running;
          warp.lanes[i].next = next;
        }
      executed = progress = true;
      break;
    }
    if (!executed)
      return true;
  }
}

bool Machine::runLane(Workgroup &workgroup, Lane &lane, bool &progress) {
  if (lane.state == LaneState::Waiting) {
    if (!isReleased(workgroup, lane))
      return true;
    progress = true;
  }
  if (lane.state != LaneState::Running)
    return true;
  constexpr int stepsOfAWait = 8; // a test in memory that fails, and the way back to it
  int steps = 0;
  lane.gaveWay = false;
  bool hasMoved = false;
  while (lane.state == LaneState::Running && !lane.gaveWay) {
    if (lane.next >= static_cast<int>(function.code.size()))
      return fail("a thread runs past the end of the kernel");
    const Instruction &instruction = function.code[lane.next];
    ++report.instructions;
    ++steps;
    if (instruction.predicate >= 0 &&
        (lane.registers[instruction.predicate] & 1) == instruction.guardNegated) {
      ++lane.next;
      continue;
    }
    if (isOfWarp(instruction.op)) {
      lane.state = LaneState::AtWarpInstruction;
      break;
    }
    moved = false;
    if (!execute(workgroup, lane, instruction))
      return false;
    hasMoved |= moved;
    if (report.instructions > options.maxInstructions)
      return fail(workgroup, lane.thread, instruction,
                  "more than " + llvm::Twine(options.maxInstructions) + " instructions: an endless loop?");
  }
  progress |= hasMoved || steps > stepsOfAWait || lane.state != LaneState::Running;
  return true;
}

bool Machine::execute(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  switch (instruction.op) {
  case Op::Branch:
    lane.next = instruction.target;
    return true;
  case Op::Return:
    lane.state = LaneState::Exited;
    return true;
  case Op::Nothing:
    break;
  case Op::Barrier:
  case Op::BarrierReduce:
  case Op::ClusterArrive:
  case Op::ClusterWait:
    return arrive(workgroup, lane, instruction);
  case Op::Load:
  case Op::Store:
  case Op::Atom:
  case Op::Reduce:
    if (!executeMemory(workgroup, lane, instruction))
      return false;
    break;
  case Op::CopyAsync:
  case Op::CopyCommit:
  case Op::CopyWait:
  case Op::TensorLoad:
  case Op::TensorStore:
  case Op::BulkCommit:
  case Op::BulkWait:
  case Op::MbarrierInit:
  case Op::MbarrierArrive:
  case Op::MbarrierExpect:
  case Op::MbarrierTest:
    if (!executeAsync(workgroup, lane, instruction))
      return false;
    break;
  default:
    if (!executeScalar(workgroup, lane, instruction))
      return false;
  }
  ++lane.next;
  return true;
}

bool Machine::arrive(Workgroup &workgroup, Lane &lane, const Instruction &instruction) {
  if (instruction.op == Op::ClusterArrive) {
    lane.clusterGeneration = clusterGeneration;
    if (++clusterArrived == static_cast<int>(launch.threads * launch.clusterSize)) {
      clusterArrived = 0;
      ++clusterGeneration;
    }
    ++lane.next;
    return true;
  }
  if (instruction.op == Op::ClusterWait) {
    lane.barrier = -1;
    lane.state = LaneState::Waiting;
    return true;
  }
  // bar.sync id {, threads}; bar.red.or.pred p, id, threads, q
  const bool reduces = instruction.op == Op::BarrierReduce;
  const auto &operands = instruction.operands;
  const size_t first = reduces ? 1 : 0;
  if (reduces && operands.size() != 4)
    return fail(workgroup, lane.thread, instruction, "is executed with a number of threads");
  const int id = static_cast<int>(value(workgroup, lane, operands[first]));
  const uint64_t threads =
      operands.size() > first + 1 ? value(workgroup, lane, operands[first + 1]) : launch.threads;
  Barrier &barrier = workgroup.barriers[id];
  if (reduces)
    barrier.any |= (value(workgroup, lane, operands[3]) & 1) != operands[3].negated;
  lane.barrier = id;
  lane.generation = barrier.generation;
  lane.state = LaneState::Waiting;
  if (++barrier.arrived == static_cast<int>(threads)) {
    barrier.arrived = 0;
    barrier.lastAny = barrier.any;
    barrier.any = false;
    ++barrier.generation;
  }
  return true;
}

bool Machine::isReleased(Workgroup &workgroup, Lane &lane) {
  if (lane.barrier < 0) {
    if (lane.clusterGeneration == clusterGeneration)
      return false;
  } else {
    const Barrier &barrier = workgroup.barriers[lane.barrier];
    if (lane.generation == barrier.generation)
      return false;
    const Instruction &instruction = function.code[lane.next];
    if (instruction.op == Op::BarrierReduce)
      assign(lane, instruction.operands.front(), barrier.lastAny, {Kind::Predicate, 1});
  }
  ++lane.next;
  lane.state = LaneState::Running;
  return true;
}

llvm::Expected<RunReport> run(const Program &program, const Launch &launch, simulate::DeviceMemory &memory,
                              const RunOptions &options) {
  auto found = program.functions.find(launch.kernel);
  if (found == program.functions.end())
    return usageError("no kernel \"" + llvm::Twine(launch.kernel) + "\" in the PTX");
  const Function &function = found->second;
  if (launch.arguments.size() != function.parameters.size())
    return usageError(llvm::Twine(launch.arguments.size()) + " arguments, the kernel has " +
                      llvm::Twine(function.parameters.size()) + " parameters");
  for (auto [argument, parameter] : llvm::zip(launch.arguments, function.parameters))
    if (argument.bytes.size() != parameter.bytes)
      return usageError("an argument of " + llvm::Twine(argument.bytes.size()) +
                        " bytes for a parameter of " + llvm::Twine(parameter.bytes));
  if (launch.threads == 0 || launch.threads % warpSize || launch.clusterSize == 0 ||
      launch.gridX % launch.clusterSize || options.firstWorkgroup % launch.clusterSize ||
      options.firstWorkgroup > uint64_t(launch.gridX) * launch.gridY)
    return usageError("workgroups are whole warps, and clusters whole in the grid");
  Machine machine(function, program, launch, memory, options);
  if (!machine.runAll())
    return usageError(machine.failure);
  return machine.report;
}

} // namespace codesign::ptx
