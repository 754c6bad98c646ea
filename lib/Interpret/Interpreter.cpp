#include "Interpreter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>
#include <cstring>

using namespace mlir;
using llvm::Error;

namespace codesign {

using namespace kernel;

Interpreter::Interpreter(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t workgroup,
                         int64_t waves, int64_t part)
    : Interpreter(function, arguments, workgroup, waves, part,
                  std::make_shared<SharedContents>(function.getSharedBytes())) {}

Interpreter::Interpreter(FuncOp function, llvm::ArrayRef<KernelArgument> arguments, int64_t workgroup,
                         int64_t waves, int64_t part, std::shared_ptr<SharedContents> memory)
    : function(function), architecture(*parseArchitecture(function.getTarget().getArchitecture().getValue())),
      workgroup(workgroup), part(part), waves(waves), threads(function.getThreadCount()),
      sharedMemory(std::move(memory)), shared(*sharedMemory) {
  for (auto [argument, given] : llvm::zip_equal(function.getBody().getArguments(), arguments)) {
    Value &value = values[argument];
    if (auto *matrix = std::get_if<Matrix *>(&given)) {
      value.tile.matrix = *matrix;
      value.tile.rowLimit = (*matrix)->rows;
      auto type = dyn_cast<TileType>(argument.getType());
      value.tile.shuffled = type && type.isShuffled();
    } else {
      value.index.assign(waves, std::get<int64_t>(given));
    }
  }
}

Error Interpreter::run() {
  return runBlock(function.getBody().front());
}

Error Interpreter::runBlock(Block &block) {
  for (Operation &op : block) {
    if (Error error = runOperation(&op))
      return error;
    if (ended || skips)
      break;
  }
  return Error::success();
}

Error Interpreter::fail(Operation *op, const llvm::Twine &reason) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  op->print(stream, OpPrintingFlags().skipRegions());
  return llvm::createStringError(function.getSymName() + ", workgroup " + llvm::Twine(workgroup) + ": " +
                                 reason + ", at " + text);
}

Error Interpreter::at(Operation *op, Error error) {
  return error ? fail(op, llvm::toString(std::move(error))) : Error::success();
}

Error Interpreter::runOperation(Operation *op) {
  auto arithmetic = [&](auto compute) {
    Index result(waves);
    for (int64_t wave = 0; wave < waves; ++wave)
      result[wave] = compute(values[op->getOperand(0)].index[wave], values[op->getOperand(1)].index[wave]);
    values[op->getResult(0)].index = result;
    return Error::success();
  };
  return llvm::TypeSwitch<Operation *, Error>(op)
      .Case<arith::ConstantIndexOp>([&](auto constant) {
        values[constant.getResult()].index.assign(waves, constant.value());
        return Error::success();
      })
      .Case<ConstantOp>([&](ConstantOp constant) {
        values[constant.getResult()].index.assign(waves, constant.getValue());
        return Error::success();
      })
      .Case<arith::AddIOp>([&](auto) { return arithmetic(std::plus<int64_t>()); })
      .Case<arith::SubIOp>([&](auto) { return arithmetic(std::minus<int64_t>()); })
      .Case<arith::MulIOp>([&](auto) { return arithmetic(std::multiplies<int64_t>()); })
      .Case<arith::DivUIOp>([&](auto) { return arithmetic(std::divides<int64_t>()); })
      .Case<arith::RemUIOp>([&](auto) { return arithmetic(std::modulus<int64_t>()); })
      .Case<AllocOp>([&](AllocOp alloc) {
        values[alloc.getResult()].tile.firstByte = sharedTop;
        sharedTop += alloc.getType().getSizeInBytes();
        return Error::success();
      })
      .Case<CommitCopiesOp>([&](auto) {
        SharedContents::commit(copies);
        return Error::success();
      })
      .Case<WaitCopiesOp>([&](WaitCopiesOp wait) { return at(op, shared.wait(copies, wait.getPending())); })
      .Case<BarrierOp>([&](auto) {
        shared.barrier();
        return Error::success();
      })
      .Case<WaveBarrierOp>([&](auto) {
        shared.meetInWaves();
        return Error::success();
      })
      .Case<ReturnOp, SchedulingFenceOp, InterleaveOp, PriorityOp, scf::YieldOp>(
          [](auto) { return Error::success(); })
      .Case<TileOrderOp, ExpertTileOp, GatherRowsOp, WaveTileOp, RowsOp, SlotOp, FetchOp, DepositOp,
            CopyAsyncOp, LoadFragmentOp, ZeroOp, MmaOp, MmaPartOp, LocateScalesOp, FetchScalesOp,
            CombineScalesOp, MmaScaledOp, AddBiasOp, ScaleColumnsOp, ScaleRowsOp, ActivationOp, GateOp,
            AddMatrixOp, StoreOp, WaveIndexOp, FetchFragmentOp, DepositSumsOp, CollectSumsOp, PartOp,
            SumPartsOp, scf::ForOp>([&](auto known) { return run(known); })
      .Case<CopyWaveRowsOp, QuantiseOp, RotateOp, RowSquaresOp, FetchAcrossOp, DepositTransposedOp,
            DepthTilesOp, StreamKOp, StreamKPieceOp, SumPiecesOp, SumListedRowsOp, ReuseOp, DepositMaximaOp,
            QuantiseBlocksOp>([&](auto known) { return run(known); })
      .Default([&](Operation *unknown) { return runOther(unknown); });
}

