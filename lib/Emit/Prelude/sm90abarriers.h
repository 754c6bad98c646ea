
// Barriers in shared memory that count arrivals and bytes (mbarriers), for sm_90a.

namespace {

/// A ring of mbarriers: use t waits for phase t / Count of barrier t % Count, of which the hardware keeps the
/// parity.
template <int Count>
struct Mbarriers {
  unsigned first;

  __device__ explicit Mbarriers(const unsigned long long (&barriers)[Count])
      : first(sharedAddress(barriers)) {}

  __device__ unsigned at(int use) const { return first + use % Count * 8; }

  /// By one thread; a cluster barrier must follow.
  __device__ void initialise(int arrivals) const {
    if (threadId() != 0)
      return;
    for (int i = 0; i < Count; ++i)
      asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(at(i)), "r"(arrivals) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;\n"
                 "fence.proxy.async;" ::
                     : "memory");
  }
  __device__ void await(int use) const { awaitParity(at(use), use / Count & 1); }
  /// The phase before; the first round passes, because a new barrier counts as past an odd phase.
  __device__ void awaitPrevious(int use) const { awaitParity(at(use), (use / Count & 1) ^ 1); }
  /// Arrives, and makes the phase wait for so many bytes of copies.
  __device__ void expectBytes(int use, int bytes) const {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at(use)), "r"(bytes)
                 : "memory");
  }
  /// Every warp arrives once on the barrier of each workgroup of the cluster. Products that were waited for
  /// have read the slot, and nothing was written: a release of the cluster's scope would be a fence of all
  /// memory in each step.
  template <int ClusterSize>
  __device__ void arrive(int use) const {
    if (laneId() >= ClusterSize)
      return;
    if (ClusterSize == 1)
      asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(at(use)) : "memory");
    else
      asm volatile("{\n"
                   ".reg .b32 remote;\n"
                   "mapa.shared::cluster.u32 remote, %0, %1;\n"
                   "mbarrier.arrive.shared::cluster.b64 _, [remote];\n"
                   "}" ::"r"(at(use)),
                   "r"(laneId())
                   : "memory");
  }

  /// The same on this workgroup's, by warps whose lanes have all come here: what they wrote is before it.
  __device__ void arriveTogether(int use) const {
    asm volatile("bar.warp.sync 0xffffffff;" ::: "memory");
    arrive<1>(use);
  }

private:
  static __device__ void awaitParity(unsigned barrier, int parity) {
    asm volatile("{\n"
                 ".reg .pred done;\n"
                 "again:\n"
                 "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
                 "@!done bra again;\n"
                 "}" ::"r"(barrier),
                 "r"(parity)
                 : "memory");
  }
};

} // namespace
