/** What the limits of both sides make of each other in a run: a race for idle connections, caps that nobody keeps, phases that nothing bounds. */
import { type LimitValues, valuesOf } from '../limits/limit-profile.ts'
import { findLimitProfile } from '../limits/profiles.ts'
import type { Finding } from '../model/finding.ts'
import type { IdleReset, LedgerPage, LedgerSocket, OpenRequest, RequestPhase } from '../model/ledger-page.ts'
import { commonPath, composeFinding, groupBy, lineKey, placeOf, plural } from './compose.ts'
import type { Material } from './material.ts'

/** Timers of both sides are late by as much (undici's tick is 0.5 s): a connection that idled so long had idled long enough. */
const TIMER_SLACK_MS = 500

export function limitFindings(material: Material): readonly Finding[] {
  const races = raceFindings(material)
  return [...races, ...unenforcedFindings(material), ...missingFindings(material)]
}

/** When the server closes an idle connection, as far as anybody has said: itself, or its hint. */
function serverIdleMs(material: Material, hintMs: number | null): number | null {
  const told = material.peers.flatMap((peer) => peer.idleTimeoutMs ?? [])
  const known = [...told, ...(hintMs === null ? [] : [hintMs])]
  return known.length === 0 ? null : Math.min(...known)
}

/** Two thirds of the server's time: the client is first, and its clock may be late. */
const safeIdleMs = (serverMs: number): number => Math.round((serverMs * 2) / 3)

/**
 * A reset is a race's when the connection had idled for as long as the server lets it: then the client kept it longer. A reset after a shorter time has another cause.
 * Without a reset it is said only where somebody asks for limits to be judged: most services never meet it, and every default AWS client has it.
 */
function raceFindings(material: Material): readonly Finding[] {
  const { page, cwd } = material
  const resets = (page?.resets ?? []).flatMap((reset) => {
    const serverMs = serverIdleMs(material, reset.serverHintMs)
    return serverMs !== null && reset.idleForMs >= serverMs - TIMER_SLACK_MS ? [{ ...reset, serverMs }] : []
  })
  const seen = groupBy(resets, (reset) => `${lineKey(reset.openedAt)} ${reset.origin}`).map((group) => {
    const [first] = group
    const paths = commonPath([...new Set(group.map(({ path }) => path))])
    return composeFinding({
      code: 'IDLE_RACE',
      count: group.length,
      origin: first.origin,
      request: { method: first.method, path: paths, status: null },
      openedAt: placeOf(first.openedAt, cwd),
      summary: `${plural(group.length, 'request')} died on ${group.length === 1 ? 'a connection' : 'connections'} the server had closed: it lets one idle for ${first.serverMs} ms, the client for longer`,
      evidence: [
        ...saidOf(group),
        { ledger: 'requests', says: 'the connection had idled, ms, at least', value: Math.min(...group.map(({ idleForMs }) => idleForMs)) },
        { ledger: 'peer', says: 'the server closes an idle connection after, ms', value: first.serverMs },
      ],
      advice: raceAdvice(first.client === 'node:http' ? 'node:http' : 'undici', first.serverMs),
    })
  })
  return seen.length > 0 || !material.options.judgeLimits ? seen : lurkingRaces(material)
}

const saidOf = (group: readonly IdleReset[]) =>
  groupBy(group, ({ says }) => says).map((same) => ({ ledger: 'requests' as const, says: same[0].says, value: same.length }))