Error Interpreter::runOther(Operation *op) {
  return fail(op, "is not interpreted");
}

llvm::Expected<int64_t> Interpreter::uniform(Operation *op, mlir::Value value) {
  const Index &index = values[value].index;
  if (!llvm::all_equal(index))
    return fail(op, "an index that all waves share differs between them");
  return index.front();
}

Error Interpreter::run(TileOrderOp op) {
  llvm::Expected<int64_t> rows = uniform(op, op.getRows());
  if (!rows)
    return rows.takeError();
  int64_t tile = workgroup;
  if (op.getIndex()) {
    llvm::Expected<int64_t> index = uniform(op, op.getIndex());
    if (!index)
      return index.takeError();
    tile = *index;
  }
  auto [row, column] = op.getOrigin(tile, *rows);
  values[op.getRow()].index.assign(waves, row);
  values[op.getColumn()].index.assign(waves, column);
  return Error::success();
}

Error Interpreter::run(WaveTileOp op) {
  const int64_t across = function.getWaves()[1];
  Index row, column;
  for (int64_t wave = firstWave(); wave < firstWave() + waves; ++wave) {
    row.push_back(wave / across * op.getShape()[0]);
    column.push_back(wave % across * op.getShape()[1]);
  }
  values[op.getRow()].index = row;
  values[op.getColumn()].index = column;
  return Error::success();
}

Error Interpreter::cutRows(Operation *op, Tile tile, mlir::Value firstValue, mlir::Value extentValue,
                           const char *pastEnd) {
  llvm::Expected<int64_t> first = uniform(op, firstValue);
  if (!first)
    return first.takeError();
  llvm::Expected<int64_t> extent = uniform(op, extentValue);
  if (!extent)
    return extent.takeError();
  if (*extent > tile.rowLimit)
    return fail(op, pastEnd);
  if (tile.shuffled && (*first % shuffledRows || *extent % shuffledRows))
    return fail(op, "cuts through blocks of shuffled rows");
  tile.firstRow += *first;
  tile.rowLimit = std::min(*extent - *first, cast<TileType>(op->getResult(0).getType()).getRows());
  values[op->getResult(0)].tile = tile;
  return Error::success();
}

Error Interpreter::run(RowsOp op) {
  return cutRows(op, values[op.getMatrix()].tile, op.getFirst(), op.getExtent(), "extends past the matrix");
}

Error Interpreter::run(SlotOp op) {
  llvm::Expected<int64_t> index = uniform(op, op.getIndex());
  if (!index)
    return index.takeError();
  Tile tile = values[op.getRing()].tile;
  tile.firstByte += *index % op.getRing().getType().getSlots() * op.getType().getSizeInBytes();
  values[op.getResult()].tile = tile;
  return Error::success();
}

int64_t Interpreter::Tile::sourceOf(int64_t i) const {
  if (!list)
    return firstRow + i;
  const int64_t source = list->bitsAt(firstRow + i, 0);
  return source < listed ? source : -1;
}

void Interpreter::readChunk(const Tile &tile, int64_t row, int64_t column, uint8_t *to) const {
  std::memset(to, 0, chunkBytes);
  if (row >= tile.rowLimit || column >= tile.matrix->columns)
    return;
  const int64_t element = tile.matrix->elementBytes();
  const int64_t source = tile.sourceOf(row);
  if (source < 0)
    return;
  const int64_t byte = tile.shuffled
                           ? shuffledOffset(source, column * element, tile.matrix->columns * element)
                           : tile.matrix->byteOf(source, column);
  std::memcpy(to, &tile.matrix->bytes[byte], chunkBytes);
}

