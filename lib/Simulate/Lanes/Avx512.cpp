// Compiled with the flags of its host instruction set, see lib/Simulate/CMakeLists.txt.
#define CODESIGN_LANE_TABLE avx512LaneTable
#define CODESIGN_LANE_NAME "AVX-512"
#include "LaneTableBody.h"
