// Compiled with the flags of its host instruction set, see lib/Simulate/CMakeLists.txt.
#define CODESIGN_LANE_TABLE baselineLaneTable
#define CODESIGN_LANE_NAME "baseline"
#include "LaneTableBody.h"