/** Idle connections that the client keeps for longer than the server does. */
function lurkingRaces(material: Material): readonly Finding[] {
  const racing = idleSockets(pageOf(material)).flatMap((socket) => {
    const serverMs = serverIdleMs(material, socket.serverHintMs)
    const { idleTimeoutMs } = socket
    return serverMs !== null && idleTimeoutMs !== null && idleTimeoutMs >= serverMs ? [{ ...socket, idleTimeoutMs, serverMs }] : []
  })
  return groupBy(racing, (socket) => `${lineKey(socket.openedAt)} ${socket.origin}`).map((group) => {
    const [first] = group
    const clientSays = Number.isFinite(first.idleTimeoutMs) ? `${first.idleTimeoutMs} ms` : 'without end'
    return composeFinding({
      code: 'IDLE_RACE',
      count: group.length,
      origin: first.origin,
      request: null,
      openedAt: placeOf(first.openedAt, material.cwd),
      summary: `the client lets a connection idle ${clientSays}, the server for ${first.serverMs} ms: a request that meets its end is reset`,
      evidence: [
        {
          ledger: 'pools',
          says: "client's idle timeout in force, ms",
          value: Number.isFinite(first.idleTimeoutMs) ? first.idleTimeoutMs : 'none',
        },
        { ledger: 'peer', says: 'the server closes an idle connection after, ms', value: first.serverMs },
        { ledger: 'requests', says: 'resets seen so far', value: 0 },
      ],
      advice: raceAdvice(first.owner === 'undici' ? 'undici' : 'node:http', first.serverMs),
    })
  })
}

function raceAdvice(client: 'undici' | 'node:http', serverMs: number): string {
  const safe = safeIdleMs(serverMs)
  const how =
    client === 'undici'
      ? `keepAliveTimeout: ${safe}, keepAliveMaxTimeout: ${safe}`
      : `new http.Agent({ keepAlive: true, timeout: ${safe} })`
  return `let the client be first: two thirds of the server's time, ${how}; or raise the server's idle timeout above the client's`
}

const pageOf = ({ workPage, page }: Material): LedgerPage | null => workPage ?? page

const isPooled = ({ role, owner }: LedgerSocket): boolean => role === 'outbound' && (owner === 'undici' || owner === 'node:http')
const idleSockets = (page: LedgerPage | null): readonly LedgerSocket[] =>
  page?.sockets.filter((socket) => isPooled(socket) && socket.isIdle) ?? []

/** The knobs that are counts, what is counted for each, and whether each host has its own. */
const CAPS = [
  { knob: 'maxIdlePerHost', noun: 'idle connection', isPerHost: true, isIdleOnly: true },
  { knob: 'maxIdleTotal', noun: 'idle connection', isPerHost: false, isIdleOnly: true },
  { knob: 'maxPerHost', noun: 'connection', isPerHost: true, isIdleOnly: false },
  { knob: 'maxTotal', noun: 'connection', isPerHost: false, isIdleOnly: false },
] as const

function unenforcedFindings(material: Material): readonly Finding[] {
  const { limits } = material.options
  const profile = limits === null ? null : findLimitProfile(limits)
  const page = pageOf(material)
  if (profile === null || page === null || profile.role !== 'client') return []
  const values = valuesOf(profile)
  if (values.keepAlive === false) return reused(page, profile.name, material)
  const pooled = page.sockets.filter(isPooled)
  const broken = CAPS.flatMap((cap) => {
    const most = values[cap.knob] ?? Number.POSITIVE_INFINITY
    const counted = cap.isIdleOnly ? pooled.filter(({ isIdle }) => isIdle) : pooled
    const groups = cap.isPerHost ? groupBy(counted, ({ origin }) => origin ?? '') : groupBy(counted, () => '')
    return groups.filter((group) => group.length > most).map((group) => ({ cap, most, group }))
  })
  // Idle connections beyond their cap are connections beyond another, too: the first says it.
  const said = new Set<LedgerSocket>()
  return broken.flatMap(({ cap, most, group }) => {
    if (group.every((socket) => said.has(socket))) return []
    for (const socket of group) said.add(socket)
    return [beyondCap(cap, most, group, profile.name, material)]
  })
}

function beyondCap(
  { knob, noun, isPerHost }: (typeof CAPS)[number],
  most: number,
  group: readonly [LedgerSocket, ...LedgerSocket[]],
  profile: string,
  material: Material,
): Finding {
  const [first] = group
  const isUndici = first.owner === 'undici'
  return composeFinding({
    code: 'LIMIT_UNENFORCED',
    count: group.length,
    origin: isPerHost ? first.origin : null,
    request: null,
    openedAt: placeOf(first.openedAt, material.cwd),
    summary: `${plural(group.length, noun)} ${isPerHost ? 'to one host' : 'in all'} where ${profile} allows ${most}: this client does not keep that limit`,
    evidence: [
      { ledger: 'pools', says: `${noun}s when the work had ended`, value: group.length },
      { ledger: 'pools', says: `${knob} of ${profile}`, value: most },
    ],
    advice: capAdvice(knob, most, isUndici),
  })
}