Error Interpreter::run(FetchOp op) {
  llvm::Expected<int64_t> column = uniform(op, op.getColumn());
  if (!column)
    return column.takeError();
  StagedType type = op.getType();
  const Tile tile = values[op.getRows()].tile;
  const int64_t length = chunkLength(type.getElementType()), rowChunks = type.getShape()[1] / length;
  Staged staged(type.getShape()[0] * rowChunks * chunkBytes);
  for (int64_t chunk = 0; chunk < type.getShape()[0] * rowChunks; ++chunk)
    readChunk(tile, static_cast<int64_t>(op.getRow()) + chunk / rowChunks,
              *column + chunk % rowChunks * length, &staged[chunk * chunkBytes]);
  values[op.getResult()].staged = std::move(staged);
  return Error::success();
}

Error Interpreter::run(DepositOp op) {
  StagedType type = op.getStaged().getType();
  const Staged &staged = values[op.getStaged()].staged;
  const Tile tile = values[op.getTile()].tile;
  const int64_t length = chunkLength(type.getElementType()), rowChunks = type.getShape()[1] / length;
  for (int64_t chunk = 0; chunk < type.getShape()[0] * rowChunks; ++chunk) {
    const int64_t byte = tile.firstByte + op.getTile().getType().getByteOffset(
                                              static_cast<int64_t>(op.getRow()) + chunk / rowChunks,
                                              chunk % rowChunks * length);
    const int wave = chunk % threads / function.getTarget().getWaveSize();
    if (!executes(wave))
      continue;
    if (Error error = shared.write(byte, &staged[chunk * chunkBytes], wave))
      return at(op, std::move(error));
  }
  return Error::success();
}

Error Interpreter::run(CopyAsyncOp op) {
  llvm::Expected<int64_t> column = uniform(op, op.getColumn());
  if (!column)
    return column.takeError();
  TileType type = op.getTile().getType();
  const Tile from = values[op.getRows()].tile, to = values[op.getTile()].tile;
  const int64_t length = chunkLength(type.getElementType()), rowChunks = type.getColumns() / length;
  for (int64_t chunk = 0; chunk < type.getRows() * rowChunks; ++chunk) {
    const int64_t row = chunk / rowChunks, tileColumn = chunk % rowChunks * length;
    const int64_t offset = type.getByteOffset(row, tileColumn);
    // Lanes that land side by side are told apart by where they do.
    const int64_t place = vendorOf(architecture) == Vendor::Amd ? offset / chunkBytes : chunk;
    const int wave = place % threads / function.getTarget().getWaveSize();
    if (!executes(wave))
      continue;
    uint8_t data[chunkBytes];
    readChunk(from, row, *column + tileColumn, data);
    if (Error error = shared.copyAsync(copies, to.firstByte + offset, data, wave))
      return at(op, std::move(error));
  }
  return Error::success();
}

Error Interpreter::run(LoadFragmentOp op) {
  FragmentType type = op.getType();
  TileType tileType = op.getTile().getType();
  const Tile tile = values[op.getTile()].tile;
  const DataType element = *dataTypeOf(type.getElementType());
  const int64_t elementBytes = bitWidth(element) / 8;
  const Index &row = values[op.getRow()].index, &column = values[op.getColumn()].index;
  Fragment fragment(waves * type.getShape()[0] * type.getShape()[1]);
  Error error = Error::success();
  int64_t loadedByte = -1;
  uint8_t chunk[chunkBytes];
  forEachElement(type, [&](int64_t wave, size_t slot, int64_t first, int64_t second) {
    if (error)
      return;
    int64_t tileRow = row[wave] + first, tileColumn = column[wave] + second;
    if (op.getAcross())
      std::swap(tileRow, tileColumn);
    if (tileRow >= tileType.getRows() || tileColumn >= tileType.getColumns()) {
      error = fail(op, "reads past the tile");
      return;
    }
    const int64_t byte = tile.firstByte + tileType.getByteOffset(tileRow, tileColumn);
    if (byte / chunkBytes * chunkBytes != loadedByte) {
      loadedByte = byte / chunkBytes * chunkBytes;
      error = at(op, shared.read(loadedByte, chunk, static_cast<int>(firstWave() + wave)));
    }
    uint32_t bits = 0;
    std::memcpy(&bits, chunk + byte % chunkBytes, elementBytes);
    fragment[slot] = decodeElement(element, bits);
  });
  if (error)
    return error;
  values[op.getResult()].fragment = std::move(fragment);
  return Error::success();
}

Error Interpreter::run(ZeroOp op) {
  values[op.getResult()].fragment.assign(waves * op.getType().getShape()[0] * op.getType().getShape()[1],
                                         0.0f);
  return Error::success();
}

Interpreter::Fragment Interpreter::takeFragment(mlir::Value value) {
  return value.hasOneUse() ? std::move(values[value].fragment) : values[value].fragment;
}

Error Interpreter::run(MmaOp op) {
  Fragment sums = takeFragment(op.getAccumulator());
  multiply(op.getA(), op.getB(), op.getAccumulator().getType(), sums);
  values[op.getResult()].fragment = std::move(sums);
  return Error::success();
}

