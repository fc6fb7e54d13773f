/** AIStore's own numbers that both its bounds and its profiles rest on: cmn/config.go and cmn/client.go of NVIDIA/aistore 583e7729 (5.0, 2026-08-21). */

/** cmn.DfltMaxIdleTimeout: also what an AIStore server grants an idle connection. The document's 20 s were an older version's. */
export const AISTORE_MAX_IDLE_MS = 30_000
/** cmn.DefaultIdleConnTimeout, which a 0 stands for. */
export const AISTORE_DEFAULT_IDLE_MS = 6_000
/** cmn.DefaultMaxIdleConnsPerHost, which a 0 stands for. */
export const AISTORE_DEFAULT_IDLE_PER_HOST = 32
