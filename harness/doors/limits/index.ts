/** `watertight/limits`: the limit profiles, and what is wrong with limits before anything has run. */
import { composeFinding } from '../../diagnosis/compose.ts'
import { keeping, targetOf } from '../../limits/keep.ts'
import { lintLimits } from '../../limits/lint.ts'
import type { LimitFault, LimitSide } from '../../limits/lint-side.ts'
import { type LiveServer, liveSide } from '../../limits/live-side.ts'
import { LIMIT_TARGETS } from '../../limits/map-onto.ts'
import { findLimitProfile, type LimitProfileName, nearestProfileName } from '../../limits/profiles.ts'
import { type LimitOptions, limitSide } from '../../limits/read-options.ts'
import { HarnessError } from '../../model/errors.ts'
import { type Finding, SEVERITIES } from '../../model/finding.ts'
import { insistOnChain } from './checked-arguments.ts'

export type { LimitProfile, LimitValues, Sourced } from '../../limits/limit-profile.ts'
export { type KnobFate, LIMIT_TARGETS, type LimitTarget, type MappedLimits, mapLimits } from '../../limits/map-onto.ts'
export { type LimitProfileName, limitProfile, listLimitProfiles } from '../../limits/profiles.ts'
export type { LimitOptions } from '../../limits/read-options.ts'
export type { Finding } from '../../model/finding.ts'
export { type Bounds, boundedAgent } from './bounded-agent.ts'
export { type Caps, cappedAgent } from './capped-agent.ts'
export { DialTimeoutError, PoolWaitError } from './pool-wait-error.ts'

/** A profile as it comes, or with some of its options set otherwise, in the client's or server's own spelling. */
export type LimitSideGiven =
  | LimitProfileName
  | {
      readonly profile: LimitProfileName
      readonly options?: LimitOptions
      /** What this client is to keep: knobs it has no option for are LIMIT_UNENFORCED. */
      readonly keep?: LimitProfileName
    }

/** From the client to the server. A proxy is a server to whoever asks it, and a client of what stands behind it. */
export interface LimitChainGiven {
  readonly client?: LimitSideGiven
  readonly proxy?: LimitSideGiven
  readonly proxyClient?: LimitSideGiven
  readonly server?: LimitSideGiven
  /** What a running server was heard to say; it counts for more than the profile. */
  readonly live?: LiveServer
}

/**
 * What is wrong with the limits of a client, a server and what is between them: most severe first, empty when all is well.
 * @throws {HarnessError} INVALID_OPTION with every mistake in the fields, names, options and values.
 */
export function checkLimits(given: LimitChainGiven): readonly Finding[] {
  insistOnChain(given)
  const client = readSide('client', given.client)
  const front = readSide('proxy', given.proxy)
  const back = readSide('proxyClient', given.proxyClient)
  const server = readSide('server', given.server)
  const mistakes = [client, front, back, server].flatMap((side) => side.mistakes)
  if (mistakes.length > 0)
    throw new HarnessError(
      'INVALID_OPTION',
      mistakes.join('\n  '),
      'nothing was checked; docs/guides/limits.md says how sides and options are given',
    )
  const live = given.live === undefined ? { side: server.side, faults: [] } : liveSide(given.live, server.side)
  const faults = lintLimits({ client: client.side, proxy: { front: front.side, back: back.side }, server: live.side })
  return findingsOf([...live.faults, ...faults, ...client.faults])
}

const findingsOf = (faults: readonly LimitFault[]): readonly Finding[] =>
  faults.map(findingOf).toSorted((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity))

/** In a run a missing timeout is a note; whoever asks about limits wants to hear of it. */
function findingOf({ code, where, summary, evidence, advice }: LimitFault): Finding {
  return composeFinding({
    code,
    ...(code === 'TIMEOUT_MISSING' ? { severity: 'misconfiguration' } : {}),
    count: 1,
    origin: null,
    request: null,
    openedAt: null,
    summary: `${where}: ${summary}`,
    evidence,
    advice,
  })
}

const ROLES = { client: 'client', proxy: 'server', proxyClient: 'client', server: 'server' } as const
type Place = keyof typeof ROLES

interface ReadSide {
  readonly side: LimitSide | null
  readonly mistakes: readonly string[]
  /** What the profile it is to keep asks of it in vain. */
  readonly faults: readonly LimitFault[]
}

/** One side by its profile's name; every mistake says what would be right. */
function readSide(place: Place, given: LimitSideGiven | undefined): ReadSide {
  if (given === undefined) return { side: null, mistakes: [], faults: [] }
  const { profile: name, options = {}, keep } = typeof given === 'string' ? { profile: given } : given
  const profile = findLimitProfile(name)
  if (profile === null)
    return wrong(`${place}: there is no limit profile ${JSON.stringify(name)}: did you mean ${nearestProfileName(name)}?`)
  if (profile.role !== ROLES[place])
    return wrong(`${place}: ${name} is the profile of a ${profile.role}, and a ${ROLES[place]} stands here`)
  const reading = limitSide(profile, options)
  if (reading.type === 'mistakes') return { side: null, mistakes: reading.mistakes.map((mistake) => `${place}: ${mistake}`), faults: [] }
  if (keep === undefined) return { side: reading.side, mistakes: [], faults: [] }
  const asked = findLimitProfile(keep)
  if (asked === null) return wrong(`${place}: there is no limit profile ${JSON.stringify(keep)}: did you mean ${nearestProfileName(keep)}?`)
  const target = targetOf(profile)
  if (target === null) return wrong(`${place}: what ${name} can keep is not known: it is known of ${LIMIT_TARGETS.join(', ')}`)
  if (asked.role !== profile.role) return wrong(`${place}: ${keep} is the profile of a ${asked.role}, and a ${profile.role} cannot keep it`)
  return { mistakes: [], ...keeping(reading.side, asked, target) }
}

const wrong = (mistake: string): ReadSide => ({ side: null, mistakes: [mistake], faults: [] })
