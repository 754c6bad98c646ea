// Compiled with the flags of its host instruction set, see lib/Simulate/CMakeLists.txt.
#define CODESIGN_LANE_TABLE avx2LaneTable
#define CODESIGN_LANE_NAME "AVX2"
#include "LaneTableBody.h"
