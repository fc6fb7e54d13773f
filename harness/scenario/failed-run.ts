import type { CensusCounts } from '../model/diagnosis.ts'
import type { HarnessError } from '../model/errors.ts'
import type { ScenarioRun } from '../model/run-record.ts'
import type { RunKey, Scenario } from '../model/scenario.ts'
import { IDLE_TIMEOUT_MS } from '../session/judge-program.ts'
import { variantOf } from './run.ts'

const UNSEEN: CensusCounts = { sockets: null, handles: null, descriptors: null, byState: {} }

/** A run that could not be made: its backend or its subject failed. Inconclusive, with what went wrong as its note; the other runs stand. */
export function failedRun(scenario: Scenario, key: RunKey, error: HarnessError): ScenarioRun {
  return {
    scenario: scenario.name,
    case: key.case,
    variant: key.variant,
    layer: scenario.layer,
    client: scenario.client,
    backend: key.backend,
    profile: scenario.limits,
    verdict: 'inconclusive',
    expected: variantOf(scenario, key).expects,
    asExpected: false,
    notes: [error.what],
    measured: [],
    findings: [],
    baseline: UNSEEN,
    peak: UNSEEN,
    recount: UNSEEN,
    deadlineMs: variantOf(scenario, key).idleTimeoutMs ?? scenario.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
    returnedToBaselineMs: null,
    blockedAtRequest: null,
    proof: null,
    requests: { sent: 0, ok: 0, failed: 0 },
    connectionsOpened: 0,
    latencyMs: null,
    timeline: {
      workStartedAtMs: null,
      workEndedAtMs: null,
      tMs: [],
      sockets: [],
      handles: [],
      descriptors: [],
      lifelines: [],
      lifelinesLeftOut: 0,
    },
    workError: null,
    durationMs: 0,
  }
}
