#include "StreamKChoice.h"

#include "dialects/Kernel/Placement.h"
#include <map>

namespace codesign {

using kernel::StreamKPiece;
using kernel::StreamKWork;

StreamKChoice chooseStreamK(const PackagedStreamK &streamK, int64_t tiles, double work,
                            std::mt19937_64 &engine) {
  const StreamKWork dealt(tiles, streamK.workgroups, streamK.steps, streamK.least);
  std::map<int64_t, StreamKPiece> cut; // by first workgroup
  std::set<int64_t> busy;              // positions
  for (int64_t position = 0; position < streamK.workgroups; ++position)
    for (int64_t round = 0; round < dealt.pieceCount(position); ++round) {
      const StreamKPiece piece = dealt.piece(position, round);
      busy.insert(position);
      if (piece.parts > 1)
        cut.emplace(piece.opener, piece);
    }
  std::set<int64_t> chosen;
  double steps = 0;
  auto choose = [&](int64_t position) {
    if (!chosen.insert(position).second)
      return;
    for (int64_t round = 0; round < dealt.pieceCount(position); ++round)
      steps += double(dealt.piece(position, round).count);
  };
  auto chooseAround = [&](size_t place) {
    if (cut.empty())
      return choose(*std::next(busy.begin(), int64_t(place)));
    const StreamKPiece &piece = std::next(cut.begin(), int64_t(place))->second;
    for (int64_t part = 0; part < piece.parts; ++part)
      choose(piece.opener + part);
  };
  const size_t places = cut.empty() ? busy.size() : cut.size();
  if (places > 0) {
    chooseAround(0);
    chooseAround(places - 1);
  }
  while (chosen.size() < busy.size() && steps < work * double(streamK.steps)) {
    const size_t before = chosen.size();
    chooseAround(engine() % places);
    if (chosen.size() == before) // where little is left
      for (int64_t position : busy)
        if (!chosen.contains(position)) {
          choose(position);
          break;
        }
  }
  StreamKChoice choice;
  for (int64_t id = 0; id < streamK.workgroups; ++id)
    if (chosen.contains(kernel::dealtTile(id, streamK.workgroups, streamK.chiplets, streamK.run)))
      choice.workgroups.insert(uint64_t(id));
  for (int64_t position : chosen)
    for (int64_t round = 0; round < dealt.pieceCount(position); ++round) {
      const StreamKPiece piece = dealt.piece(position, round);
      bool all = true;
      for (int64_t part = 0; part < piece.parts; ++part)
        all &= chosen.contains(piece.opener + part);
      if (!all)
        choice.unfinished.insert(piece.opener);
      else if (piece.part == 0)
        ++choice.tiles;
    }
  // One that has no work, and ends at once.
  if (choice.workgroups.empty())
    choice.workgroups.insert(0);
  return choice;
}

} // namespace codesign
