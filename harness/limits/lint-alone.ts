/** What one side's limits have against each other: a cap that cannot be met, a timeout that cannot fire, a phase that nothing bounds. */
import { optionFor } from './dialects.ts'
import type { Knob, LimitValues } from './limit-profile.ts'
import { type LimitFault, type LimitSide, shownMs, turnTo } from './lint-side.ts'

/** Longest that a client gives one phase of its own accord (undici: 300 s): a bound beyond it tells a hang from slowness for nobody. */
const HIDES_A_HANG_MS = 300_000

export const lintAlone = (side: LimitSide): readonly LimitFault[] =>
  side.role === 'server' ? serverFaults(side) : [...contradictions(side), ...ineffective(side), ...unenforced(side), ...missing(side)]

const nameOf = (side: LimitSide, knob: Knob): string => optionFor(side.dialect, knob)?.option ?? knob

/** The first cannot be reached within the second. */
const CAPS_WITHIN: readonly (readonly [Knob, Knob, string])[] = [
  ['maxIdlePerHost', 'maxPerHost', 'idle connections are among the open ones'],
  ['maxIdlePerHost', 'maxIdleTotal', 'one host cannot keep more than all hosts together'],
  ['maxPerHost', 'maxTotal', 'one host cannot have more than all hosts together'],
  ['maxIdleTotal', 'maxTotal', 'idle connections are among the open ones'],
]

const numberOf = (values: LimitValues, knob: Knob): number => {
  const value = values[knob]
  return typeof value === 'number' ? value : Number.POSITIVE_INFINITY
}

function contradictions(side: LimitSide): readonly LimitFault[] {
  const { values, turned, name } = side
  const caps = CAPS_WITHIN.flatMap(([inner, outer, because]): readonly LimitFault[] => {
    const [asked, most] = [numberOf(values, inner), numberOf(values, outer)]
    // A default that is wider than what was asked for is nobody's wish: Node's 256 idle beside 25 connections.
    if (!Number.isFinite(asked) || asked <= most || !turned.has(inner)) return []
    return [
      {
        code: 'LIMIT_CONTRADICTION',
        where: name,
        summary: `${nameOf(side, inner)} ${asked} cannot be reached with ${nameOf(side, outer)} ${most}: ${because}`,
        evidence: [inner, outer].map((knob) => ({ ledger: 'pools' as const, says: nameOf(side, knob), value: numberOf(values, knob) })),
        advice: `${nameOf(side, inner)}: ${most}, or raise ${nameOf(side, outer)} to ${asked}`,
      },
    ]
  })
  return [...caps, ...maxIdle(side), ...offAndKept(side)]
}

/** undici: keepAliveMaxTimeout bounds the hint only, and less than the default is a client whose hint shortens what nobody announced. */
function maxIdle(side: LimitSide): readonly LimitFault[] {
  const { values, turned, name } = side
  const [idleMs, maxIdleMs] = [numberOf(values, 'idleMs'), numberOf(values, 'maxIdleMs')]
  if (!turned.has('maxIdleMs') || !Number.isFinite(idleMs) || idleMs <= maxIdleMs) return []
  return [
    {
      code: 'LIMIT_CONTRADICTION',
      where: name,
      summary: `${nameOf(side, 'maxIdleMs')} ${maxIdleMs} is less than ${nameOf(side, 'idleMs')} ${idleMs}: it bounds what a server's hint makes of it, and without a hint ${shownMs(idleMs)} is in force`,
      evidence: (['idleMs', 'maxIdleMs'] as const).map((knob) => ({
        ledger: 'pools',
        says: `${nameOf(side, knob)}, ms`,
        value: numberOf(values, knob),
      })),
      advice: `set both to the same: ${turnTo(side, 'idleMs', maxIdleMs)}, ${turnTo(side, 'maxIdleMs', maxIdleMs)}`,
    },
  ]
}

function offAndKept(side: LimitSide): readonly LimitFault[] {
  const { values, turned, name } = side
  const kept = (['idleMs', 'maxIdlePerHost', 'maxIdleTotal'] as const).filter((knob) => turned.has(knob) && numberOf(values, knob) > 0)
  if (values.keepAlive !== false || !turned.has('keepAlive') || kept.length === 0) return []
  return [
    {
      code: 'LIMIT_CONTRADICTION',
      where: name,
      summary: `keep-alive is off, so ${kept.map((knob) => nameOf(side, knob)).join(' and ')} has nothing to bound`,
      evidence: kept.map((knob) => ({ ledger: 'pools', says: nameOf(side, knob), value: numberOf(values, knob) })),
      advice: 'leave keep-alive on, or leave the other out',
    },
  ]
}

/** Bounds of a phase; the whole request contains them all. */
const PHASES = [
  { knob: 'poolWaitMs', waits: 'for a connection of the pool' },
  { knob: 'dialMs', waits: 'for the connection' },
  { knob: 'tlsMs', waits: 'for the TLS handshake' },
  { knob: 'headersMs', waits: 'for the headers of an answer' },
  { knob: 'bodyMs', waits: 'for the rest of a body' },
] as const satisfies readonly { knob: Knob; waits: string }[]

