// Stream-K: a fixed number of workgroups share the steps of all tiles, whatever their order.
#include "AnyOrder.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "gmock/gmock.h"
#include <map>
#include <set>

using namespace codesign;
using namespace codesign::test;
using kernel::StreamKPiece;
using kernel::StreamKWork;

namespace {

GemmProblem problem(int64_t n, int64_t k) {
  return {.symbol = "gemm", .type = DataType::BF16, .n = n, .k = k};
}

GemmKernel among(int64_t workgroups, GemmKernel kernel) {
  kernel.streamWorkgroups = workgroups;
  return kernel;
}

GemmKernel direct(GemmKernel kernel, int64_t stages) {
  kernel.directCopies = true;
  kernel.stages = stages;
  return kernel;
}

/// Five tiles of eight steps among four workgroups: 40 steps in units of two are 20 units, five for each.
TEST(StreamKWork, runsOfFiveTilesAmongFour) {
  const StreamKWork work(/*tiles=*/5, /*workgroups=*/4, /*steps=*/8, /*least=*/2);
  EXPECT_EQ(work.wholeTiles(), 0);
  const int64_t expected[][4] = {// position, tile, first step, steps
                                 {0, 0, 0, 8}, {0, 1, 0, 2}, {1, 1, 2, 6}, {1, 2, 0, 4},
                                 {2, 2, 4, 4}, {2, 3, 0, 6}, {3, 3, 6, 2}, {3, 4, 0, 8}};
  for (int64_t i = 0; i < 8; ++i) {
    ASSERT_EQ(work.pieceCount(expected[i][0]), 2);
    const StreamKPiece piece = work.piece(expected[i][0], i % 2);
    EXPECT_EQ(piece.tile, expected[i][1]) << i;
    EXPECT_EQ(piece.first, expected[i][2]) << i;
    EXPECT_EQ(piece.count, expected[i][3]) << i;
    EXPECT_EQ(piece.parts, i == 0 || i == 7 ? 1 : 2) << i;
    EXPECT_EQ(piece.opener, i == 0 ? 0 : (i - 1) / 2) << i;
    EXPECT_EQ(piece.part, i == 7 ? 0 : i > 0 && i % 2 == 0) << i;
  }
  // Thirteen: two rounds whole, the five last ones cut the same way.
  const StreamKWork more(13, 4, 8, 2);
  EXPECT_EQ(more.wholeTiles(), 2);
  EXPECT_EQ(more.pieceCount(1), 4);
  EXPECT_EQ(more.piece(1, 1).tile, 5);
  EXPECT_EQ(more.piece(1, 2).tile, 9);
  EXPECT_EQ(more.piece(1, 2).first, 2);
  // Twelve come out even.
  EXPECT_EQ(StreamKWork(12, 4, 8, 2).pieceCount(3), 3);
}

/// Every step of every tile is in one piece; pieces are long enough, runs even, places used once.
TEST(StreamKWork, everyStepOnce) {
  for (int64_t workgroups : {1, 2, 5, 8, 304})
    for (int64_t tiles : {0, 1, 3, 7, 8, 9, 15, 16, 17, 305, 700})
      for (int64_t steps : {2, 3, 5, 16, 65})
        for (int64_t least : {2, 4}) {
          if (least > steps)
            continue;
          SCOPED_TRACE(testing::Message()
                       << tiles << " tiles of " << steps << " steps of " << least << " among " << workgroups);
          const StreamKWork work(tiles, workgroups, steps, least);
          std::map<int64_t, std::vector<StreamKPiece>> byTile;
          std::set<int64_t> places;
          int64_t mostUnits = 0, fewestUnits = INT64_MAX;
          const int64_t units = steps / least;
          for (int64_t position = 0; position < workgroups; ++position) {
            int64_t cutUnits = 0, before = 0;
            for (int64_t round = 0; round < work.pieceCount(position); ++round) {
              const StreamKPiece piece = work.piece(position, round);
              ASSERT_GE(piece.count, least);
              EXPECT_EQ(piece.before, before);
              before += piece.count;
              EXPECT_EQ(piece.opener + piece.part, position);
              byTile[piece.tile].push_back(piece);
              if (piece.parts > 1) {
                EXPECT_TRUE(places.insert(StreamKWork::placeOf(position, piece.part)).second);
              }
              if (round >= work.wholeTiles())
                cutUnits += llvm::divideCeil((piece.first + piece.count) * units, steps) -
                            llvm::divideCeil(piece.first * units, steps);
            }
            mostUnits = std::max(mostUnits, cutUnits);
            fewestUnits = std::min(fewestUnits, cutUnits);
          }
          EXPECT_LE(mostUnits - fewestUnits, 1);
          if (tiles >= workgroups) {
            EXPECT_LE(mostUnits, 2 * units);
          }
          ASSERT_EQ(int64_t(byTile.size()), tiles);
          for (auto &[tile, pieces] : byTile) {
            int64_t next = 0;
            for (size_t part = 0; part < pieces.size(); ++part) {
              EXPECT_EQ(pieces[part].part, int64_t(part));
              EXPECT_EQ(pieces[part].parts, int64_t(pieces.size()));
              EXPECT_EQ(pieces[part].first, next);
              next += pieces[part].count;
            }
            EXPECT_EQ(next, steps);
          }
          if (!places.empty()) {
            EXPECT_LT(*places.rbegin(), workgroups * StreamKWork::placesPerWorkgroup);
          }
        }
}

/// No tile, fewer than workgroups, as many (four), one more (six on five), three rounds and a rest; the last
/// tile of k whole, or 8 short.
TEST(StreamK, raggedRowsColumnsAndDepth) {
  for (const GemmKernel &kernel :
       {gfx942Kernel(), gfx950Kernel(), direct(gfx942Kernel(), 3), sm80Kernel(), wgmmaKernel()})
    for (int64_t workgroups : {4, 5})
      for (int64_t m : {0, 1, 7, 127, 128, 129, 300})
        EXPECT_EQ(runGemm(problem(m < 200 ? 72 : 136, kernel.tileK * 5 - (workgroups == 5 ? 8 : 0)),
                          among(workgroups, kernel), m),
                  "")
            << toString(kernel.architecture).str() << ", " << workgroups << " workgroups, m = " << m;
}

/// One tile of many steps: every workgroup has a part of it, or none.
TEST(StreamK, moreWorkgroupsThanUnits) {
  EXPECT_EQ(runGemm(problem(64, 32 * 9), among(16, gfx942Kernel()), 64), "");
  EXPECT_EQ(runGemm(problem(64, 32 * 2), among(3, gfx942Kernel()), 1), "");
  GemmKernel oneSlot = gfx942Kernel();
  oneSlot.stages = 1;
  EXPECT_EQ(runGemm(problem(72, 32 * 7), among(5, oneSlot), 130), "");
}

TEST(StreamK, everyStepOfTheEpilogueComesAfterTheSum) {
  for (const GemmKernel &kernel : {gfx942Kernel(), gfx950Kernel()}) {
    GemmProblem all = problem(140, kernel.tileK * 4);
    all.activation = kernel::Activation::Silu;
    all.gated = all.bias = all.residual = true;
    EXPECT_EQ(runGemm(all, among(4, kernel), 150), "");
    GemmProblem squares = problem(140, kernel.tileK * 4);
    squares.residual = squares.rowSquares = true;
    EXPECT_EQ(runGemm(squares, among(4, kernel), 150), "");
    GemmProblem rotated = problem(140, kernel.tileK * 4);
    rotated.bias = true;
    rotated.rotary = {.headColumns = 16, .columns = 64, .positions = 50};
    rotated.quantised = kernel::quantisedType(kernel.architecture);
    EXPECT_EQ(runGemm(rotated, among(4, kernel), 150), "");
  }
}

TEST(StreamK, scalesOfTokensAndOfBlocks) {
  for (Scaling scaling : {Scaling::PerTensor, Scaling::PerToken, Scaling::Block128}) {
    const GemmKernel kernel = scaling == Scaling::Block128 ? blockScaledKernel() : float8Kernel();
    GemmProblem scaled = problem(140, kernel.tileK * 6 - 48);
    scaled.type = DataType::F8E4M3FNUZ;
    scaled.scaling = scaling;
    EXPECT_EQ(runGemm(scaled, among(4, kernel), 75), "") << toString(scaling).str();
  }
}

/// Persistent warpgroups: steps are added in fp32, panels are stored by the copy engine or from registers.
TEST(StreamK, persistentWorkgroups) {
  for (Scaling scaling : {Scaling::PerToken, Scaling::Block128}) {
    GemmProblem scaled = problem(140, 128 * 6 - 48);
    scaled.type = DataType::F8E4M3;
    scaled.scaling = scaling;
    EXPECT_EQ(runGemm(scaled, among(4, float8WgmmaKernel()), 300), "") << toString(scaling).str();
  }
  GemmProblem all = problem(144, 64 * 5);
  all.activation = kernel::Activation::Silu;
  all.gated = all.bias = all.residual = true;
  EXPECT_EQ(runGemm(all, among(5, wgmmaKernel()), 300), "");
  auto alone = [](kernel::FuncOp function) {
    function.walk([](kernel::SumPiecesOp sum) { sum.getResult().replaceAllUsesWith(sum.getFragment()); });
  };
  EXPECT_THAT(runGemm(problem(144, 64 * 5), among(5, wgmmaKernel()), 300, alone),
              testing::HasSubstr("instead of"));
}

TEST(StreamK, shuffledWeights) {
  GemmKernel kernel = gfx942Kernel();
  kernel.tileK = 64;
  GemmProblem shuffled = problem(80, 64 * 5 - 32);
  shuffled.shuffledWeights = true;
  EXPECT_EQ(runGemm(shuffled, among(4, kernel), 150), "");
}

TEST(StreamK, theResultDoesNotDependOnTheOrder) {
  for (int64_t workgroups : {3, 7})
    expectSameBitsInAnyOrder(problem(136, 32 * 8), among(workgroups, gfx942Kernel()), 70);
}

/// A lost step of k, a piece that begins too early, a missing barrier and sums that nobody adds are seen.
TEST(StreamK, mixUpsFail) {
  const GemmProblem shape = problem(136, 32 * 9); // an odd number ends in the slot that the next piece fills
  const GemmKernel kernel = among(4, gfx942Kernel());
  auto droppedStep = [](kernel::FuncOp function) {
    kernel::MmaOp last;
    function.walk([&](kernel::StreamKPieceOp piece) {
      for (auto product : piece->getBlock()->getOps<kernel::MmaOp>())
        last = product;
    });
    last.getResult().replaceAllUsesWith(last.getAccumulator());
  };
  auto fromTheBeginning = [](kernel::FuncOp function) {
    function.walk([](kernel::StreamKPieceOp piece) {
      mlir::OpBuilder builder(piece);
      mlir::Value zero = mlir::arith::ConstantIndexOp::create(builder, piece.getLoc(), 0);
      piece.getFirst().replaceAllUsesWith(zero);
    });
  };
  auto alone = [](kernel::FuncOp function) {
    function.walk([](kernel::SumPiecesOp sum) { sum.getResult().replaceAllUsesWith(sum.getFragment()); });
  };
  for (auto tamper : {+droppedStep, +fromTheBeginning, +alone})
    EXPECT_THAT(runGemm(shape, kernel, 130, tamper), testing::HasSubstr("instead of"));
  auto withoutBarrier = [](kernel::FuncOp function) {
    function.walk([](kernel::BarrierOp barrier) {
      auto reason = barrier->getAttrOfType<mlir::StringAttr>("kernel.comment");
      if (reason && reason.getValue().contains("piece before"))
        barrier.erase();
    });
  };
  EXPECT_NE(runGemm(shape, kernel, 130, withoutBarrier), "");
  EXPECT_NE(runGemm(shape, among(4, direct(gfx942Kernel(), 3)), 130, withoutBarrier), "");

  mlir::MLIRContext context;
  auto module = llvm::cantFail(lowerGemm(context, shape, kernel));
  auto function = *module->getOps<kernel::FuncOp>().begin();
  std::mt19937 engine(std::random_device{}());
  GemmOperands operands(shape, 130, 1, engine);
  operands.makeWorkspace(function, 130);
  operands.arrivals.set(1, 0, 1);
  const std::string wrong = llvm::toString(interpret(function, operands.allArguments(shape, 130)));
  EXPECT_NE(wrong.find("last to arrive in some waves only"), std::string::npos) << wrong;
  operands.arrivals = Matrix(DataType::I32, 1, 1);
  const std::string small = llvm::toString(interpret(function, operands.allArguments(shape, 130)));
  EXPECT_NE(small.find("too small a workspace"), std::string::npos) << small;
}

TEST(StreamK, whatIsNotCutIsRefused) {
  mlir::MLIRContext context;
  auto refusal = [&](const GemmProblem &shape, const GemmKernel &kernel) {
    auto module = lowerGemm(context, shape, kernel);
    return module ? std::string("accepted") : llvm::toString(module.takeError());
  };
  GemmKernel both = among(4, gfx942Kernel());
  both.splitK = 2;
  EXPECT_EQ(refusal(problem(64, 256), both), "error: Stream-K and split k exclude each other");
  EXPECT_EQ(refusal(problem(64, 256), among(4, streamingKernel())),
            "error: Stream-K is not for streamed weights or clusters, whose workgroups go together");
  EXPECT_EQ(refusal(problem(64, 32), among(4, gfx942Kernel())),
            "error: k = 32 has one tile: Stream-K cuts two or more");
  EXPECT_EQ(refusal(problem(128, 256), among(4, pingPong(gfx942Kernel()))),
            "error: ping-pong loops are not cut in pieces: Stream-K goes with waves in step");
  GemmProblem experts = problem(64, 128);
  experts.experts = 2;
  EXPECT_EQ(refusal(experts, among(4, gfx942Kernel())),
            "error: Stream-K is for k-contiguous operands without experts, whose tiles the device counts");
}

} // namespace
