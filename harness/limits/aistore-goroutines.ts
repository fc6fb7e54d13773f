/**
 * What connections cost a node of AIStore in goroutines, and when it says so: cmn/load/npa.go and cmn/cos/node_state.go of NVIDIA/aistore 583e7729
 * (5.0, 2026-08-21). The alert the document names, AISNumGoroutinesHigh, exists nowhere; these do.
 */

/** net/http's client reads and writes a connection in a goroutine each, idle or not; its server has one (measured on MinIO: exactly 1.00). */
const PER_CLIENT_CONNECTION = 2
const PER_SERVER_CONNECTION = 1

/** 1 << 9 and 1 << 10 for each CPU (GOMAXPROCS). */
const WARN_PER_CPU = 512
const HIGH_PER_CPU = 1_024

/** cos.NodeStateFlags: the node is up when the first two are set. */
const CLUSTER_STARTED = 2 ** 1
const NODE_STARTED = 2 ** 2
const NUM_GOROUTINES = 2 ** 14
const HIGH_NUM_GOROUTINES = 2 ** 15

/** As `ais show cluster` prints it. */
export type GoroutineAlert = 'ok' | 'number-of-goroutines' | 'high-number-of-goroutines'

/** Goroutines of these connections alone: a node at rest has some more. */
export function goroutinesOf(clientConnections: number, serverConnections: number): number {
  return clientConnections * PER_CLIENT_CONNECTION + serverConnections * PER_SERVER_CONNECTION
}

export function goroutineAlert(goroutines: number, cpus: number): GoroutineAlert {
  if (goroutines >= cpus * HIGH_PER_CPU) return 'high-number-of-goroutines'
  return goroutines >= cpus * WARN_PER_CPU ? 'number-of-goroutines' : 'ok'
}

/** The value of `ais_target_state_flags`, of which the alert rules read bits 14 (warning) and 15 (critical). */
export function stateFlagsOf(alert: GoroutineAlert): number {
  const up = CLUSTER_STARTED + NODE_STARTED
  switch (alert) {
    case 'ok':
      return up
    case 'number-of-goroutines':
      return up + NUM_GOROUTINES
    case 'high-number-of-goroutines':
      return up + HIGH_NUM_GOROUTINES
  }
}