function ineffective(side: LimitSide): readonly LimitFault[] {
  const { values, turned, name } = side
  const totalMs = numberOf(values, 'totalMs')
  const late = PHASES.flatMap(({ knob, waits }): readonly LimitFault[] => {
    const ms = numberOf(values, knob)
    if (!Number.isFinite(totalMs) || !Number.isFinite(ms) || ms < totalMs || !turned.has(knob)) return []
    return [
      {
        code: 'TIMEOUT_INEFFECTIVE',
        where: name,
        summary: `${nameOf(side, knob)} of ${shownMs(ms)} cannot fire: the whole request ends after ${shownMs(totalMs)}`,
        evidence: [
          { ledger: 'pools', says: `waits ${waits}, ms, at most`, value: ms },
          { ledger: 'pools', says: 'the whole request, ms, at most', value: totalMs },
        ],
        advice: `make it shorter than the whole: ${turnTo(side, knob, Math.round(totalMs / 3)) ?? `${Math.round(totalMs / 3)} ms`}`,
      },
    ]
  })
  const warns: readonly LimitFault[] =
    values.headersOnlyWarn === true && turned.has('headersMs') && Number.isFinite(numberOf(values, 'headersMs'))
      ? [
          {
            code: 'TIMEOUT_INEFFECTIVE',
            where: name,
            summary: `${nameOf(side, 'headersMs')} of ${shownMs(numberOf(values, 'headersMs'))} only writes a warning when it is up, and the request goes on waiting`,
            evidence: [{ ledger: 'pools', says: `${nameOf(side, 'headersMs')}, ms`, value: numberOf(values, 'headersMs') }],
            advice: `${nameOf(side, 'headersOnlyWarn')}: true beside it`,
          },
        ]
      : []
  return [...late, ...warns]
}

/** Knobs this very client takes and does nothing with. */
function unenforced(side: LimitSide): readonly LimitFault[] {
  const { values, turned, name, dialect } = side
  const fault = (summary: string, says: string, value: number | string, advice: string): LimitFault => ({
    code: 'LIMIT_UNENFORCED',
    where: name,
    summary,
    evidence: [{ ledger: 'pools', says, value }],
    advice,
  })
  const off = values.keepAlive === false && turned.has('keepAlive')
  if (dialect === 'azure' && off) {
    return [
      fault(
        'keepAliveOptions.enable: false has no effect: the SDK then goes through http.globalAgent, which keeps connections alive',
        'keepAliveOptions.enable',
        'false',
        'hand it an agent that keeps none: new http.Agent({ keepAlive: false })',
      ),
    ]
  }
  const { maxIdlePerHost } = values
  if ((dialect === 'go' || dialect === 'aistore') && maxIdlePerHost !== undefined && maxIdlePerHost < 0) {
    const option = nameOf(side, 'maxIdlePerHost')
    const summary = `${option} ${maxIdlePerHost} turns keep-alive off: no connection is ever idle, and each request pays a new one`
    return [
      {
        ...fault(summary, option, maxIdlePerHost, `${option}: 0 is its default; a small cap keeps a few: ${option}: 8`),
        code: 'CONNECTION_CHURN',
      },
    ]
  }
  const isAgent = dialect === 'node-http' || dialect === 'aws-sdk' || dialect === 'azure' || dialect === 'gcs'
  if (isAgent && maxIdlePerHost === 0 && turned.has('maxIdlePerHost')) {
    return [
      fault(
        'maxFreeSockets: 0 becomes 256: Node takes it for "not given"',
        'maxFreeSockets in force',
        256,
        'keepAlive: false keeps none; maxFreeSockets: 1 keeps one',
      ),
    ]
  }
  return []
}

/**
 * A phase is bounded by its own timeout, or by that of the whole request where that is short enough to tell a hang from slowness.
 * The AWS SDK's requestTimeout runs from the moment of the request: it covers what comes before the headers as well.
 */