function capAdvice(knob: keyof LimitValues, most: number, isUndici: boolean): string {
  if (isUndici) {
    const own = knob === 'maxPerHost' ? `connections: ${most} per origin, or ` : ''
    return `undici has no such option for ${knob}: ${own}cap it by its factory, cappedAgent(undici, ...) of watertight/limits; \`watertight limits for undici\` shows how`
  }
  const option = { maxIdlePerHost: 'maxFreeSockets', maxPerHost: 'maxSockets', maxTotal: 'maxTotalSockets' }[knob as string]
  return option === undefined
    ? `http.Agent has no cap on idle connections of all hosts together: bound what each may have (maxFreeSockets) or all connections (maxTotalSockets: ${most})`
    : `${option}: ${most} on the http.Agent (maxFreeSockets alone defaults to 256)`
}

/** Keep-alive was to be off, and connections were used again. */
function reused(page: LedgerPage, profile: string, { cwd }: Material): readonly Finding[] {
  const { sent, connectionsOpened } = page.counts
  const kept = idleSockets(page)
  if (kept.length === 0 && sent <= connectionsOpened) return []
  const [first] = kept
  return [
    composeFinding({
      code: 'LIMIT_UNENFORCED',
      count: Math.max(1, kept.length),
      origin: first?.origin ?? null,
      request: null,
      openedAt: placeOf(first?.openedAt ?? null, cwd),
      summary: `keep-alive is to be off by ${profile}, and ${plural(sent, 'request')} went over ${plural(connectionsOpened, 'connection')}: switching it off has no effect in this client`,
      evidence: [
        { ledger: 'requests', says: 'requests sent', value: sent },
        { ledger: 'pools', says: 'connections opened', value: connectionsOpened },
        { ledger: 'pools', says: 'kept idle', value: kept.length },
      ],
      advice:
        'hand the client an agent that keeps nothing: new http.Agent({ keepAlive: false }); its own switch goes to http.globalAgent, which keeps connections alive',
    }),
  ]
}

const PHASES: Readonly<Record<RequestPhase, { readonly waits: string; readonly advice: string }>> = {
  queued: {
    waits: 'for a connection of its pool',
    advice: 'a pool-wait timer (waitAtMost of watertight/limits), or an AbortSignal on each fetch',
  },
  sent: {
    waits: 'for the headers of its answer',
    advice: 'headersTimeout (undici), requestTimeout with throwOnRequestTimeout (AWS SDK), setTimeout on the request (node:http)',
  },
  answered: { waits: 'for its own body to be sent', advice: 'a socketTimeout, or an AbortSignal with a timeout' },
  headers: { waits: 'for the rest of its body', advice: 'bodyTimeout (undici), socketTimeout (AWS SDK), or an AbortSignal with a timeout' },
}

/** Only where limits are judged, and the work hung: then it is proved that no timeout came to its help. */
function missingFindings({ hung, options, page, cwd }: Material): readonly Finding[] {
  if (!options.judgeLimits || hung === null || page === null) return []
  const waiting = page.requests.filter(({ iteration }) => iteration >= 0)
  return groupBy(waiting, ({ phase, openedAt }: OpenRequest) => `${phase} ${lineKey(openedAt)}`).map((group) => {
    const [first] = group
    const { waits, advice } = PHASES[first.phase]
    return composeFinding({
      code: 'TIMEOUT_MISSING',
      severity: 'misconfiguration',
      count: group.length,
      origin: first.origin,
      request: null,
      openedAt: placeOf(first.openedAt, cwd),
      summary: `nothing bounded how long ${plural(group.length, 'request')} waited ${waits}`,
      evidence: [
        {
          ledger: 'requests',
          says: 'waited, ms, and no timeout fired',
          value: Math.round(page.atMs - Math.min(...group.map(({ createdAtMs }) => createdAtMs))),
        },
      ],
      advice: `bound it: ${advice}`,
    })
  })
}