Error Interpreter::run(MmaPartOp op) {
  Fragment sums = takeFragment(op.getAccumulator());
  multiply(op.getA(), op.getB(), op.getAccumulator().getType(), sums, {op.getAt()[0], op.getAt()[1]});
  values[op.getResult()].fragment = std::move(sums);
  return Error::success();
}

void Interpreter::multiply(mlir::Value aValue, mlir::Value bValue, FragmentType sumsType, Fragment &sums,
                           FragmentPosition at) {
  auto aType = cast<FragmentType>(aValue.getType()), bType = cast<FragmentType>(bValue.getType());
  const Operand aOperand(aType, architecture), bOperand(bType, architecture),
      cOperand(sumsType, architecture);
  const MatrixInstruction &record = aOperand.instruction();
  const int64_t lanes = record.lanes, pack = aType.getPack();
  const int64_t aElements = record.a.layout.elementsPerLane(), bElements = record.b.layout.elementsPerLane(),
                cElements = record.c.layout.elementsPerLane();
  const Fragment &a = values[aValue].fragment, &b = values[bValue].fragment;
  std::vector<float> left(record.m * record.k), right(record.n * record.k), product(record.m * record.n);
  // One operand of one instruction: element e of pack p of every lane, put where the instruction sees it.
  auto gather = [&](const float *group, int64_t p, const FragmentLayout &layout, int64_t perLane, bool isLeft,
                    std::vector<float> &matrix) {
    for (int64_t lane = 0; lane < lanes; ++lane)
      for (int64_t e = 0; e < perLane; ++e) {
        const MatrixPosition at = layout(lane, e);
        const int64_t row = isLeft ? at.row : at.column, depth = isLeft ? at.column : at.row;
        matrix[row * record.k + depth] = group[(lane * pack + p) * perLane + e];
      }
  };
  for (int64_t wave = 0; wave < waves; ++wave)
    for (int64_t i = 0; i < aOperand.countFirst(); ++i)
      for (int64_t k = 0; k < aOperand.countSecond(); ++k)
        for (int64_t p = 0; p < pack; ++p) {
          const int64_t aGroup = (wave * aOperand.countFirst() + i) * aOperand.countSecond() + k;
          gather(&a[aGroup * lanes * pack * aElements], p, record.a.layout, aElements, true, left);
          for (int64_t j = 0; j < bOperand.countFirst(); ++j) {
            const int64_t bGroup = (wave * bOperand.countFirst() + j) * bOperand.countSecond() + k;
            gather(&b[bGroup * lanes * pack * bElements], p, record.b.layout, bElements, false, right);
            for (int64_t row = 0; row < record.m; ++row)
              for (int64_t column = 0; column < record.n; ++column) {
                float sum = 0;
                for (int64_t depth = 0; depth < record.k; ++depth)
                  sum += left[row * record.k + depth] * right[column * record.k + depth];
                product[row * record.n + column] = sum;
              }
            const int64_t down = at.first / cOperand.stepFirst() + i,
                          across = at.second / cOperand.stepSecond() + j;
            const int64_t cGroup = (wave * cOperand.countFirst() + down) * cOperand.countSecond() + across;
            float *group = &sums[cGroup * lanes * cElements];
            for (int64_t lane = 0; lane < lanes; ++lane)
              for (int64_t e = 0; e < cElements; ++e) {
                const MatrixPosition place = record.c.layout(lane, e);
                group[lane * cElements + e] += product[place.row * record.n + place.column];
              }
          }
        }
}

Error Interpreter::run(scf::ForOp op) {
  llvm::Expected<int64_t> from = uniform(op, op.getLowerBound());
  if (!from)
    return from.takeError();
  llvm::Expected<int64_t> to = uniform(op, op.getUpperBound());
  if (!to)
    return to.takeError();
  llvm::Expected<int64_t> step = uniform(op, op.getStep());
  if (!step)
    return step.takeError();
  auto move = [&](auto &&fromValues, auto &&toValues) {
    std::vector<Value> moved;
    for (mlir::Value value : fromValues)
      moved.push_back(value.hasOneUse() ? std::move(values[value]) : values[value]);
    for (auto [target, value] : llvm::zip_equal(toValues, moved))
      values[target] = std::move(value);
  };
  move(op.getInitArgs(), op.getRegionIterArgs());
  for (int64_t i = *from; i < *to; i += *step) {
    values[op.getInductionVar()].index.assign(waves, i);
    if (Error error = runBlock(*op.getBody()))
      return error;
    skips = false;
    move(op.getYieldedValues(), op.getRegionIterArgs());
  }
  move(op.getRegionIterArgs(), op.getResults());
  return Error::success();
}

} // namespace codesign