function missing(side: LimitSide): readonly LimitFault[] {
  const { values, name } = side
  const totalMs = numberOf(values, 'totalMs')
  const isOpenEnded = totalMs > HIDES_A_HANG_MS
  const canQueue =
    values.atLimit !== 'refuses' && (Number.isFinite(numberOf(values, 'maxPerHost')) || Number.isFinite(numberOf(values, 'maxTotal')))
  const hasHeaders = numberOf(values, 'headersMs') <= HIDES_A_HANG_MS && values.headersOnlyWarn !== true
  const unbounded = PHASES.filter(({ knob }) => {
    const isCovered = side.dialect === 'aws-sdk' && hasHeaders && knob !== 'bodyMs'
    const isBounded = isCovered || (knob === 'headersMs' ? hasHeaders : numberOf(values, knob) <= HIDES_A_HANG_MS)
    return (
      isOpenEnded && !isBounded && (knob !== 'poolWaitMs' || canQueue) && (knob !== 'tlsMs' || Number.isFinite(numberOf(values, 'dialMs')))
    )
  })
  // One option may bound several phases: it must be long enough for each, and is one advice and not two (the AWS SDK's connectionTimeout).
  const suggestedMs = (knob: Knob): number => {
    const option = optionFor(side.dialect, knob)
    return Math.max(...unbounded.flatMap((phase) => (optionFor(side.dialect, phase.knob) === option ? SUGGESTED_MS[phase.knob] : [])))
  }
  const phases = unbounded.map(({ knob, waits }): LimitFault => {
    const turn = turnTo(side, knob, suggestedMs(knob))
    const summary = Number.isFinite(totalMs)
      ? `a request may wait ${waits} for ${shownMs(totalMs)}: only the bound on the whole request ends that, and until then a hang looks like slowness`
      : `a request may wait ${waits} for ever: nothing bounds it`
    return {
      code: 'TIMEOUT_MISSING',
      where: name,
      summary,
      evidence: [{ ledger: 'pools', says: `waits ${waits}, ms, at most`, value: Number.isFinite(totalMs) ? totalMs : 'none' }],
      advice: turn ?? `this client has no option for that: ${isGo(side) ? WITHOUT_OPTION_GO : WITHOUT_OPTION[knob]}`,
    }
  })
  return [...phases, ...endlessPool(side)]
}

/** Long enough for the slowest honest case, short enough to notice. */
const SUGGESTED_MS = { poolWaitMs: 10_000, dialMs: 5_000, tlsMs: 5_000, headersMs: 30_000, bodyMs: 30_000 } as const

const isGo = ({ dialect }: LimitSide): boolean => dialect === 'go' || dialect === 'aistore' || dialect === 'fasthttp'
const WITHOUT_OPTION_GO = 'a context with a deadline for each request (context.WithTimeout), or a shorter http.Client.Timeout'

const WITHOUT_OPTION = {
  poolWaitMs: 'give each request an AbortSignal',
  dialMs: 'give each request an AbortSignal',
  tlsMs: 'give each request an AbortSignal',
  headersMs: "request.setTimeout(30_000, () => request.destroy(new Error('no answer')))",
  bodyMs: 'an AbortSignal with a timeout for each request: AbortSignal.timeout(60_000)',
} as const

function endlessPool(side: LimitSide): readonly LimitFault[] {
  const { values, name } = side
  const isUnlimited = !Number.isFinite(numberOf(values, 'maxPerHost')) && !Number.isFinite(numberOf(values, 'maxTotal'))
  if (values.keepAlive === false || !isUnlimited || Number.isFinite(numberOf(values, 'idleMs'))) return []
  return [
    {
      code: 'TIMEOUT_MISSING',
      where: name,
      summary: 'the pool is unlimited and has no idle timeout: what one burst opens stays open',
      evidence: [
        { ledger: 'pools', says: 'connections per host, at most', value: 'no limit' },
        { ledger: 'pools', says: 'idle timeout', value: 'none' },
      ],
      advice: [turnTo(side, 'idleMs', 4_000), turnTo(side, 'maxPerHost', 25)].filter((each) => each !== null).join(' and '),
    },
  ]
}

function serverFaults(side: LimitSide): readonly LimitFault[] {
  const { values, turned, name } = side
  const everyMs = values.checkEveryMs ?? 0
  const late = (['readHeadersMs', 'requestMs'] as const).flatMap((knob): readonly LimitFault[] => {
    const ms = numberOf(values, knob)
    if (!Number.isFinite(ms) || ms >= everyMs || !(turned.has(knob) || turned.has('checkEveryMs'))) return []
    return [
      {
        code: 'TIMEOUT_INEFFECTIVE',
        where: name,
        summary: `${nameOf(side, knob)} of ${shownMs(ms)} is looked at every ${shownMs(everyMs)} only: it fires up to ${shownMs(everyMs)} late`,
        evidence: [
          { ledger: 'peer', says: `${nameOf(side, knob)}, ms`, value: ms },
          { ledger: 'peer', says: `${nameOf(side, 'checkEveryMs')}, ms`, value: everyMs },
        ],
        advice: `${nameOf(side, 'checkEveryMs')}: ${Math.max(1, Math.round(ms / 2))}, where the server is made`,
      },
    ]
  })
  const open = (['readHeadersMs', 'idleMs'] as const).filter((knob) => turned.has(knob) && !Number.isFinite(numberOf(values, knob)))
  return [
    ...late,
    ...open.map(
      (knob): LimitFault => ({
        code: 'TIMEOUT_MISSING',
        where: name,
        summary: knob === 'idleMs' ? 'the server never closes an idle connection' : 'a client may take for ever to send its headers',
        evidence: [{ ledger: 'peer', says: nameOf(side, knob), value: 'none' }],
        advice: turnTo(side, knob, knob === 'idleMs' ? 5_000 : 60_000) ?? 'set one',
      }),
    ),
  ]
}
