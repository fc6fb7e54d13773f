/** Watching work in this process: the core of findLeaks, and of a guard, whose work somebody else runs. */

import { isMainThread } from 'node:worker_threads'
import { wayOf } from '../diagnosis/residue.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Census } from '../model/census.ts'
import type { Diagnosis } from '../model/diagnosis.ts'
import type { LedgerSocket } from '../model/ledger-page.ts'
import type { ResolvedOptions } from '../model/options.ts'
import { watchThisProcess } from '../subjects/this-process.ts'
import { playPlot } from './plot.ts'
import { realClock } from './real-clock.ts'

/** Whose concern it is what a watch leaves open: the one's around it ('ours'), or nobody's any more ('theirs': answered for, or excused). */
export type Leftovers = 'ours' | 'theirs'

interface WatchSettings {
  /** Others work in this process, before, beside and around it: only what descends from the work is judged. Needs level `full`. */
  readonly isStrict: boolean
  /** Others judge within it, and leave it what they leave open. Two calls side by side answer each for its own. */
  readonly isGuard: boolean
  /** What the guards around it are told, when it is over. */
  leftovers(): Leftovers
}

interface Open {
  readonly ledger: Ledger
  /** Inodes of connections that others have answered for. */
  readonly excused: Set<string>
  readonly isStrict: boolean
  readonly isGuard: boolean
}

/** The watches of this process that are open now, outermost first. */
const open = new Set<Open>()
/** Some work was dropped, and may go on behind our back. */
let hasGivenUp = false

/** The whole plot around `work`, which gets the ledger and is to run in its context (`inWork`) what shall be known as its own later on. */
export async function watchWork(
  work: (ledger: Ledger) => unknown,
  options: ResolvedOptions,
  settings: Partial<WatchSettings> = {},
): Promise<Diagnosis> {
  const { isStrict = false, isGuard = false, leftovers = () => 'ours' as const } = settings
  const leave = [...open].filter((around) => !(around.isStrict && isStrict)).map(nestIn)
  try {
    await using subject = watchThisProcess((ledger) => work(ledger), options, isStrict)
    const own: Open = { ledger: subject.ledger, excused: new Set(), isStrict, isGuard }
    open.add(own)
    try {
      const seen = { ...subject, census: async (detail?: 'with handles') => ownPart(await subject.census(detail), own) }
      const stage = { clock: realClock, cwd: process.cwd(), isBusyAround: isStrict || !isMainThread }
      return (await playPlot(seen, options, stage)).diagnosis
    } finally {
      open.delete(own)
    }
  } finally {
    for (const each of leave) each(leftovers())
  }
}

function nestIn({ ledger, excused, isGuard }: Open): (leftovers: Leftovers) => void {
  const leave = ledger.nest()
  return (leftovers) => {
    for (const inode of leave(isGuard ? leftovers : 'theirs')) excused.add(inode)
  }
}

/**
 * The kernel does not say whose a connection is, the ledger does: asked where others are at work, in this thread or beside it, or where what
 * was given up may be.
 */
function ownPart(census: Census, { ledger, excused, isStrict }: Open): Census {
  const { sockets } = census
  if (sockets === null || (isMainThread && !isStrict && !hasGivenUp && excused.size === 0)) return census
  const known = ledger.page().sockets
  const own = inodesOf(known.filter(({ iteration }) => iteration !== STRANGER || !(isStrict || hasGivenUp)))
  const others = inodesOf(known.filter(({ iteration }) => iteration === STRANGER))
  const isTheirs = (inode: string): boolean =>
    excused.has(inode) || (isStrict || !isMainThread ? !own.has(inode) : hasGivenUp && others.has(inode))
  // Where this process holds both ends, the accepted one goes with the one that was opened.
  const openedByThem = sockets.filter(({ inode, role }) => role !== 'inbound' && isTheirs(inode))
  const farEnds = new Set(openedByThem.map(({ local, remote }) => wayOf(remote, local)))
  return {
    ...census,
    sockets: sockets.filter(({ inode, local, remote }) => !isTheirs(inode) && !farEnds.has(wayOf(local, remote))),
    // Of files that stand in no book nobody can tell whose they are.
    files: isStrict || !isMainThread ? null : census.files,
  }
}

/** The iteration of what is not the work's (ledger-page.ts). */
const STRANGER = -1

const inodesOf = (sockets: readonly LedgerSocket[]): ReadonlySet<string> => new Set(sockets.flatMap(({ inode }) => inode ?? []))

/** A watch around work that somebody else runs. */
export interface Watch {
  /** Runs the work, or a part of it: what it leads to is known as its own, however late. */
  run<T>(work: () => T): T
  /** The work has ended: quiesce, recount, diagnose. */
  close(): Promise<Diagnosis>
  /** The work has ended and is not to be judged; what it left open is excused, and what it goes on doing is nobody's. */
  drop(): Promise<void>
}

/** Opens a watch; it has its baseline when the promise resolves. */
export async function openWatch(options: ResolvedOptions, isStrict = false): Promise<Watch> {
  const dropped = new AbortController()
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  let begun: (ledger: Ledger) => void = () => {}
  const hasBegun = new Promise<Ledger>((resolve) => {
    begun = resolve
  })
  const work = (ledger: Ledger): Promise<void> => {
    // Even where nothing is run in it: what begins after the end is then known to be somebody else's, our own looks among it.
    ledger.inWork(() => begun(ledger))
    return ended
  }
  const judged = watchWork(
    work,
    { ...options, workTimeoutMs: Number.POSITIVE_INFINITY, signal: dropped.signal },
    { isStrict, isGuard: true, leftovers: () => (dropped.signal.aborted ? 'theirs' : 'ours') },
  )
  // What fails before the work has begun is told at once, what fails later by close().
  const ledger = await Promise.race([hasBegun, judged.then(() => hasBegun)])
  judged.catch(() => {})
  return {
    run: (part) => ledger.inWork(part),
    close() {
      end()
      return judged
    },
    async drop() {
      dropped.abort()
      ledger.disown()
      hasGivenUp = true
      end()
      await judged
    },
  }
}
